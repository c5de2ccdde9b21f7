import { describe, expect, it } from 'vitest'
import { SHARDS, SHARDS_LEASE } from '../../kinds/names.ts'
import { textOf } from '../../reconcile/shards/table.ts'
import { ago, brief, ward } from '../testing.ts'
import { shards } from './shards.ts'

const lease = (name: string, more: object, annotations = {}) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'seca-system', annotations },
  spec: more,
})
const member = (number: number, accounts: string[]) => ({ lease: `seca-controllers-member-${number}`, identity: `pod-${number}`, accounts })

/** Two replicas by a setting, and what the table gives them of accounts a, b and c; nothing where it is closed. */
function setUp(setting: string, given: readonly string[][], isOpen = true) {
  const one = ward()
  one.server.add({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'controllers', namespace: 'seca-system' },
    spec: {
      replicas: 2,
      template: { spec: { serviceAccountName: 'seca-controllers', containers: [{ name: 'x', args: [`--sharding=${setting}`] }] } },
    },
  } as never)
  for (const name of ['a', 'b', 'c'])
    one.server.add({ apiVersion: 'operator.secapi.cloud/v1alpha1', kind: 'CloudProvider', metadata: { name }, spec: {} } as never)
  const members = Object.fromEntries(given.map((accounts, number) => [`pod-${number}.1`, member(number, accounts)]))
  if (given.length > 0) {
    const table = textOf({ leader: isOpen ? 'pod-0' : '', era: 1, members, regions: {} })
    one.server.add(lease(SHARDS_LEASE, {}, { [SHARDS]: table }))
  }
  for (const { lease: name, identity } of Object.values(members))
    one.server.add(lease(name, { holderIdentity: identity, leaseDurationSeconds: 15, renewTime: ago(1_000) }))
  return one
}

describe('accounts', () => {
  it('that are shared have a replica each', async () => {
    expect(brief(await setUp('accounts', [['a', 'c'], ['b']]).run(shards))).toEqual(['ok: 2 replicas share 3 cloud accounts'])
  })

  it('that nobody has are named, and those of a replica that is gone', async () => {
    const one = setUp('accounts', [['a'], ['b']])
    one.server.update(lease('seca-controllers-member-1', { holderIdentity: 'pod-1', leaseDurationSeconds: 15, renewTime: ago(90_000) }))
    expect(brief(await one.run(shards))).toEqual([
      'fail: no replica works for c',
      'fail: pod-1 is gone, and works for b',
      'ok: 1 replicas share 3 cloud accounts',
    ])
  })

  it('are not shared before somebody gives them out', async () => {
    const line = 'fail: replicas are told to share the cloud accounts, and nobody has given any out'
    expect(brief(await setUp('accounts', []).run(shards))).toEqual([line])
    expect(brief(await setUp('accounts', [[], []], false).run(shards))).toEqual([line])
  })

  it('that nobody is to share are given to none', async () => {
    expect(brief(await setUp('none', []).run(shards))).toEqual(['ok: one process works for all cloud accounts'])
    expect(brief(await setUp('none', [['a'], []], false).run(shards))).toEqual(['warn: replicas share the accounts, and are told not to'])
  })
})
