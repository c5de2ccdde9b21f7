import { describe, expect, it } from 'vitest'
import { CONTROLLERS } from '../../controllers/index.ts'
import { DRIFT_POLICY } from '../kinds/names.ts'
import type { Json, Swept } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { Coverage } from './coverage.ts'
import { plainCloud, type World, type WorldOptions, workspaceWorld } from './testing.ts'

const VOLUME = { sizeGB: 5, skuRef: { resource: 'skus/rd100' } }

/** Volumes in a cloud that can be listed. `list` is what the list holds; a test may change it. */
async function setUp(names: readonly string[] = ['a', 'b'], options: WorldOptions = {}) {
  const cloud = plainCloud()
  const trouble: { error?: Error } = {}
  const list = new Map<string, { id: string; spec: string }>()
  const kinds: string[] = []
  const world = workspaceWorld({
    adapters: {
      Workspace: plainCloud().adapter,
      BlockStorage: {
        ...cloud.adapter,
        observe(desired, context) {
          if (desired.swept === undefined) return cloud.adapter.observe(desired, context)
          const { id, spec } = desired.swept as { id: string; spec: string }
          return Promise.resolve({ externalId: id, status: {}, drift: spec === JSON.stringify(desired.spec) ? [] : ['spec'] })
        },
      },
    },
    async *sweep(kind): AsyncGenerator<Swept> {
      kinds.push(kind)
      if (trouble.error !== undefined) throw trouble.error
      for (const [tag, { id, spec }] of list) yield { tag, externalId: id, found: { id, spec } as Json }
      await Promise.resolve()
    },
    ...options,
  })
  world.waker.begin()
  for (const name of names) world.create('BlockStorage', 'w', name, VOLUME)
  await world.run(5_000)
  for (const [tag, { id, spec }] of cloud.objects) list.set(tag, { id, spec })
  forgetThePast(world)
  cloud.calls.length = 0
  return { world, cloud, list, kinds, trouble }
}

function forgetThePast({ agenda, cluster }: World): void {
  agenda.added.length = 0
  cluster.writes.length = 0
}
const tagOf = (name: string) => `i/eu-1/seca.storage/v1/tenants/acme/workspaces/prod/block-storages/${name}`
const volumes = (world: World) => world.agenda.added.filter((key) => key.startsWith('BlockStorage'))

describe('objects at rest of a cloud that can be listed', () => {
  it('have no time of their own, and cost neither a request, a write nor a place in the queue', async () => {
    const { world, cloud, kinds } = await setUp()
    expect([...world.agenda.due.keys()].filter((key) => key.startsWith('BlockStorage'))).toEqual([])
    await world.sweep()
    expect({ kinds, calls: cloud.calls, queued: volumes(world), writes: world.cluster.writes }).toEqual({
      kinds: ['BlockStorage'],
      calls: [],
      queued: [],
      writes: [],
    })
    expect(await world.metrics.registry.metrics()).toContain('seca_swept_objects_total{kind="BlockStorage",found="in order"} 2')
  })

  it.each([
    ['differs', (list: Map<string, object>) => list.set(tagOf('a'), { id: 'c-1', spec: '{}' })],
    ['is not on the list', (list: Map<string, object>) => list.delete(tagOf('a'))],
    ['has another id than is known', (list: Map<string, object>) => list.set(tagOf('a'), { id: 'c-9', spec: JSON.stringify(VOLUME) })],
  ])('are looked at by themselves when one %s, and the list alone changes nothing', async (_what, spoil) => {
    const { world, cloud, list } = await setUp()
    spoil(list)
    await world.sweep()
    expect([volumes(world), world.cluster.writes, cloud.calls]).toEqual([['BlockStorage|w/a'], [], []])
    await world.run(1_000)
    // The list was behind: the cloud itself says that all is well.
    expect([cloud.calls, world.cluster.writes]).toEqual([['observe'], []])
  })

  it('are brought back when the cloud differs for sure', async () => {
    const { world, cloud, list } = await setUp()
    const before = cloud.objects.get(tagOf('a'))!
    cloud.objects.set(tagOf('a'), { ...before, spec: '{}' })
    list.set(tagOf('a'), { id: before.id, spec: '{}' })
    await world.sweep()
    await world.run(1_000)
    expect(cloud.objects.get(tagOf('a'))).toEqual(before)
  })

  it('that are only watched are looked at one by one while they differ', async () => {
    const { world, list } = await setUp()
    await world.edit('BlockStorage', 'w', 'a', { metadata: { annotations: { [DRIFT_POLICY]: 'Observe' } } })
    await world.run(1_000)
    list.set(tagOf('a'), { id: 'c-1', spec: '{}' })
    forgetThePast(world)
    await world.sweep()
    expect(volumes(world)).toEqual(['BlockStorage|w/a'])
  })

  it('are looked at when something new would be said of them', async () => {
    const { world } = await setUp()
    const release = world.cluster.holdWatches()
    await world.delete('StorageSku', undefined, 'eu-1.rd100')
    release()
    forgetThePast(world)
    await world.sweep()
    expect(volumes(world)).toEqual(['BlockStorage|w/a', 'BlockStorage|w/b'])
  })
})

describe('what no sweep looks at', () => {
  it('is queued if nobody else is about to: nothing is forgotten', async () => {
    const { world } = await setUp()
    const queued: string[] = []
    const coverage = new Coverage({
      cache: world.cache,
      controllers: new Map(CONTROLLERS.map((controller) => [controller.kind.kind, controller])),
      queue: { has: (id) => id === 'BlockStorage|w/a', add: (id) => void queued.push(id) },
      connections: { get: () => Promise.reject(new Error('no account')) },
      identities: { placeOf: () => undefined },
    })
    expect(await coverage.survey(new AbortController().signal)).toEqual(new Map())
    expect(queued).toEqual(['CloudProvider|sim', 'Region|eu-1', 'Workspace|t/prod', 'BlockStorage|w/b'])
  })

  it('is what has its own place in line already, and that stays', async () => {
    const { world } = await setUp()
    world.create('BlockStorage', 'w', 'c', VOLUME)
    const due = world.agenda.due.get('BlockStorage|w/c')
    forgetThePast(world)
    await world.sweep()
    expect([volumes(world), world.agenda.due.get('BlockStorage|w/c')]).toEqual([[], due])
  })

  it('keeps a time of its own where the cloud cannot be listed', async () => {
    const plain = plainCloud()
    const world = workspaceWorld({ adapters: { Workspace: plainCloud().adapter, BlockStorage: plain.adapter } })
    world.create('BlockStorage', 'w', 'a', VOLUME)
    await world.run(5_000)
    const due = world.agenda.due.get('BlockStorage|w/a')
    expect(due).toBeGreaterThan(world.agenda.now)
    forgetThePast(world)
    await world.sweep()
    expect([volumes(world), world.agenda.due.get('BlockStorage|w/a')]).toEqual([[], due])
  })
})

describe('a start', () => {
  it('queues what is not at rest, and leaves the rest to the first sweep', async () => {
    const { world, cloud, list } = await setUp()
    world.create('BlockStorage', 'w', 'new', VOLUME)
    world.agenda.due.clear()
    forgetThePast(world)
    world.waker.begin((kind, object) => world.coverage.takes(kind, object))
    expect(volumes(world)).toEqual(['BlockStorage|w/new'])
    expect(world.agenda.added).toContain('Workspace|t/prod')
    list.delete(tagOf('b'))
    await world.sweep()
    await world.run(1_000)
    expect(volumes(world).toSorted()).toEqual(['BlockStorage|w/b', 'BlockStorage|w/new'])
    expect(cloud.objects.has(tagOf('new'))).toBe(true)
  })
})

describe('a sweep that fails', () => {
  it('is tried again until the next would begin; then all are looked at one by one', async () => {
    const { world, kinds, trouble } = await setUp()
    trouble.error = new ProviderError('transient', 'the cloud is away')
    await world.sweep(599_000)
    expect(kinds.length).toBeGreaterThan(5)
    expect(volumes(world)).toEqual(['BlockStorage|w/a', 'BlockStorage|w/b'])
    expect(await world.metrics.registry.metrics()).toMatch(
      /seca_sweeps_total\{provider="simulator",kind="BlockStorage",outcome="transient"\} \d/,
    )
  })

  it('and works at the next try is all there is to it', async () => {
    const { world, kinds, trouble } = await setUp(['a'], {
      async *sweep(kind) {
        kinds.push(kind)
        if (kinds.length === 1) throw new ProviderError('throttled', 'slower', { retryAfterMs: 30_000 })
        yield await Promise.resolve({ tag: tagOf('a'), externalId: 'c-1', found: { id: 'c-1', spec: JSON.stringify(VOLUME) } })
      },
    })
    const before = world.agenda.now
    await world.sweep(31_000)
    expect([trouble, kinds.length, volumes(world), world.agenda.now - before]).toEqual([{}, 2, [], 31_000])
  })

  it('since the cloud cannot list the kind gives its objects times of their own', async () => {
    const { world, kinds, trouble } = await setUp(['a'])
    trouble.error = new ProviderError('unsupported', 'no lists')
    await world.sweep()
    expect([kinds.length, volumes(world)]).toEqual([1, ['BlockStorage|w/a']])
    await world.run(1_000)
    expect(world.agenda.due.has('BlockStorage|w/a')).toBe(true)
    await world.sweep()
    expect(kinds.length).toBe(1)
  })

  it('for it hangs is not begun a second time, and holds up no round', async () => {
    const hangs = Promise.withResolvers<void>()
    const { world, kinds } = await setUp(['a'], {
      async *sweep(kind) {
        kinds.push(kind)
        await hangs.promise
        yield { tag: tagOf('a'), externalId: 'c-1', found: { id: 'c-1', spec: JSON.stringify(VOLUME) } }
      },
    })
    const first = world.sweep()
    await world.sweep()
    expect([kinds, volumes(world)]).toEqual([['BlockStorage'], []])
    hangs.resolve()
    await first
    await world.sweep()
    expect([kinds.length, volumes(world)]).toEqual([2, []])
  })
})
