import { describe, expect, it } from 'vitest'
import { EXTERNAL_ID, FINALIZER, REQUESTED } from '../kinds/names.ts'
import type { ResourceAdapter } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { failure } from '../kube/memory-testing.ts'
import { plainCloud, type World, type WorldOptions, workspaceWorld } from './testing.ts'

const CAPABILITY = { object: 'own', updates: ['spec'], create: 'idempotent', lookup: 'tag', settleMs: 0, lane: 'none' } as const
const CAPABILITIES = { Workspace: CAPABILITY, BlockStorage: CAPABILITY, Image: CAPABILITY }
const VOLUME = { sizeGB: 5, skuRef: { resource: 'skus/rd100' } }

/** A world whose cloud holds volumes, and what its adapter does differently. */
async function setUp(extra: Partial<ResourceAdapter> = {}, options: WorldOptions = {}) {
  const cloud = plainCloud()
  const adapter = { ...cloud.adapter, ...extra }
  const world = workspaceWorld({
    ...options,
    adapters: { Workspace: plainCloud().adapter, BlockStorage: adapter, Image: plainCloud().adapter },
  })
  await world.run(1_000)
  return { world, cloud }
}

const make = (world: World, name = 'v', metadata = {}) => world.create('BlockStorage', 'w', name, VOLUME, { metadata })
const volume = (world: World, name = 'v') => world.get('BlockStorage', 'w', name)
const ready = (world: World, name = 'v') => volume(world, name)?.status?.conditions?.find(({ type }) => type === 'Ready')

describe('the finalizer', () => {
  it('is there before anything is made in the cloud, and so is the incarnation', async () => {
    const seen: unknown[] = []
    const { world, cloud } = await setUp({
      create: (desired, context) => {
        const { metadata, status } = volume(world)!
        seen.push([metadata.finalizers, status?.incarnation === desired.incarnation && desired.incarnation !== ''])
        return cloud.adapter.create(desired, context)
      },
    })
    make(world)
    await world.run(1_000)
    expect(seen).toEqual([[[FINALIZER], true]])
    expect(volume(world)?.status).toMatchObject({ state: 'active', externalId: 'c-1' })
  })

  it('is put on although the object cannot go on yet', async () => {
    const { world, cloud } = await setUp()
    world.create('BlockStorage', 'w', 'v', { ...VOLUME, skuRef: { resource: 'skus/none' } })
    await world.run(1_000)
    expect(volume(world)?.metadata.finalizers).toEqual([FINALIZER])
    expect(volume(world)?.status?.state).toBe('pending')
    expect(ready(world)).toMatchObject({ reason: 'ReferenceNotFound', message: expect.stringContaining('none') })
    expect(cloud.calls).toEqual([])
  })

  it('is not put on what has nothing behind it, nor on what is being deleted', async () => {
    const { world } = await setUp()
    world.create('RoleAssignment', 't', 'a', { subs: ['x'], roles: ['r'], scopes: [{}] })
    make(world, 'going', { finalizers: ['other/held'] })
    await world.delete('BlockStorage', 'w', 'going')
    await world.run(1_000)
    expect(world.get('RoleAssignment', 't', 'a')?.metadata.finalizers).toBeUndefined()
    expect(volume(world, 'going')?.metadata.finalizers).toEqual(['other/held'])
  })

  it('stays until the cloud was seen to have nothing any more, and the others stay behind it', async () => {
    const { world, cloud } = await setUp({ delete: () => Promise.resolve(void deletes++) })
    let deletes = 0
    make(world, 'v', { finalizers: ['other/held'] })
    await world.run(1_000)
    await world.delete('BlockStorage', 'w', 'v')
    await world.run(20_000)
    expect(volume(world)?.metadata.finalizers).toEqual(['other/held', FINALIZER])
    expect(volume(world)?.status?.state).toBe('deleting')
    expect(deletes).toBeGreaterThan(0)
    cloud.objects.clear()
    await world.run(20_000)
    expect(volume(world)?.metadata.finalizers).toEqual(['other/held'])
  })

  it('stays while the cloud cannot be asked', async () => {
    let isAway = false
    const { world, cloud } = await setUp({
      observe: (desired, context) =>
        isAway ? Promise.reject(new ProviderError('transient', 'away')) : cloud.adapter.observe(desired, context),
    })
    make(world)
    await world.run(1_000)
    isAway = true
    await world.delete('BlockStorage', 'w', 'v')
    await world.run(60_000)
    expect([volume(world)?.metadata.finalizers, cloud.objects.size]).toEqual([[FINALIZER], 1])
    isAway = false
    await world.run(60_000)
    expect([volume(world), cloud.objects.size]).toEqual([undefined, 0])
  })

  it('stays while something that must not break uses the object, and comes off by itself afterwards', async () => {
    const { world, cloud } = await setUp()
    make(world)
    world.create(
      'Instance',
      'w',
      'vm',
      { bootVolume: { deviceRef: { resource: 'block-storages/v' } } },
      { metadata: { finalizers: ['other/held'] } },
    )
    await world.run(1_000)
    await world.delete('BlockStorage', 'w', 'v')
    await world.run(60_000)
    expect(ready(world)).toMatchObject({ reason: 'DeletionBlocked', message: 'in use by Instance "vm"' })
    expect(cloud.calls).not.toContain('delete')
    await world.delete('Instance', 'w', 'vm')
    await world.run(1_000)
    expect(cloud.calls).not.toContain('delete')
    world.cluster.change('Instance', 'w', 'vm', { metadata: { finalizers: [] } })
    await world.run(1_000)
    expect([volume(world), cloud.objects.size]).toEqual([undefined, 0])
  })
})

describe('an object made anew under the name', () => {
  it('is not deleted in the cloud for its predecessor', async () => {
    const { world, cloud } = await setUp()
    make(world)
    await world.run(1_000)
    const catchUp = world.cluster.holdWatches()
    await world.delete('BlockStorage', 'w', 'v')
    const going = volume(world)!
    world.cache.store('BlockStorage').set(structuredClone(going) as never)
    // Somebody takes the finalizer off and makes it anew, before the deletion is worked on.
    world.cluster.change('BlockStorage', 'w', 'v', { metadata: { finalizers: [] } })
    const next = make(world)
    await world.reconcile('BlockStorage', 'w', 'v')
    expect(cloud.calls).not.toContain('delete')
    expect(volume(world)).toEqual(next)
    catchUp()
    await world.run(10_000)
    expect(volume(world)?.status).toMatchObject({ state: 'active', externalId: 'c-1' })
  })

  it('does not get the status of its predecessor', async () => {
    const { world } = await setUp({
      create: async (desired, context) => {
        if (volume(world)?.metadata.annotations?.['n'] !== '2') {
          world.cluster.change('BlockStorage', 'w', 'v', { metadata: { finalizers: [] } })
          await world.delete('BlockStorage', 'w', 'v')
          make(world, 'v', { annotations: { n: '2' } })
        }
        return plain.adapter.create(desired, context)
      },
      observe: (desired, context) => plain.adapter.observe(desired, context),
    })
    const plain = plainCloud()
    make(world)
    await world.reconcile('BlockStorage', 'w', 'v')
    expect(volume(world)?.status).toBeUndefined()
    expect(world.cluster.writes.filter((write) => write === 'status blockstorages w/v')).toHaveLength(1)
    await world.run(10_000)
    expect(volume(world)?.status).toMatchObject({ state: 'active', observedGeneration: 1 })
    expect(plain.objects.size).toBe(1)
  })

  it('is not made for one that is gone', async () => {
    const { world, cloud } = await setUp({
      observe: async (desired, context) => {
        world.cluster.change('BlockStorage', 'w', 'v', { metadata: { finalizers: [] } })
        if (volume(world) !== undefined) await world.delete('BlockStorage', 'w', 'v')
        return cloud.adapter.observe(desired, context)
      },
    })
    make(world)
    await world.reconcile('BlockStorage', 'w', 'v')
    await world.run(10_000)
    expect([volume(world), cloud.calls.includes('create')]).toEqual([undefined, false])
  })

  it('is not judged by what the store still says of a kind that is gone', async () => {
    const { world, cloud } = await setUp()
    make(world)
    await world.run(1_000)
    world.cluster.uninstall('blockstorages.storage.secapi.cloud')
    await world.delete('BlockStorage', 'w', 'v')
    await world.run(10_000)
    // Uninstalling leaves the cloud alone.
    expect([volume(world), cloud.objects.size]).toEqual([undefined, 1])
    expect(cloud.calls).not.toContain('delete')
  })
})

it('what vanished in the cloud is made again as another incarnation, and the old id is forgotten before', async () => {
  const { world, cloud } = await setUp({
    create: (desired, context) => {
      const { externalId, incarnation, state } = volume(world)?.status ?? {}
      made.push({ externalId, isRecorded: incarnation === desired.incarnation, state, incarnation })
      return cloud.adapter.create(desired, context)
    },
  })
  const made: object[] = []
  make(world)
  await world.run(1_000)
  cloud.objects.clear()
  await world.run(1_200_000)
  expect(made).toMatchObject([
    { externalId: undefined, isRecorded: true, state: 'creating' },
    { externalId: undefined, isRecorded: true, state: 'updating' },
  ])
  expect(new Set(made.map((one) => (one as { incarnation: string }).incarnation)).size).toBe(2)
  expect(volume(world)?.status).toMatchObject({ state: 'active', externalId: 'c-2' })
  expect(world.announcements).toContainEqual(expect.objectContaining({ object: 'BlockStorage v', reason: 'Recreating' }))
})

describe('what counts as handled', () => {
  it('is the generation and the request that the pass began with, whatever came meanwhile', async () => {
    const { world, cloud } = await setUp({
      observe: async (desired, context) => {
        const seen = await cloud.adapter.observe(desired, context)
        // While the cloud answers, the user asks for more.
        const size = (volume(world)?.spec as { sizeGB: number }).sizeGB
        if (seen !== undefined && size < 8)
          world.cluster.change('BlockStorage', 'w', 'v', {
            spec: { sizeGB: size + 1 },
            metadata: { annotations: { [REQUESTED]: `${size}@x` } },
          })
        return seen
      },
    })
    make(world)
    const seen: [handled: unknown, request: unknown, size: unknown][] = []
    world.cluster.beforeWrite = (write, body) => {
      const { status } = body as { status: { state: string; observedGeneration: number; lastHandledRequest?: string } }
      if (!write.startsWith('status blockstorages') || status.state !== 'active') return
      seen.push([status.observedGeneration, status.lastHandledRequest, JSON.parse([...cloud.objects.values()][0]!.spec).sizeGB])
    }
    await world.run(20_000)
    // Generation g asks for 4 + g GB: none is called handled before the cloud has it.
    for (const [generation, , size] of seen) expect(size).toBe(4 + Number(generation))
    expect(seen.at(-1)).toEqual([4, '7@x', 8])
    expect(volume(world)?.status).toMatchObject({ state: 'active', observedGeneration: 4, lastHandledRequest: '7@x' })
  })

  it('a paused object handles nothing', async () => {
    const { world, cloud } = await setUp()
    make(world, 'v', { annotations: { 'secapi.cloud/paused': 'true' } })
    await world.run(10_000)
    expect(volume(world)?.status?.observedGeneration).toBe(-1)
    expect([cloud.calls, volume(world)?.metadata.finalizers]).toEqual([[], undefined])
    expect(volume(world)?.status?.conditions).toMatchObject([{ type: 'Synced', status: 'False', reason: 'ReconcilePaused' }])
  })

  it('an object in order is looked at again, and not written to', async () => {
    const { world, cloud } = await setUp()
    make(world)
    await world.run(1_000)
    const [before, looks] = [volume(world)?.metadata.resourceVersion, cloud.calls.length]
    await world.run(3_600_000)
    expect(volume(world)?.metadata.resourceVersion).toBe(before)
    expect(cloud.calls.slice(looks)).toEqual(Array.from({ length: 6 }, () => 'observe'))
  })
})

describe('adoption', () => {
  const adopt = { annotations: { [EXTERNAL_ID]: 'c-9' } }
  const stranger = { id: 'c-9', tag: '', incarnation: '', spec: JSON.stringify(VOLUME) }

  it.each([
    ['a tenant that may', ['acme'], 'active'],
    ['a tenant that may not', ['other'], 'pending'],
    ['nobody', [], 'pending'],
  ] as const)('by %s', async (_who, adopters, state) => {
    const plain = plainCloud()
    const refusing: Partial<ResourceAdapter> = {
      observe: (desired, context) =>
        desired.externalId === 'c-9' && !desired.mayAdopt && plain.objects.has('')
          ? Promise.reject(new ProviderError('foreign', 'not ours'))
          : plain.adapter.observe(desired, context),
      create: plain.adapter.create.bind(plain.adapter),
    }
    plain.objects.set('', stranger)
    const { world } = await setUp(refusing, { adopters })
    make(world, 'v', adopt)
    await world.run(10_000)
    expect(plain.calls).not.toContain('create')
    expect(volume(world)?.status?.externalId).toBe(state === 'active' ? 'c-9' : undefined)
    expect(ready(world)?.status).toBe(state === 'active' ? 'True' : 'False')
    // And nobody deletes what was not taken over.
    await world.delete('BlockStorage', 'w', 'v')
    await world.run(60_000)
    expect(state === 'active' || (!plain.calls.includes('delete') && plain.objects.size === 1)).toBe(true)
  })
})

describe('failures', () => {
  it('a conflict is no failure: the pass is done again with the newer object', async () => {
    const { world } = await setUp()
    const reasons: string[] = []
    world.cluster.beforeWrite = (write, body) => {
      if (!write.startsWith('status blockstorages')) return
      const { conditions } = (body as { status: { conditions: { reason: string }[] } }).status
      reasons.push(conditions[0]!.reason)
      if (reasons.length === 1) throw failure(409, 'Conflict')
    }
    make(world)
    await world.run(5_000)
    expect(reasons).toEqual(['Creating', 'Creating', 'Available'])
    expect(volume(world)?.status?.history?.map(({ state }) => state)).toEqual(['active', 'creating', 'pending'])
  })

  it('a create that answers after its time is not lost: what it made is written down', async () => {
    let made = 0
    const { world } = await setUp(
      {
        // A cloud that finds nothing by a tag, and takes longer than anybody waits.
        observe: ({ externalId }) => Promise.resolve(externalId === 'late-1' ? { externalId, status: {}, drift: [] } : undefined),
        create: () => new Promise((resolve) => world.time.later(90_000, () => resolve({ externalId: `late-${++made}` }))),
      },
      { capabilities: { ...CAPABILITIES, BlockStorage: { ...CAPABILITIES.BlockStorage, create: 'plain', settleMs: 60_000 } } },
    )
    make(world)
    await world.run(70_000)
    expect([ready(world)?.status, volume(world)?.status?.externalId]).toEqual(['False', undefined])
    await world.run(60_000)
    expect([ready(world)?.status, volume(world)?.status?.externalId, made]).toEqual(['True', 'late-1', 1])
  })

  it('a bug in an adapter is told in general words, and tried again', async () => {
    let fails = 3
    const { world, cloud } = await setUp({
      observe: (desired, context) =>
        fails-- > 0 ? Promise.reject(new TypeError('token s3cret')) : cloud.adapter.observe(desired, context),
    })
    make(world)
    await world.reconcile('BlockStorage', 'w', 'v')
    expect(ready(world)).toMatchObject({ status: 'False', reason: 'InternalError', message: expect.not.stringContaining('s3cret') })
    await world.run(10_000)
    expect(ready(world)).toMatchObject({ status: 'True' })
  })
})
