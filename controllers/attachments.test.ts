import { describe, expect, it } from 'vitest'
import { Edges } from '../src/cache/edges.ts'
import { ACTIVE, add, testCache } from '../src/cache/testing.ts'
import { createView } from '../src/reconcile/view.ts'
import { blockStorage, nic } from './attachments.ts'

const THERE = { ...ACTIVE, externalId: 'i' }
const OUTCOME = { state: 'active', reason: 'Available', message: '', isSynced: true } as const

function rig() {
  const cache = testCache()
  return { cache, view: createView(cache, new Edges(cache).graph) }
}

describe('a volume', () => {
  it('is attached to the first instance by name that is there and stays', () => {
    const { cache, view } = rig()
    const disk = add(cache, 'BlockStorage', 'w', 'disk', {})
    const attached = () => blockStorage.derive!(disk, view, OUTCOME)
    const instance = (name: string, status: object | undefined, metadata: object = {}) =>
      add(cache, 'Instance', 'w', name, { bootVolume: { deviceRef: { resource: 'disk' } } }, status, metadata)
    expect(attached()).toEqual({ attachedTo: undefined })
    instance('a', undefined)
    instance('b', THERE, { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect(attached()).toEqual({ attachedTo: undefined })
    instance('d', THERE)
    instance('c', THERE)
    expect(attached()).toEqual({ attachedTo: { resource: 'seca.compute/v1/tenants/acme/workspaces/prod/instances/c' } })
  })
})

describe('a NIC', () => {
  it('shows the public addresses that are usable', () => {
    const { cache, view } = rig()
    const refs = [{ resource: 'public-ips/up' }, { resource: 'public-ips/coming' }, { resource: 'public-ips/none' }]
    const object = add(cache, 'Nic', 'w', 'n', { subnetRef: { resource: 'public-ips/up' }, publicIpRefs: refs })
    const shown = () => nic.derive!(object, view, OUTCOME)
    expect(shown()).toEqual({ publicIpRefs: undefined })
    add(cache, 'PublicIp', 'w', 'coming', {}, { state: 'creating' })
    add(cache, 'PublicIp', 'w', 'up', {}, THERE)
    expect(shown()).toEqual({ publicIpRefs: [{ resource: 'public-ips/up' }] })
  })
})
