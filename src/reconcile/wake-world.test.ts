import { expect, test } from 'vitest'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import { createWorld, type World, workspaceWorld } from './testing.ts'

const ACTIVE = { state: 'active', observedGeneration: 1, externalId: 'x-1' }
const VOLUME = { sizeGB: 5, skuRef: { resource: 'skus/rd100' } }
const INSTANCE = { skuRef: { resource: 'skus/ds' }, zone: 'a', bootVolume: { deviceRef: { resource: 'block-storages/v' } } }

/** Which keys a change makes due at once. */
function wokenBy(world: World, change: () => unknown): string[] {
  world.agenda.due.clear()
  change()
  return [...world.agenda.due]
    .filter(([, at]) => at <= world.agenda.now)
    .map(([key]) => key)
    .toSorted()
}

const change = (world: World, kind: string, namespace: string | undefined, name: string, body: object) => () =>
  world.cluster.change(kind, namespace, name, body)

test('an object is woken by what concerns itself, and not by its own status', () => {
  const world = workspaceWorld()
  expect(wokenBy(world, () => world.create('BlockStorage', 'w', 'v', VOLUME, { status: ACTIVE }))).toContain('BlockStorage|w/v')
  for (const body of [
    { spec: { sizeGB: 6 } },
    { metadata: { annotations: { a: 'b' } } },
    { metadata: { labels: { a: 'b' } } },
    { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] } },
  ])
    expect(wokenBy(world, change(world, 'BlockStorage', 'w', 'v', body)), JSON.stringify(body)).toContain('BlockStorage|w/v')
  expect(wokenBy(world, change(world, 'BlockStorage', 'w', 'v', { status: { sizeGB: 6 } }))).toEqual([])
})

test('one that was made anew under the name is looked at, although the generation is the same', () => {
  const world = workspaceWorld()
  world.create('BlockStorage', 'w', 'v', VOLUME, { status: ACTIVE })
  const catchUp = world.cluster.holdWatches()
  void world.delete('BlockStorage', 'w', 'v')
  world.create('BlockStorage', 'w', 'v', VOLUME, { status: ACTIVE })
  expect(wokenBy(world, catchUp)).toContain('BlockStorage|w/v')
})

test('who waits for an object is woken when it comes, gets ready, changes its id, is deleted, and goes', () => {
  const world = workspaceWorld()
  world.create('Instance', 'w', 'vm', INSTANCE)
  world.create('Instance', 'w', 'well', INSTANCE, { status: ACTIVE })
  world.create('Instance', 'w', 'other', { ...INSTANCE, bootVolume: { deviceRef: { resource: 'block-storages/z' } } })
  const woken = (body: () => unknown) => wokenBy(world, body).filter((key) => key.startsWith('Instance'))
  const of = (body: object) => woken(change(world, 'BlockStorage', 'w', 'v', body))
  const vm = ['Instance|w/vm', 'Instance|w/well']
  expect(woken(() => world.create('BlockStorage', 'w', 'v', VOLUME))).toEqual(vm)
  expect(of({ status: ACTIVE })).toEqual(vm)
  expect(of({ status: { externalId: 'x-2' } })).toEqual(vm)
  // What the cloud says of it: who waits hears at once, who is in order a little later.
  expect(of({ status: { sizeGB: 7 } })).toEqual(['Instance|w/vm'])
  expect(world.agenda.due.get('Instance|w/well')).toBe(world.agenda.now + 1_000)
  expect(of({ status: { state: 'error' } })).toEqual(vm)
  expect(of({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] } })).toEqual(vm)
  expect(woken(change(world, 'BlockStorage', 'w', 'v', { metadata: { finalizers: [] } }))).toEqual(vm)
})

test('who is in order is not woken by words, who waits is', () => {
  const world = workspaceWorld()
  world.create('BlockStorage', 'w', 'v', VOLUME, { status: ACTIVE })
  world.create('Instance', 'w', 'waits', INSTANCE, { status: { state: 'pending', observedGeneration: 1 } })
  world.create('Instance', 'w', 'well', INSTANCE, { status: ACTIVE })
  const conditions = [{ type: 'Ready', status: 'True', reason: 'PartlyApplied', message: 'new' }]
  const woken = wokenBy(world, change(world, 'BlockStorage', 'w', 'v', { status: { conditions } }))
  expect(woken.filter((key) => key.startsWith('Instance'))).toEqual(['Instance|w/waits'])
})

test('what is here alone, without a cloud, concerns its users by what its spec says', () => {
  const world = workspaceWorld()
  world.create('BlockStorage', 'w', 'v', VOLUME, { status: ACTIVE })
  expect(wokenBy(world, change(world, 'StorageSku', undefined, 'eu-1.rd100', { spec: { iops: 200 } }))).toEqual(['BlockStorage|w/v'])
})

test('edges follow the spec: the old target wakes nobody any more, the new one does', () => {
  const world = workspaceWorld()
  for (const name of ['v', 'z']) world.create('BlockStorage', 'w', name, VOLUME, { status: ACTIVE })
  world.create('Instance', 'w', 'vm', INSTANCE, { status: ACTIVE })
  const moved = change(world, 'Instance', 'w', 'vm', { spec: { bootVolume: { deviceRef: { resource: 'block-storages/z' } } } })
  expect(wokenBy(world, moved)).toEqual(['Instance|w/vm'])
  // Both show who has them attached, which is so when the cloud has done it.
  const conditions = [{ type: 'Synced', status: 'True', reason: 'InSync' }]
  const done = change(world, 'Instance', 'w', 'vm', { status: { observedGeneration: 2, conditions } })
  expect(wokenBy(world, done)).toEqual(['BlockStorage|w/v', 'BlockStorage|w/z'])
  const by = (name: string) => wokenBy(world, change(world, 'BlockStorage', 'w', name, { status: { state: 'error' } }))
  expect(by('v')).not.toContain('Instance|w/vm')
  expect(by('z')).toContain('Instance|w/vm')
})

test('what is used hears of its users where that shows, and when it waits for them to go', () => {
  const world = workspaceWorld()
  world.create('BlockStorage', 'w', 'v', VOLUME, { status: ACTIVE })
  // A volume shows who has it attached; a region shows nothing of its images.
  const status = { ...ACTIVE, conditions: [{ type: 'Synced', status: 'True', reason: 'InSync' }] }
  expect(wokenBy(world, () => world.create('Instance', 'w', 'vm', INSTANCE, { status }))).toContain('BlockStorage|w/v')
  expect(wokenBy(world, () => world.create('Image', 't', 'i', {}, { status: ACTIVE }))).not.toContain('Region|eu-1')
  world.cluster.change('Region', undefined, 'eu-1', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] } })
  expect(wokenBy(world, () => world.delete('Image', 't', 'i'))).toContain('Region|eu-1')
})

test('a workspace counts its content after a while, so that a burst makes one write; on its way out it hears at once', () => {
  const world = workspaceWorld()
  const [volume, second] = ['v', 'z'].map((name) => () => world.create('BlockStorage', 'w', name, VOLUME, { status: ACTIVE }))
  expect(wokenBy(world, volume!)).not.toContain('Workspace|t/prod')
  expect(world.agenda.due.get('Workspace|t/prod')).toBe(world.agenda.now + 2_000)
  world.cluster.change('Workspace', 't', 'prod', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] } })
  expect(wokenBy(world, second!)).toContain('Workspace|t/prod')
})

test('a namespace that becomes a workspace’s, or is none any more, wakes what is in it', () => {
  const world = createWorld()
  world.addNamespace('w', {})
  world.create('Workspace', 't', 'prod', {}, { status: ACTIVE })
  world.create('BlockStorage', 'w', 'v', VOLUME)
  const label = (labels: object) => () => world.cluster.changeNamespace('w', { metadata: { labels } })
  const labelled = label({ [TENANT_LABEL]: 'acme', [WORKSPACE_LABEL]: 'prod' })
  expect(wokenBy(world, labelled)).toEqual(['BlockStorage|w/v', 'Workspace|t/prod'])
  // Its edges came with the labels.
  expect(wokenBy(world, change(world, 'Workspace', 't', 'prod', { status: { state: 'error' } }))).toContain('BlockStorage|w/v')
  // Labels of others say nothing here.
  expect(wokenBy(world, label({ unrelated: 'x' }))).toEqual([])
  expect(wokenBy(world, labelled)).toEqual([])
  expect(wokenBy(world, label({ [TENANT_LABEL]: null }))).toEqual(['BlockStorage|w/v', 'Workspace|t/prod'])
})

test('of two namespaces for one workspace the younger is told', () => {
  const world = workspaceWorld()
  world.agenda.now += 60_000
  world.addNamespace('second', { [TENANT_LABEL]: 'acme', [WORKSPACE_LABEL]: 'prod' })
  expect(world.lost).toEqual(['second'])
  expect(world.cache.namespaceOf({ tenant: 'acme', workspace: 'prod' })).toBe('w')
})

test('begin draws and queues everything, whoever listened while the stores were filled', () => {
  const world = workspaceWorld()
  world.create('BlockStorage', 'w', 'v', VOLUME, { status: ACTIVE })
  world.create('Instance', 'w', 'vm', INSTANCE, { status: ACTIVE })
  const woken = wokenBy(world, () => world.waker.begin())
  expect(woken).toEqual(
    expect.arrayContaining(['BlockStorage|w/v', 'Instance|w/vm', 'Workspace|t/prod', 'Region|eu-1', 'CloudProvider|sim']),
  )
  // SKUs are only read.
  expect(woken.some((key) => key.startsWith('StorageSku'))).toBe(false)
})
