import { describe, expect, it, test } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Log } from '../observe/log.ts'
import { failure } from '../kube/memory-testing.ts'
import { createWorld } from './testing.ts'
import { StaleError, Writer } from './writer.ts'

const { signal } = new AbortController()
const kind = kindNamed('Image') as Kind

/** An image in the cluster as `seen`, and a writer. */
function setUp(finalizers?: readonly string[]) {
  const world = createWorld()
  const seen = world.create('Image', 't', 'i', {}, { metadata: finalizers === undefined ? {} : { finalizers } })
  const errors: unknown[] = []
  const released: unknown[] = []
  const writer = new Writer(world.cluster.client, (name) => world.cache.store(name), {
    log: { error: (fields: unknown) => void errors.push(fields) } as unknown as Log,
    onRelease: ({ metadata }) => void released.push(metadata.uid),
  })
  const now = () => world.get('Image', 't', 'i')
  const change = (metadata: object) => world.cluster.change('Image', 't', 'i', { metadata })
  /** Deletes the object and makes another one of the name. */
  const recreate = () => {
    change({ finalizers: [] })
    void world.delete('Image', 't', 'i')
    return world.create('Image', 't', 'i', {}, { metadata: { finalizers: [FINALIZER, 'other/held'] } })
  }
  return { world, seen, writer, now, change, recreate, errors, released }
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
  await expect(writer.claim(kind, seen, { state: 'creating' }, signal)).rejects.toThrow(StaleError)
  expect(await writer.applyStatus(kind, seen, { state: 'active' }, signal)).toBeUndefined()
  expect(await writer.record(kind, seen, { externalId: 'x' })).toBeUndefined()
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

describe('the status of a pass', () => {
  it('is written whole, and known here at once', async () => {
    const { seen, writer, world, now } = setUp()
    const stored = await writer.applyStatus(kind, seen, { state: 'creating', sizeMB: 5 }, signal)
    await writer.applyStatus(kind, stored!, { state: 'active' }, signal)
    expect(now()?.status).toEqual({ state: 'active' })
    expect((world.cache.get('Image', 't/i') as Resource).status).toEqual({ state: 'active' })
    expect(world.cluster.writes).toHaveLength(2)
  })

  it('goes over a version that only the store knows at no cost', async () => {
    const { seen, writer, world, change, now } = setUp()
    change({ labels: { by: 'user' } })
    await writer.applyStatus(kind, seen, { state: 'active' }, signal)
    expect(now()).toMatchObject({ metadata: { labels: { by: 'user' } }, status: { state: 'active' } })
    expect(world.cluster.writes).toHaveLength(1)
  })

  it('gets through a storm of edits that the store has not heard of', async () => {
    const { seen, writer, world, now } = setUp()
    world.cluster.holdWatches()
    let edits = 0
    world.cluster.beforeWrite = (write) => {
      if (write.startsWith('status') && edits < 3)
        world.cluster.change('Image', 't', 'i', { metadata: { labels: { edit: String(++edits) } } })
    }
    await writer.applyStatus(kind, seen, { state: 'active' }, signal)
    expect(now()).toMatchObject({ metadata: { labels: { edit: '3' } }, status: { state: 'active' } })
  })

  it('is given up after some tries, and the pass is done again', async () => {
    const { seen, writer, world } = setUp()
    let edits = 0
    world.cluster.beforeWrite = () => world.cluster.change('Image', 't', 'i', { metadata: { labels: { edit: String(++edits) } } })
    await expect(writer.applyStatus(kind, seen, { state: 'active' }, signal)).rejects.toThrow(StaleError)
    expect(edits).toBe(5)
  })

  it.each([
    ['another incarnation', { state: 'creating', incarnation: 'new' }],
    ['an id', { state: 'creating', incarnation: 'old', externalId: 'x' }],
    ['anything', { state: 'updating', incarnation: 'old' }],
  ])('undoes no status of a newer leader: %s', async (_, status) => {
    const { seen, writer, now, world } = setUp()
    const old = await writer.applyStatus(kind, seen, { state: 'creating', incarnation: 'old' }, signal)
    // The store here is old: it heard of nothing.
    world.cluster.holdWatches()
    world.cluster.change('Image', 't', 'i', { status })
    await expect(writer.applyStatus(kind, old!, { state: 'active', incarnation: 'old' }, signal)).rejects.toThrow(StaleError)
    expect(now()?.status).toEqual({ ...old!.status, ...status })
  })
})

describe('a claim', () => {
  it('answers what the pass goes on from', async () => {
    const { seen, writer, now } = setUp()
    const claimed = await writer.claim(kind, seen, { state: 'creating', incarnation: 'one' }, signal)
    expect(claimed).toEqual(now())
    expect(claimed.status).toEqual({ state: 'creating', incarnation: 'one' })
  })

  it.each([
    ['status', { status: { state: 'creating', incarnation: 'other' } }],
    ['spec', { spec: { cpuArchitecture: 'arm64' } }],
    ['policy', { metadata: { annotations: { 'secapi.cloud/paused': 'true' } } }],
  ])('is refused when anything changed since, even where the store knows it: %s', async (_, body) => {
    const { seen, writer, world, now } = setUp()
    world.cluster.change('Image', 't', 'i', body)
    const before = now()
    await expect(writer.claim(kind, seen, { state: 'creating', incarnation: 'mine' }, signal)).rejects.toThrow(StaleError)
    expect(now()).toEqual(before)
  })

  it('of an object that is gone ends the pass', async () => {
    const { seen, writer, world, now } = setUp()
    await world.delete('Image', 't', 'i')
    await expect(writer.claim(kind, seen, { incarnation: 'mine' }, signal)).rejects.toThrow(StaleError)
    expect(now()).toBeUndefined()
  })

  it('that the cluster does not answer is no stale object', async () => {
    const { seen, writer, world } = setUp()
    world.cluster.beforeWrite = () => {
      throw failure(503, 'ServiceUnavailable')
    }
    await expect(writer.claim(kind, seen, {}, signal)).rejects.toMatchObject({ code: 'KubernetesUnavailable' })
  })
})

describe('what a call returned', () => {
  const claimed = async () => {
    const made = setUp()
    const object = await made.writer.claim(kind, made.seen, { state: 'creating', incarnation: 'mine' }, signal)
    return { ...made, object }
  }
  const made = { state: 'creating', incarnation: 'mine', externalId: 'vol-1', handle: { request: 'r-1' } }

  it('is in status, in one write', async () => {
    const { object, writer, world, now } = await claimed()
    await writer.record(kind, object, made)
    expect(now()?.status).toEqual(made)
    expect(world.cluster.writes).toHaveLength(2)
  })

  it('goes onto whatever was written meanwhile, as long as the incarnation is the same', async () => {
    const { object, writer, world, now } = await claimed()
    world.cluster.holdWatches()
    const news = { state: 'updating', incarnation: 'mine', observedGeneration: 7 }
    world.cluster.change('Image', 't', 'i', { spec: { cpuArchitecture: 'arm64' }, status: news })
    await writer.record(kind, object, made)
    expect(now()?.status).toEqual({ ...news, externalId: 'vol-1', handle: { request: 'r-1' } })
  })

  it('is in the log when the incarnation is another one, whose id it is not', async () => {
    const { object, writer, world, now, errors } = await claimed()
    world.cluster.holdWatches()
    world.cluster.change('Image', 't', 'i', { status: { state: 'creating', incarnation: 'other', externalId: 'vol-2' } })
    await expect(writer.record(kind, object, made)).rejects.toThrow(StaleError)
    expect(now()?.status).toMatchObject({ incarnation: 'other', externalId: 'vol-2' })
    expect(errors).toMatchObject([
      { name: 'i', incarnation: 'mine', externalId: 'vol-1', reason: 'the object has another incarnation now' },
    ])
  })

  it('late is written as long as nothing else was found of it', async () => {
    const { object, writer, now, errors } = await claimed()
    const late = { externalId: 'vol-1', handle: { request: 'r-1' } }
    await writer.recordLate(kind, object, 'another', late)
    expect([now()?.status, errors]).toMatchObject([{ incarnation: 'mine' }, [{ externalId: 'vol-1' }]])
    expect(now()?.status?.externalId).toBeUndefined()
    await writer.recordLate(kind, object, 'mine', late)
    expect(now()?.status).toEqual(made)
    await writer.recordLate(kind, object, 'mine', { externalId: 'vol-9' })
    expect(now()?.status).toEqual(made)
  })

  it('is in the log when the object is gone, or the cluster does not answer', async () => {
    const { object, writer, world, errors } = await claimed()
    world.cluster.beforeWrite = () => {
      throw failure(503, 'ServiceUnavailable')
    }
    await expect(writer.record(kind, object, made)).rejects.toMatchObject({ code: 'KubernetesUnavailable' })
    world.cluster.beforeWrite = () => undefined
    await world.delete('Image', 't', 'i')
    expect(await writer.record(kind, object, made)).toBeUndefined()
    expect(errors).toMatchObject([
      { externalId: 'vol-1', reason: expect.stringContaining('ServiceUnavailable') },
      { externalId: 'vol-1', reason: 'the object is gone' },
    ])
  })
})

test('who is released is told before the object can be gone', async () => {
  const { seen, writer, world, released } = setUp([FINALIZER])
  const heard: unknown[] = []
  world.cluster.beforeWrite = () => void heard.push(...released)
  await writer.removeFinalizer(kind, seen, signal)
  expect(heard).toEqual([seen.metadata.uid])
})
