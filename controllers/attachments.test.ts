import { describe, expect, it } from 'vitest'
import { Edges } from '../src/cache/edges.ts'
import { ACTIVE, add, testCache } from '../src/cache/testing.ts'
import { createView } from '../src/reconcile/view.ts'
import { blockStorage, nic } from './attachments.ts'
import { subnet } from './subnet.ts'

const THERE = { ...ACTIVE, externalId: 'i', conditions: [{ type: 'Synced', status: 'True', reason: 'InSync' }] }
const OUTCOME = { state: 'active', reason: 'Available', message: '', isSynced: true } as const

function rig() {
  const cache = testCache()
  return { cache, view: createView(cache, new Edges(cache).graph) }
}

describe('a volume', () => {
  const urn = (name: string) => ({ attachedTo: { resource: `seca.compute/v1/tenants/acme/workspaces/prod/instances/${name}` } })
  const NOT = { attachedTo: undefined }

  /** What the volume shows, when it showed `before` until now. */
  function volume() {
    const { cache, view } = rig()
    const attached = (before: object = {}) => blockStorage.derive!(add(cache, 'BlockStorage', 'w', 'disk', {}, before), view, OUTCOME)
    const instance = (name: string, disk: string, status: object | undefined, metadata: object = {}) =>
      add(cache, 'Instance', 'w', name, { bootVolume: { deviceRef: { resource: disk } } }, status, metadata)
    return { cache, attached, instance }
  }

  it('is attached to the first instance by name whose cloud object is as its spec says', () => {
    const { attached, instance } = volume()
    expect(attached()).toEqual(NOT)
    instance('a', 'disk', undefined)
    instance('b', 'disk', { ...THERE, conditions: [] })
    expect(attached()).toEqual(NOT)
    instance('d', 'disk', THERE)
    instance('c', 'disk', THERE)
    expect(attached()).toEqual(urn('c'))
  })

  it('is attached to what it was while that changes, whatever is wanted by now', () => {
    const { attached, instance } = volume()
    instance('vm', 'another', THERE, { generation: 2 })
    expect([attached(), attached(urn('vm'))]).toEqual([NOT, urn('vm')])
    instance('vm', 'another', { ...THERE, observedGeneration: 2 }, { generation: 2 })
    expect(attached(urn('vm'))).toEqual(NOT)
    // It comes to the next one when that is so.
    instance('next', 'disk', { ...THERE, observedGeneration: 1 }, { generation: 2 })
    expect(attached(urn('vm'))).toEqual(NOT)
    instance('next', 'disk', { ...THERE, observedGeneration: 2 }, { generation: 2 })
    expect(attached(urn('vm'))).toEqual(urn('next'))
  })

  it('is attached to one that is leaving until it is gone', () => {
    const { cache, attached, instance } = volume()
    const vm = instance('vm', 'disk', THERE, { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect([attached(), attached(urn('vm'))]).toEqual([NOT, urn('vm')])
    cache.store('Instance').remove({ ...vm, metadata: { ...vm.metadata, resourceVersion: '1000000' } })
    expect(attached(urn('vm'))).toEqual(NOT)
  })
})

describe('a NIC', () => {
  it('shows the public addresses that are usable, and while it changes those that were bound', () => {
    const { cache, view } = rig()
    const refs = [{ resource: 'public-ips/up' }, { resource: 'public-ips/coming' }, { resource: 'public-ips/none' }]
    const spec = { subnetRef: { resource: 'public-ips/up' }, publicIpRefs: refs }
    const shown = (status = {}, outcome = {}) => nic.derive!(add(cache, 'Nic', 'w', 'n', spec, status), view, { ...OUTCOME, ...outcome })
    expect(shown()).toEqual({ publicIpRefs: undefined })
    add(cache, 'PublicIp', 'w', 'coming', {}, { state: 'creating' })
    add(cache, 'PublicIp', 'w', 'up', {}, THERE)
    expect(shown()).toEqual({ publicIpRefs: [{ resource: 'public-ips/up' }] })
    const changing = { state: 'updating', isSynced: false }
    expect(shown({}, changing)).toEqual({ publicIpRefs: undefined })
    add(cache, 'PublicIp', 'w', 'old', {}, THERE)
    const before = { publicIpRefs: [{ resource: 'public-ips/old' }, { resource: 'public-ips/gone' }] }
    expect([shown(before, changing), shown(before)]).toEqual([
      { publicIpRefs: [{ resource: 'public-ips/old' }] },
      { publicIpRefs: [{ resource: 'public-ips/up' }] },
    ])
  })
})

describe('a subnet', () => {
  it('shows the route table in use, while it changes the one before', () => {
    const { cache, view } = rig()
    const [wanted, before] = [{ resource: 'new' }, { resource: 'old' }]
    const object = add(cache, 'Subnet', 'w', 'net.s', { network: 'net', routeTableRef: wanted }, { routeTableRef: before })
    expect(subnet.derive!(object, view, OUTCOME)).toEqual({ routeTableRef: wanted })
    for (const outcome of [{ isSynced: false }, { state: 'updating' }] as const)
      expect(subnet.derive!(object, view, { ...OUTCOME, ...outcome })).toEqual({ routeTableRef: before })
  })
})
