import { expect, test } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { failure } from '../kube/memory-testing.ts'
import { createWorld } from './testing.ts'
import { StaleError, Writer } from './writer.ts'

const { signal } = new AbortController()
const kind = kindNamed('Image') as Kind

/** An image in the cluster as `seen`, and a writer. */
function setUp(finalizers?: readonly string[]) {
  const world = createWorld()
  const seen = world.create('Image', 't', 'i', {}, { metadata: finalizers === undefined ? {} : { finalizers } })
  const writer = new Writer(world.cluster.client, (name) => world.cache.store(name))
  const now = () => world.get('Image', 't', 'i')
  const change = (metadata: object) => world.cluster.change('Image', 't', 'i', { metadata })
  /** Deletes the object and makes another one of the name. */
  const recreate = () => {
    change({ finalizers: [] })
    void world.delete('Image', 't', 'i')
    return world.create('Image', 't', 'i', {}, { metadata: { finalizers: [FINALIZER, 'other/held'] } })
  }
  return { world, seen, writer, now, change, recreate }
}

test.each([[undefined], [[]], [['other/held']], [['a/b', 'c/d']]])('the finalizer goes behind those of others: %j', async (finalizers) => {
  const { seen, writer, now, world } = setUp(finalizers)
  const stored = await writer.addFinalizer(kind, seen, signal)
  expect(now()?.metadata.finalizers).toEqual([...(finalizers ?? []), FINALIZER])
  expect(stored?.metadata.resourceVersion).toBe(now()?.metadata.resourceVersion)
  expect(world.cache.get('Image', 't/i')?.metadata.finalizers).toEqual(now()?.metadata.finalizers)
})

test.each([[undefined], [['a/b']]])('a finalizer that somebody else set meanwhile is not lost (from %j)', async (finalizers) => {
  const { seen, writer, now, change } = setUp(finalizers)
  change({ finalizers: ['backup.example.com/protect'] })
  await expect(writer.addFinalizer(kind, seen, signal)).rejects.toThrow(StaleError)
  expect(now()?.metadata.finalizers).toEqual(['backup.example.com/protect'])
})

test.each([
  [[FINALIZER], []],
  [[FINALIZER, 'other/held'], ['other/held']],
  [
    ['other/held', FINALIZER, 'third/one'],
    ['other/held', 'third/one'],
  ],
])('only our own finalizer comes off: %j', async (finalizers, left) => {
  const { seen, writer, now } = setUp(finalizers)
  await writer.removeFinalizer(kind, seen, signal)
  expect(now()?.metadata.finalizers).toEqual(left)
})

test('never another one that took its place in the list meanwhile', async () => {
  const { seen, writer, now, change } = setUp([FINALIZER, 'other/held'])
  change({ finalizers: ['other/held', FINALIZER] })
  await expect(writer.removeFinalizer(kind, seen, signal)).rejects.toThrow(StaleError)
  expect(now()?.metadata.finalizers).toEqual(['other/held', FINALIZER])
})

test('an object that has none of ours is not written to', async () => {
  const { seen, writer, world } = setUp(['other/held'])
  await writer.removeFinalizer(kind, seen, signal)
  expect(world.cluster.writes).toEqual([])
})

test('a later object of the same name is left alone by every write', async () => {
  const { seen, writer, recreate, now } = setUp([FINALIZER, 'other/held'])
  const next = recreate()
  await expect(writer.removeFinalizer(kind, seen, signal)).rejects.toThrow(StaleError)
  await expect(writer.addFinalizer(kind, { ...seen, metadata: { ...seen.metadata, finalizers: ['other/held'] } }, signal)).rejects.toThrow(
    StaleError,
  )
  await expect(writer.applyStatus(kind, seen, { state: 'active' }, signal)).rejects.toThrow(StaleError)
  expect(now()).toEqual(next)
})

test('what is gone is no failure, and makes no ghost', async () => {
  const { seen, writer, now, change, world } = setUp([FINALIZER])
  change({ finalizers: [] })
  await world.delete('Image', 't', 'i')
  await writer.removeFinalizer(kind, seen, signal)
  expect(await writer.addFinalizer(kind, seen, signal)).toBeUndefined()
  expect(await writer.applyStatus(kind, seen, { state: 'active' }, signal)).toBeUndefined()
  expect(now()).toBeUndefined()
})

test('trouble of the cluster is not taken for an object that changed', async () => {
  const { seen, writer, world } = setUp([FINALIZER])
  world.cluster.beforeWrite = () => {
    throw failure(500, 'InternalError')
  }
  await expect(writer.removeFinalizer(kind, seen, signal)).rejects.toMatchObject({ code: 'KubernetesUnavailable' })
})

test('status is written whole, and known here at once', async () => {
  const { seen, writer, world, now } = setUp()
  await writer.applyStatus(kind, seen, { state: 'creating', sizeMB: 5 }, signal)
  await writer.applyStatus(kind, seen, { state: 'active' }, signal)
  expect(now()?.status).toEqual({ state: 'active' })
  expect((world.cache.get('Image', 't/i') as Resource).status).toEqual({ state: 'active' })
})

test('status goes onto what others wrote meanwhile, seen or not, and never takes that back', async () => {
  const { world, seen, writer, now, change } = setUp()
  const catchUp = world.cluster.holdWatches()
  change({ labels: { mine: 'x' } })
  expect((await writer.applyStatus(kind, seen, { state: 'active' }, signal))?.metadata.labels).toEqual({ mine: 'x' })
  expect(now()).toMatchObject({ metadata: { labels: { mine: 'x' } }, status: { state: 'active' } })
  catchUp()
})
