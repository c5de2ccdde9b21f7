import { expect, test } from 'vitest'
import { CONTROLLERS } from '../../controllers/index.ts'
import { Edges } from '../cache/edges.ts'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'
import type { WorkQueue } from '../kube/queue.ts'
import { Waker } from './wake.ts'

/** A cache with the controllers' waker on it; `woken` answers what was queued since it was last asked. */
function listening() {
  const cache = testCache()
  const queued: string[] = []
  const lost: string[] = []
  const waker = new Waker({
    cache,
    edges: new Edges(cache),
    controllers: new Map(CONTROLLERS.map((controller) => [controller.kind.kind, controller])),
    queue: { add: (key: string) => queued.push(key) } as unknown as WorkQueue,
    onLostClaim: ({ metadata }, winner) => lost.push(`${metadata.name} to ${winner}`),
  })
  const detach = waker.attach()
  return { cache, lost, detach, waker, woken: () => [...new Set(queued.splice(0))].toSorted() }
}

const sku = { skuRef: { resource: 'rd100' } }
const boot = (resource: string) => ({ bootVolume: { deviceRef: { resource } }, zone: 'a' })

test('an object wakes itself, what waits for it, and what it uses', () => {
  const { cache, woken } = listening()
  add(cache, 'Instance', 'w', 'vm', boot('one'))
  // What it names is asked for as well, whether it is there or not.
  expect(woken()).toEqual(['BlockStorage|w/one', 'Instance|w/vm', 'Workspace|t/prod'])
  add(cache, 'BlockStorage', 'w', 'one', sku)
  expect(woken()).toEqual(['BlockStorage|w/one', 'Instance|w/vm', 'Workspace|t/prod'])
  // Its own status is no work for itself; that it can be used is news to who uses it.
  add(cache, 'BlockStorage', 'w', 'one', sku, { ...ACTIVE, externalId: 'v' })
  expect(woken()).toContain('Instance|w/vm')
})

test('what an object no longer uses hears of it, as does what it uses now', () => {
  const { cache, woken } = listening()
  for (const name of ['one', 'two']) add(cache, 'BlockStorage', 'w', name, sku, ACTIVE)
  add(cache, 'Instance', 'w', 'vm', boot('one'))
  woken()
  add(cache, 'Instance', 'w', 'vm', boot('two'), undefined, { generation: 2 })
  expect(woken()).toEqual(['BlockStorage|w/one', 'BlockStorage|w/two', 'Instance|w/vm', 'Workspace|t/prod'])
  const vm = cache.get('Instance', 'w/vm')
  if (vm) cache.store('Instance').remove({ ...vm, metadata: { ...vm.metadata, resourceVersion: '1000000' } })
  expect(woken()).toContain('BlockStorage|w/two')
})

test('a subnet that waits for a block of its network hears when the network has it', () => {
  const { cache, woken } = listening()
  const cidr = { ipv4: '10.0.0.0/16' }
  const ready = (observedGeneration: number) => [{ type: 'Ready', status: 'True', reason: 'Available', message: '', observedGeneration }]
  add(cache, 'Network', 'w', 'net', { cidr }, { ...ACTIVE, cidr, conditions: ready(1) })
  add(cache, 'Subnet', 'w', 'net.a', { network: 'net', zone: '', cidr: { ipv4: '10.8.0.0/24' } }, { state: 'pending' })
  const wider = { cidr, additionalCidrs: [{ ipv4: '10.8.0.0/16' }] }
  add(cache, 'Network', 'w', 'net', wider, { ...ACTIVE, cidr, conditions: ready(1) }, { generation: 2 })
  woken()
  add(cache, 'Network', 'w', 'net', wider, { ...ACTIVE, ...wider, observedGeneration: 2, conditions: ready(2) }, { generation: 2 })
  expect(woken()).toContain('Subnet|w/net.a')
})

test('a namespace that becomes a workspace wakes what is in it; a second claim is told', () => {
  const { cache, lost, woken, detach } = listening()
  add(cache, 'BlockStorage', 'late', 'a', sku)
  woken()
  addNamespace(cache, 'late', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'dev' })
  expect(woken()).toContain('BlockStorage|late/a')
  addNamespace(cache, 'twin', { 'secapi.cloud/tenant': 'acme' }, '2026-02-01T00:00:00Z')
  expect(lost).toEqual(['twin to t'])
  woken()
  detach()
  add(cache, 'BlockStorage', 'late', 'b', sku)
  expect(woken()).toEqual([])
})

test('begins with all that has a controller', () => {
  const { waker, woken } = listening()
  waker.begin()
  expect(woken()).toEqual(['Region|eu-1', 'Workspace|t/prod'])
})
