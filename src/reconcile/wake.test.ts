import { expect, test } from 'vitest'
import { CONTROLLERS } from '../../controllers/index.ts'
import { Edges } from '../cache/edges.ts'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'
import type { WorkQueue } from '../kube/queue.ts'
import { Waker, type WakeOptions } from './wake.ts'

/** A cache with the controllers' waker on it; `woken` answers what was queued at once since it was last asked, `later` the rest. */
function listening(options: Partial<WakeOptions> = {}) {
  const cache = testCache()
  const queued: { key: string; afterMs: number | undefined }[] = []
  const lost: string[] = []
  const edges = new Edges(cache)
  const waker = new Waker({
    cache,
    edges,
    controllers: new Map(CONTROLLERS.map((controller) => [controller.kind.kind, controller])),
    queue: { add: (key: string, { afterMs }: { afterMs?: number } = {}) => queued.push({ key, afterMs }) } as unknown as WorkQueue,
    onLostClaim: ({ metadata }, winner) => lost.push(`${metadata.name} to ${winner}`),
    ...options,
  })
  const detach = waker.attach()
  const named = (some: typeof queued) => [...new Set(some.map(({ key }) => key))].toSorted()
  const heard = () => {
    const all = queued.splice(0)
    return {
      now: named(all.filter(({ afterMs }) => afterMs === undefined)),
      later: named(all.filter(({ afterMs }) => afterMs !== undefined)),
    }
  }
  const remove = (kind: string, key: string) => {
    const object = cache.get(kind, key)!
    cache.store(kind).remove({ ...object, metadata: { ...object.metadata, resourceVersion: '1000000' } })
  }
  return { cache, edges, lost, detach, waker, remove, heard, woken: () => heard().now, later: () => heard().later }
}

const sku = { skuRef: { resource: 'rd100' } }
const boot = (resource: string) => ({ bootVolume: { deviceRef: { resource } }, zone: 'a' })
/** In order, and the cloud is as the spec says. */
const done = (externalId: string, generation = 1) => ({
  state: 'active',
  observedGeneration: generation,
  externalId,
  conditions: [{ type: 'Synced', status: 'True', reason: 'InSync' }],
})
const stalled = (reason: string) => ({ state: 'error', observedGeneration: 1, conditions: [{ type: 'Stalled', status: 'True', reason }] })

test('an object wakes itself, and what waits for it', () => {
  const { cache, woken, heard } = listening()
  add(cache, 'Instance', 'w', 'vm', boot('one'))
  expect(heard()).toEqual({ now: ['Instance|w/vm'], later: ['Workspace|t/prod'] })
  add(cache, 'BlockStorage', 'w', 'one', sku)
  expect(woken()).toEqual(['BlockStorage|w/one', 'Instance|w/vm'])
  // Its own status is no work for itself; that it can be used is news to who uses it.
  add(cache, 'BlockStorage', 'w', 'one', sku, { ...ACTIVE, externalId: 'v' })
  expect(woken()).toEqual(['Instance|w/vm'])
})

test('our finalizer that somebody took off is work, one that came is not', () => {
  const { cache, woken } = listening()
  const finalizers = (...list: string[]) => add(cache, 'BlockStorage', 'w', 'one', sku, done('v'), { finalizers: list })
  finalizers()
  woken()
  finalizers('secapi.cloud/teardown', 'a/b')
  expect(woken()).toEqual([])
  finalizers('secapi.cloud/teardown')
  expect(woken()).toEqual([])
  finalizers()
  expect(woken()).toEqual(['BlockStorage|w/one'])
})

test('what shows its users hears of them once the cloud is as they say, and of those that go', () => {
  const { cache, woken, remove } = listening()
  for (const name of ['one', 'two']) add(cache, 'BlockStorage', 'w', name, sku, done(name))
  const vm = (volume: string, status: object | undefined, generation = 1) =>
    add(cache, 'Instance', 'w', 'vm', boot(volume), status, { generation })
  const volumes = () => woken().filter((key) => key.startsWith('BlockStorage'))
  woken()
  vm('one', undefined)
  expect(volumes()).toEqual([])
  vm('one', done('i'))
  expect(volumes()).toEqual(['BlockStorage|w/one'])
  // Something else changed: nothing to say for the volume.
  vm('one', done('i'), 2)
  vm('one', done('i', 2), 2)
  expect(volumes()).toEqual([])
  vm('two', done('i', 2), 3)
  vm('two', { ...done('i', 3), conditions: [] }, 3)
  expect(volumes()).toEqual([])
  vm('two', done('i', 3), 3)
  expect(volumes()).toEqual(['BlockStorage|w/one', 'BlockStorage|w/two'])
  vm('one', done('i', 3), 4)
  remove('Instance', 'w/vm')
  expect(volumes()).toEqual(['BlockStorage|w/one', 'BlockStorage|w/two'])
})

test('what is on its way out hears of its users at once', () => {
  const { cache, woken, remove } = listening()
  add(cache, 'Instance', 'w', 'vm', boot('one'), done('i'))
  add(cache, 'BlockStorage', 'w', 'one', sku, done('v'), { deletionTimestamp: '2026-01-01T00:00:00Z' })
  woken()
  add(cache, 'Instance', 'w', 'vm', boot('two'), done('i'), { generation: 2 })
  expect(woken()).toContain('BlockStorage|w/one')
  add(cache, 'Instance', 'w', 'vm', boot('one'), done('i', 3), { generation: 3 })
  woken()
  add(cache, 'Instance', 'w', 'vm', boot('one'), done('i', 3), { generation: 3, deletionTimestamp: '2026-01-01T00:00:00Z' })
  expect(woken()).toContain('BlockStorage|w/one')
  remove('Instance', 'w/vm')
  expect(woken()).toContain('BlockStorage|w/one')
})

test('a changed wish of what is used is news at once, what the cloud says of it a little later, what follows from others none', () => {
  const { cache, heard } = listening()
  const rule = (from: number, generation: number) =>
    add(cache, 'SecurityGroupRule', 'w', 'ssh', { direction: 'ingress', ports: { from } }, done('r', generation), { generation })
  rule(22, 1)
  add(cache, 'SecurityGroup', 'w', 'web', { ruleRefs: [{ resource: 'security-group-rules/ssh' }] }, done('g'))
  heard()
  rule(2222, 2)
  expect(heard()).toEqual({ now: ['SecurityGroupRule|w/ssh', 'SecurityGroup|w/web'], later: [] })
  add(cache, 'BlockStorage', 'w', 'one', sku, done('v'))
  add(cache, 'Instance', 'w', 'vm', boot('one'), done('i'))
  add(cache, 'Instance', 'w', 'waits', boot('one'), { state: 'pending' })
  heard()
  add(cache, 'BlockStorage', 'w', 'one', sku, { ...done('v'), sizeGB: 2 })
  expect(heard()).toEqual({ now: ['Instance|w/waits'], later: ['Instance|w/vm'] })
  add(cache, 'BlockStorage', 'w', 'one', sku, { ...done('v'), sizeGB: 2, attachedTo: { resource: 'instances/vm' } })
  expect(heard()).toEqual({ now: [], later: [] })
  // What lets another adapter find the object is a matter of the object's identity.
  add(cache, 'BlockStorage', 'w', 'one', sku, { ...done('v'), sizeGB: 2, handle: { id: 1 } })
  expect(heard().now).toEqual(['Instance|w/vm', 'Instance|w/waits'])
})

test('a region or workspace that is not ready for a moment sends only those to the cloud that wait', () => {
  const { cache, edges, heard } = listening()
  for (let index = 0; index < 5_000; index++) add(cache, 'BlockStorage', 'w', `v${index}`, sku, done(`x${index}`))
  add(cache, 'BlockStorage', 'w', 'waits', sku, { state: 'pending' })
  expect([...edges.graph.dependents({ kind: 'Region', key: 'eu-1' })].length).toBeGreaterThan(5_000)
  heard()
  const { spec } = cache.get('Region', 'eu-1')!
  for (const status of [{ state: 'pending', observedGeneration: 1 }, ACTIVE]) add(cache, 'Region', undefined, 'eu-1', spec, status)
  expect(heard()).toEqual({ now: ['BlockStorage|w/waits'], later: [] })
  for (const status of [{ state: 'error', observedGeneration: 1 }, ACTIVE]) add(cache, 'Workspace', 't', 'prod', {}, status)
  expect(heard()).toEqual({ now: ['BlockStorage|w/waits'], later: [] })
  // Zones that the region has got, or another account, concern all that is in it.
  add(cache, 'Region', undefined, 'eu-1', { ...spec, availableZones: ['a', 'b', 'c'] }, ACTIVE, { generation: 2 })
  expect(heard().now.length).toBeGreaterThan(5_000)
})

test('who reads through others hears of what is at the end, and of every part of the way', () => {
  const path = 'primaryNicRef.subnetRef.routeTableRef.routes[].targetRef'
  const { cache, woken } = listening({ reads: ({ kind }) => (kind === 'Instance' ? [path] : []) })
  add(cache, 'InternetGateway', 'w', 'gw', {}, done('gw'))
  const routes = [{ destinationCidrBlock: '0.0.0.0/0', targetRef: { resource: 'internet-gateways/gw' } }]
  add(cache, 'RouteTable', 'w', 'net.t', { network: 'net', routes }, done('t'))
  add(cache, 'Subnet', 'w', 'net.s', { network: 'net', routeTableRef: { resource: 't' } }, done('s'))
  add(cache, 'Nic', 'w', 'n', { subnetRef: { resource: 's' } }, done('n'))
  add(cache, 'Instance', 'w', 'vm', { ...boot('v'), primaryNicRef: { resource: 'n' } }, done('i'))
  add(cache, 'Instance', 'w', 'other', boot('v'), done('j'))
  const byNewId = (kind: string, name: string) => {
    woken()
    const { spec } = cache.get(kind, `w/${name}`)!
    add(cache, kind, 'w', name, spec, done('new'))
    return woken()
  }
  expect(byNewId('InternetGateway', 'gw')).toEqual(['Instance|w/vm', 'RouteTable|w/net.t'])
  expect(byNewId('RouteTable', 'net.t')).toEqual(['Instance|w/vm', 'Subnet|w/net.s'])
  expect(byNewId('Subnet', 'net.s')).toEqual(['Instance|w/vm', 'Nic|w/n'])
  expect(byNewId('Nic', 'n')).toEqual(['Instance|w/vm'])
})

test('who looks at its holders hears of them, a little later where it is in order', () => {
  const { cache, heard, remove } = listening({ readsHolders: ({ kind }) => kind === 'SecurityGroupRule' })
  for (const [name, status] of [
    ['old', done('r')],
    ['new', { state: 'pending' }],
  ] as const)
    add(cache, 'SecurityGroupRule', 'w', name, { direction: 'ingress' }, status)
  const group = (names: string[], generation: number, status: object = done('g')) =>
    add(cache, 'SecurityGroup', 'w', 'web', { ruleRefs: names.map((resource) => ({ resource })) }, status, { generation })
  heard()
  group(['old'], 1)
  expect(heard().later).toContain('SecurityGroupRule|w/old')
  group(['new'], 2)
  expect(heard()).toEqual({ now: ['SecurityGroupRule|w/new', 'SecurityGroup|w/web'], later: ['SecurityGroupRule|w/old'] })
  group(['new'], 2, { ...done('g'), rules: [] })
  expect(heard()).toEqual({ now: [], later: [] })
  remove('SecurityGroup', 'w/web')
  expect(heard().now).toContain('SecurityGroupRule|w/new')
})

test('what was refused tries again when something in its workspace let go, what has no room when something in its region did', () => {
  const { cache, later, remove } = listening()
  add(cache, 'Nic', 'w', 'wants', {}, stalled('Rejected'))
  add(cache, 'Nic', 'w', 'wrong', {}, stalled('Unsupported'))
  addNamespace(cache, 'x', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'dev' })
  for (let index = 0; index < 10; index++) add(cache, 'BlockStorage', 'x', `v${index}`, sku, stalled('QuotaExceeded'))
  const spec = { addresses: ['10.0.0.5'] }
  add(cache, 'Nic', 'w', 'has', spec, done('n'))
  later()
  // It takes another address: only when that is so in the cloud, the old one is free.
  add(cache, 'Nic', 'w', 'has', {}, done('n'), { generation: 2 })
  expect(later()).not.toContain('Nic|w/wants')
  add(cache, 'Nic', 'w', 'has', {}, done('n', 2), { generation: 2 })
  const quota = (...numbers: number[]) => numbers.map((number) => `BlockStorage|x/v${number}`)
  expect(later()).toEqual([...quota(0, 1, 2, 3), 'Nic|w/wants'])
  remove('Nic', 'w/has')
  // One place is free, not ten: others are tried next.
  expect(later()).toEqual([...quota(4, 5, 6, 7), 'Nic|w/wants', 'Workspace|t/prod'])
  // Something new is no end of anything, and who is well again is left alone.
  add(cache, 'Nic', 'w', 'wants', {}, done('w'))
  add(cache, 'Nic', 'w', 'has', spec, done('n'), { uid: 'another' })
  expect(later()).toEqual(['Workspace|t/prod'])
  remove('Nic', 'w/has')
  expect(later()).not.toContain('Nic|w/wants')
})

test('a workspace whose namespace was seen before its tenant’s', () => {
  const { cache, edges, woken } = listening()
  addNamespace(cache, 'late', { 'secapi.cloud/tenant': 'new', 'secapi.cloud/workspace': 'dev' })
  add(cache, 'BlockStorage', 'late', 'b', sku)
  const users = () => [...edges.graph.holders({ kind: 'Workspace', key: 'home/dev' })].map(({ from }) => from.key)
  expect(users()).toEqual([])
  woken()
  addNamespace(cache, 'home', { 'secapi.cloud/tenant': 'new' })
  expect([woken(), users()]).toEqual([['BlockStorage|late/b'], ['late/b']])
  add(cache, 'Workspace', 'home', 'dev', {}, ACTIVE)
  expect(woken()).toContain('BlockStorage|late/b')
})

test('a tenant that is opened, or closed, wakes who names its images', () => {
  const { cache, edges, woken } = listening()
  const golden = (shared: string) =>
    addNamespace(cache, 'g', { 'secapi.cloud/tenant': 'golden', ...(shared === '' ? {} : { 'secapi.cloud/shared': shared }) })
  golden('')
  add(cache, 'Image', 'g', 'ubuntu', { blockStorageRef: { resource: 'workspaces/x/block-storages/y' } }, done('tpl'))
  add(cache, 'BlockStorage', 'w', 'b', { ...sku, sourceImageRef: { resource: 'tenants/golden/images/ubuntu' } })
  const users = () => [...edges.graph.dependents({ kind: 'Image', key: 'g/ubuntu' })].map(({ from }) => from.key)
  for (const [shared, expected] of [
    ['true', ['w/b']],
    ['', []],
  ] as const) {
    woken()
    golden(shared)
    expect([woken(), users()]).toEqual([['BlockStorage|w/b'], expected])
  }
})

test('a name that two could mean holds the first, and wakes who uses it when it is clear again', () => {
  const { cache, edges, woken, remove } = listening()
  const subnet = (network: string, creationTimestamp: string) =>
    add(cache, 'Subnet', 'w', `${network}.front`, { network }, done(network), { creationTimestamp })
  const holders = (network: string) => [...edges.graph.holders({ kind: 'Subnet', key: `w/${network}.front` })].map(({ from }) => from.key)
  subnet('n1', '2026-01-01T00:00:00Z')
  add(cache, 'Nic', 'w', 'nic', { subnetRef: { resource: 'subnets/front' } }, done('n'))
  woken()
  subnet('n2', '2026-01-02T00:00:00Z')
  expect(woken()).toContain('Nic|w/nic')
  expect([holders('n1'), holders('n2')]).toEqual([['w/nic'], []])
  remove('Subnet', 'w/n2.front')
  expect([woken(), holders('n1')]).toEqual([expect.arrayContaining(['Nic|w/nic']), ['w/nic']])
})

test('of a group with hundreds of rules that hundreds of groups share, a change costs as much as there are groups', () => {
  const { cache, woken } = listening()
  const ruleRefs = Array.from({ length: 200 }, (_, index) => ({ resource: `r${index}` }))
  const rule = (index: number, generation: number) =>
    add(cache, 'SecurityGroupRule', 'w', `r${index}`, { direction: 'ingress' }, done('r', generation), { generation })
  for (let index = 0; index < 200; index++) rule(index, 1)
  for (let index = 0; index < 200; index++) add(cache, 'SecurityGroup', 'w', `g${index}`, { ruleRefs }, done('g'))
  woken()
  rule(7, 2)
  expect(woken()).toHaveLength(201)
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

test('a start queues all objects but those that somebody else looks at, whose edges are drawn all the same', () => {
  const { cache, woken, waker } = listening()
  add(cache, 'BlockStorage', 'w', 'one', sku, ACTIVE)
  add(cache, 'BlockStorage', 'w', 'two', sku)
  woken()
  waker.begin((_kind, object) => object.metadata.name === 'one')
  expect(woken()).toEqual(['BlockStorage|w/two', 'Region|eu-1', 'Workspace|t/prod'])
})
