import { expect, test } from 'vitest'
import { type Capability, covers, readsOf, remedyOf } from './capability.ts'

const CAPABILITY: Capability = {
  object: 'own',
  updates: ['dataVolumes', 'bootVolume.deviceRef'],
  replaces: ['zone'],
  create: 'plain',
  lookup: 'tag',
  settleMs: 0,
  lane: 'none',
}

test('a path covers itself and what lies below it', () => {
  expect(['rules', 'rules[3]', 'rules[3].ports', 'rulesets', 'rule', 'spec.rules'].map((path) => covers('rules', path))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

test('what can be done about a difference', () => {
  const paths = ['dataVolumes[2].deviceRef', 'bootVolume', 'zone', 'tag', 'skuRef']
  expect(paths.map((path) => remedyOf(CAPABILITY, path))).toEqual(['update', 'none', 'replace', 'update', 'none'])
})

test('what adapters read of others is told apart by whose it is', () => {
  expect(readsOf([{ reads: ['subnetRef.routeTableRef', 'holders.subnetRef'] }, undefined, { reads: ['subnetRef.routeTableRef'] }])).toEqual(
    {
      targets: ['subnetRef.routeTableRef'],
      hasHolders: true,
      ofHolders: ['subnetRef'],
    },
  )
  expect(readsOf([{ reads: ['holders'] }])).toEqual({ targets: [], hasHolders: true, ofHolders: [] })
  expect(readsOf([{}])).toEqual({ targets: [], hasHolders: false, ofHolders: [] })
})
