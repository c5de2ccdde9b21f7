import { expect, onTestFinished, test } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { createMetrics } from '../observe/metrics.ts'
import { Abandonments } from './abandoned.ts'
import { createWorld } from './testing.ts'
import { Writer } from './writer.ts'

const MADE = { state: 'active', incarnation: 'n', externalId: 'vol-1' }
const kind = kindNamed('Image') as Kind
const { signal } = new AbortController()

/** An image that stands for something, and who tells when it goes. */
function setUp(status: object = MADE, metadata: object = {}) {
  const world = createWorld()
  const told: string[] = []
  const metrics = createMetrics()
  let uninstalling: () => Promise<boolean> = () => Promise.resolve(false)
  const abandonments = new Abandonments({
    cache: world.cache,
    announcer: { announce: ({ metadata: { name } }, type, reason, message) => void told.push(`${name} ${type} ${reason}: ${message}`) },
    metrics,
    isUninstalling: () => uninstalling(),
  })
  const leading = new AbortController()
  onTestFinished(() => leading.abort())
  abandonments.watch(leading.signal)
  const image = world.create('Image', 't', 'i', {}, { metadata: { finalizers: [FINALIZER], ...metadata }, status })
  const writer = new Writer(world.cluster.client, (name) => world.cache.store(name), {
    onRelease: (object) => abandonments.released(object),
  })
  const news = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    const counted = (await metrics.abandoned.get()).values.reduce((sum, { value }) => sum + value, 0)
    return { told, counted }
  }
  return {
    world,
    image,
    news,
    leading,
    drop: (finalizers: readonly string[] = []) => world.cluster.change('Image', 't', 'i', { metadata: { finalizers } }),
    release: (object: Resource = world.get('Image', 't', 'i')!) => writer.removeFinalizer(kind, object, signal),
    uninstall: (answer: () => Promise<boolean>) => void (uninstalling = answer),
  }
}
const ONCE = { told: [expect.stringMatching(/^i Warning Abandoned: .*"vol-1" is left in the cloud/)], counted: 1 }
const NEVER = { told: [], counted: 0 }

test('a finalizer that was dropped and an object that was deleted in the same breath', async () => {
  const { world, drop, news } = setUp()
  drop()
  expect(await news()).toEqual(NEVER)
  await world.delete('Image', 't', 'i')
  expect(await news()).toEqual(ONCE)
})

test('one that is taken off by hand while its object is being deleted, once', async () => {
  const { world, drop, news } = setUp(MADE, { finalizers: [FINALIZER, 'other/held'] })
  await world.delete('Image', 't', 'i')
  expect(await news()).toEqual(NEVER)
  drop(['other/held'])
  expect(await news()).toEqual(ONCE)
  drop()
  expect(world.get('Image', 't', 'i')).toBeUndefined()
  expect(await news()).toEqual(ONCE)
})

test('what was still being made is told too, with its incarnation', async () => {
  const { world, drop, news } = setUp({ state: 'creating', incarnation: 'nonce-1' })
  await world.delete('Image', 't', 'i')
  drop()
  expect((await news()).told).toEqual([expect.stringContaining('what was being made (incarnation nonce-1) is left in the cloud')])
})

test('a teardown that was run to its end is no news, whoever else holds the object', async () => {
  const { world, drop, release, news } = setUp(MADE, { finalizers: [FINALIZER, 'other/held'] })
  await world.delete('Image', 't', 'i')
  await release()
  drop()
  expect(world.get('Image', 't', 'i')).toBeUndefined()
  expect(await news()).toEqual(NEVER)
})

test('nor is one that ends with the object', async () => {
  const { world, release, news } = setUp()
  await world.delete('Image', 't', 'i')
  await release()
  expect(world.get('Image', 't', 'i')).toBeUndefined()
  expect(await news()).toEqual(NEVER)
})

test.each([
  ['nothing was made', { state: 'pending' }, {}],
  ['the cloud object was to stay', MADE, { annotations: { 'secapi.cloud/deletion-policy': 'Orphan' } }],
  ['the cloud object was only observed', MADE, { annotations: { 'secapi.cloud/drift': 'Observe' } }],
])('nothing is told where %s', async (_, status, metadata) => {
  const { world, drop, news } = setUp(status, metadata)
  drop()
  await world.delete('Image', 't', 'i')
  expect(await news()).toEqual(NEVER)
})

test('a kind that is uninstalled takes its objects along; one whose CRD cannot be asked about does not', async () => {
  const gone = setUp()
  gone.uninstall(() => Promise.resolve(true))
  gone.drop()
  await gone.world.delete('Image', 't', 'i')
  expect(await gone.news()).toEqual(NEVER)
  const unknown = setUp()
  unknown.uninstall(() => Promise.reject(new Error('no answer')))
  unknown.drop()
  await unknown.world.delete('Image', 't', 'i')
  expect(await unknown.news()).toEqual(ONCE)
})

test('what a restored etcd no longer has is told, what it has is not', async () => {
  const { world, image, news } = setUp()
  const kept = world.create('Image', 't', 'kept', {}, { metadata: { finalizers: [FINALIZER] }, status: { ...MADE, externalId: 'vol-2' } })
  const list = world.cache.store('Image').relistRewound()
  list.add({ ...kept, metadata: { ...kept.metadata, resourceVersion: '1' } })
  list.finish('2')
  expect(world.cache.get('Image', `t/${image.metadata.name}`)).toBeUndefined()
  expect(await news()).toEqual(ONCE)
})

test('a process that does not lead says nothing', async () => {
  const { world, drop, leading, news } = setUp()
  leading.abort()
  drop()
  await world.delete('Image', 't', 'i')
  expect(await news()).toEqual(NEVER)
})
