import { describe, expect, test } from 'vitest'
import type { Desired } from '../../../src/provider/contract.ts'
import type { Nic } from '../../../src/kinds/index.ts'
import { bindings, groupsOf, paired } from './nic.ts'

test.each<[readonly string[], readonly string[], readonly (string | undefined)[]]>([
  [['0.0.0.0'], ['10.0.0.4'], ['10.0.0.4']],
  [
    ['0.0.0.0', '10.0.0.4'],
    ['10.0.0.4', '10.0.0.5'],
    ['10.0.0.5', '10.0.0.4'],
  ],
  [
    ['::', '0.0.0.0'],
    ['10.0.0.4', 'fd00::4'],
    ['fd00::4', '10.0.0.4'],
  ],
  [['0.0.0.0', '0.0.0.0'], ['10.0.0.4'], ['10.0.0.4', undefined]],
  [['10.0.0.9'], ['10.0.0.4'], [undefined]],
])('%j of %j', (wanted, has, found) => {
  expect(paired(wanted, has)).toEqual(found)
})

describe('groupsOf', () => {
  type D = Pick<Desired<typeof Nic>, 'spec' | 'targets' | 'holders'>
  const nic = (spec: object, targets: object, group?: object) =>
    groupsOf({
      spec,
      targets,
      holders: [{ path: { kind: 'Instance' }, field: 'primaryNicRef', targets: group === undefined ? {} : { securityGroupRef: group } }],
    } as unknown as D)
  const refs = { securityGroupRefs: [{ resource: 'security-groups/web' }] }

  test('its own, else that of the instance that uses it, else none at all', () => {
    expect(nic(refs, { 'securityGroupRefs[0]': { externalId: 'own' } }, { externalId: 'instances' })).toEqual(['own'])
    expect(nic({}, {}, { externalId: 'instances' })).toEqual(['instances'])
    expect(nic({}, {})).toEqual([])
    // Its own is gone: nothing gets through, not what the instance lets.
    expect(nic(refs, {}, { externalId: 'instances' })).toEqual([])
  })

  test('one that is being made is waited for', () => {
    expect(nic(refs, { 'securityGroupRefs[0]': {} })).toBeUndefined()
    expect(nic({}, {}, {})).toBeUndefined()
  })
})

test('floating IPs that others bound stay, unless they are wanted', () => {
  const port = { id: 'p', floating_ips: ['ours', 'old', 'theirs'], foreign_floating_ips: ['theirs'] }
  expect(bindings(port, ['ours', 'new'])).toEqual({ missing: ['new'], surplus: ['old'] })
  expect(bindings(port, ['ours', 'old', 'theirs'])).toEqual({ missing: [], surplus: [] })
})
