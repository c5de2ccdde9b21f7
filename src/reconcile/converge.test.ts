import { describe, expect, test } from 'vitest'
import type { Resource } from '../kinds/resource.ts'
import type { Capability, Desired, Observed } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { type Convergence, converge } from './converge.ts'
import { Memories } from './memory.ts'

interface Made {
  id?: string
  size: number
  busy?: string | undefined
  failed?: string | undefined
  going?: boolean
  part?: string
  twins?: string[]
}

const CAPABILITY: Capability = {
  object: 'own',
  updates: ['size', 'power'],
  replaces: ['zone'],
  create: 'plain',
  lookup: 'tag',
  settleMs: 2_000,
  lane: 'none',
}
const settled = { externalId: 'id-1', incarnation: 'n', state: 'active', observedGeneration: 1 }

/** A cloud of one object, small enough to see through, and a pass over the object that it belongs to. */
function rig(start?: Made, status?: object, options: { capability?: Partial<Capability>; isObserveOnly?: boolean } = {}) {
  const calls: string[] = []
  const drifts: string[] = []
  const clock = { now: 1_000_000 }
  const cloud: { object: Made | undefined; extra: string[]; onUpdate: () => void } = {
    object: start,
    extra: [],
    onUpdate: () => cloud.object && (cloud.object.size = 5),
  }
  const memories = new Memories(() => clock.now)
  const state = { generation: 1, status: status as Record<string, unknown> | undefined }
  const desired = { spec: { size: 5 }, externalId: undefined, mayAdopt: false } as unknown as Desired
  const pass = (): Convergence => ({
    object: {
      metadata: { generation: state.generation },
      spec: { size: 5 },
      ...(state.status && { status: state.status }),
    } as unknown as Resource,
    desired,
    capability: { ...CAPABILITY, ...options.capability },
    memory: memories.of('k', state.status?.['incarnation'] as string | undefined),
    isObserveOnly: options.isObserveOnly === true,
    now: () => clock.now,
    observe: () => {
      calls.push('observe')
      const { object } = cloud
      if (object === undefined) return Promise.resolve(undefined)
      const { id = 'id-1', size, ...rest } = object
      const drift = [...(size === 5 ? [] : ['size']), ...cloud.extra]
      return Promise.resolve({ externalId: id, status: { size }, drift, ...rest } as Observed)
    },
    create: ({ incarnation }) => {
      calls.push(`create ${incarnation}`)
      cloud.object = { size: 5 }
      return Promise.resolve({ externalId: 'id-1' })
    },
    update: (_desired, { drift }) => {
      calls.push(`update ${drift.join()}`)
      cloud.onUpdate()
      return Promise.resolve()
    },
    delete: ({ externalId }) => {
      calls.push(`delete ${externalId}`)
      return Promise.resolve()
    },
    unmet: undefined,
    doubtMs: () => 0,
    begin: () => Promise.resolve({ ...desired, incarnation: 'n1' }),
    onDrift: (paths) => void drifts.push(...paths),
    onTwin: (id) => void drifts.push(`twin ${id}`),
  })
  const run = (extra: Partial<Convergence> = {}) => converge({ ...pass(), ...extra })
  return { cloud, calls, drifts, clock, state, run }
}

test('makes what is missing, after the incarnation was written', async () => {
  const { run, calls } = rig()
  expect(await run()).toMatchObject({ state: 'active', isSynced: true, externalId: 'id-1', incarnation: 'n1', own: { size: 5 } })
  expect(calls).toEqual(['observe', 'create n1', 'observe'])
})

test('what is there and right costs one look', async () => {
  const { run, calls } = rig({ size: 5 }, settled)
  expect(await run()).toMatchObject({ state: 'active', isSynced: true })
  expect(calls).toEqual(['observe'])
})

describe('not found', () => {
  test('proves nothing while a call may be on the road', async () => {
    const { run, calls } = rig(undefined, { incarnation: 'n', state: 'creating' })
    expect(await run({ doubtMs: () => 30_000 })).toMatchObject({ state: 'creating', isPolled: true, againMs: 5_000 })
    expect(calls).toEqual(['observe'])
  })

  test('is asked again where creating again answers the same object', async () => {
    const { run, calls } = rig(undefined, { incarnation: 'n', state: 'creating' }, { capability: { create: 'idempotent' } })
    await run({ doubtMs: () => 30_000 })
    expect(calls).toEqual(['observe', 'create n1', 'observe'])
  })

  test('of an object with an id, not even then: a new one would be another', async () => {
    const { run, calls } = rig(undefined, settled, { capability: { create: 'idempotent' } })
    expect(await run({ doubtMs: () => 1_000 })).toMatchObject({ state: 'updating', isPolled: true, againMs: 1_000 })
    expect(calls).toEqual(['observe'])
  })

  test('an object to adopt has to be there', async () => {
    const { run, cloud } = rig()
    const desired = { spec: { size: 5 }, externalId: 'id-9', mayAdopt: true } as unknown as Desired
    await expect(run({ desired })).rejects.toThrow('no object "id-9" to adopt')
    expect(cloud.object).toBeUndefined()
  })
})

describe('differences', () => {
  test('are put right, and told', async () => {
    const { run, drifts, cloud } = rig({ size: 4 }, settled)
    expect(await run()).toMatchObject({ state: 'active', didUpdate: true })
    expect([drifts, cloud.object?.size]).toEqual([['size'], 5])
  })

  test('of what was found by its tag wait until all that the object names is known; of what was just made they do not', async () => {
    const unmet = { reason: 'ReferenceNotFound', message: 'spec.a: not there yet' }
    const found = rig({ size: 4 })
    // Usable all the same: what it names may itself wait for it.
    expect(await found.run({ unmet })).toMatchObject({ ...unmet, state: 'updating', isSynced: false, externalId: 'id-1' })
    expect(found.calls).toEqual(['observe'])
    expect(await found.run()).toMatchObject({ state: 'active', didUpdate: true })
    expect(await rig({ size: 5 }).run({ unmet })).toMatchObject({ state: 'active', isSynced: true })
    const made = rig()
    made.cloud.extra = ['power']
    made.cloud.onUpdate = () => void (made.cloud.extra = [])
    expect(await made.run({ unmet })).toMatchObject({ state: 'active', didUpdate: true })
  })

  test('of a changed spec are no drift', async () => {
    const { run, drifts } = rig({ size: 4 }, { ...settled, observedGeneration: 0 })
    expect(await run()).toMatchObject({ state: 'active', didUpdate: true })
    expect(drifts).toEqual([])
  })

  test('that need an order are put right one after the other, in one pass', async () => {
    const { run, cloud, calls } = rig({ size: 4 }, settled)
    cloud.extra = ['power']
    cloud.onUpdate = () => {
      if (cloud.extra.length > 0) cloud.extra = []
      else cloud.object!.size = 5
    }
    expect(await run()).toMatchObject({ state: 'active', isSynced: true })
    expect(calls).toEqual(['observe', 'update size,power', 'observe', 'update size', 'observe'])
  })

  test('keep what one step asked to keep, for the next one and whatever becomes of that', async () => {
    const { run, cloud } = rig({ size: 4 }, settled)
    cloud.extra = ['power']
    const given: unknown[] = []
    const update = (refusal?: ProviderError) => (desired: Desired) => {
      given.push(desired.handle)
      if (given.length > 1 && refusal !== undefined) return Promise.reject(refusal)
      if (given.length > 1) cloud.object!.size = 5
      cloud.extra = []
      return Promise.resolve(given.length > 1 ? undefined : { handle: { done: 'power' } })
    }
    const refused = await run({ update: update(new ProviderError('waiting', 'not now')) })
    expect(refused).toMatchObject({ state: 'updating', handle: { done: 'power' }, isRetried: true })
    expect(given).toEqual([undefined, { done: 'power' }])
    given.length = 0
    cloud.extra = ['power']
    expect(await run({ update: update() })).toMatchObject({ isSynced: true, handle: { done: 'power' } })
  })

  test('that no capability lists are refused before a call, with what to do', async () => {
    const { run, cloud, calls } = rig({ size: 5 }, settled)
    cloud.extra = ['colour']
    expect(await run()).toMatchObject({ isStalled: true, reason: 'Unsupported', message: expect.stringContaining('cannot change colour') })
    cloud.extra = ['zone.name']
    expect(await run()).toMatchObject({ isStalled: true, reason: 'Unsupported', message: expect.stringContaining('needs a new object') })
    expect(calls).toEqual(['observe', 'observe'])
  })

  test('are put right as far as can be, before the rest is refused', async () => {
    const { run, cloud, calls } = rig({ size: 4 }, settled)
    cloud.extra = ['zone']
    expect(await run()).toMatchObject({ isStalled: true, message: expect.stringContaining('zone') })
    expect(calls).toEqual(['observe', 'update size', 'observe'])
  })

  test('cannot be put right by an adapter without update', async () => {
    await expect(rig({ size: 4 }, settled).run({ update: undefined })).rejects.toThrow('cannot change size')
  })

  test('are not touched while the cloud is busy', async () => {
    const { run, calls } = rig({ size: 4, busy: 'resizing' }, settled)
    expect(await run()).toMatchObject({ state: 'updating', isPolled: true, message: 'resizing' })
    expect(calls).toEqual(['observe'])
  })
})

describe('a change that the cloud took and did not make', () => {
  test('is looked for, sent again ever later, and called a failure after three tries', async () => {
    const { run, cloud, calls, clock } = rig({ size: 4 }, settled)
    cloud.onUpdate = () => undefined
    const updates = () => calls.filter((one) => one.startsWith('update')).length
    expect(await run()).toMatchObject({ state: 'updating', isPolled: true })
    expect(await run()).toMatchObject({ state: 'updating', isPolled: true })
    expect(updates()).toBe(1)
    clock.now += 7_000
    await run()
    expect(updates()).toBe(2)
    clock.now += 7_000
    await run()
    expect(updates()).toBe(2)
    clock.now += 7_000
    expect(await run()).toMatchObject({ isStalled: true, reason: 'Rejected', message: expect.stringContaining('after 3 tries') })
  })

  test('what the cloud did not take is no try: it was not its turn', async () => {
    const { run, cloud, calls } = rig({ size: 4 }, settled)
    cloud.onUpdate = () => {
      throw new ProviderError('waiting', 'locked')
    }
    for (let turn = 0; turn < 5; turn++) await expect(run()).rejects.toMatchObject({ failure: 'waiting' })
    cloud.onUpdate = () => (cloud.object = { size: 5 })
    expect(await run()).toMatchObject({ state: 'active', isSynced: true })
    expect(calls.filter((one) => one.startsWith('update'))).toHaveLength(6)
  })

  test('with its reason: told, and not sent again until something changes', async () => {
    const { run, cloud, calls, state } = rig({ size: 4 }, settled)
    cloud.onUpdate = () => (cloud.object!.busy = 'resizing')
    expect(await run()).toMatchObject({ isPolled: true })
    Object.assign(cloud.object!, { busy: undefined, failed: 'no capacity' })
    expect(await run()).toMatchObject({ isStalled: true, message: 'no capacity', own: { size: 4 }, externalId: 'id-1' })
    expect(calls.filter((one) => one.startsWith('update'))).toHaveLength(1)
    state.generation = 2
    cloud.onUpdate = () => Object.assign(cloud.object!, { busy: 'resizing' })
    // The old error is still shown while the new change is under way.
    expect(await run()).toMatchObject({ isPolled: true, message: 'resizing' })
    cloud.object = { size: 5 }
    expect(await run()).toMatchObject({ state: 'active', isSynced: true })
  })
})

describe('a build that failed', () => {
  test('keeps its id and is left alone: nothing is started or changed', async () => {
    const { run, cloud, calls } = rig({ size: 4, failed: 'no valid host' }, { externalId: 'id-1', incarnation: 'n', state: 'creating' })
    cloud.extra = ['power']
    expect(await run()).toMatchObject({ isStalled: true, message: 'no valid host', externalId: 'id-1' })
    expect(calls).toEqual(['observe'])
  })

  test('is removed, and made again, when somebody asks', async () => {
    const { run, calls, state } = rig(
      { size: 4, failed: 'no valid host' },
      { externalId: 'id-1', incarnation: 'n', state: 'error', observedGeneration: 1 },
    )
    expect(await run()).toMatchObject({ isStalled: true })
    state.generation = 2
    expect(await run()).toMatchObject({ state: 'updating', isPolled: true, message: expect.stringContaining('made again') })
    expect(calls).toEqual(['observe', 'observe', 'delete id-1'])
  })
})

describe('with drift: Observe nothing is written to the cloud', () => {
  const observing = (start?: Made, status?: object) => rig(start, status, { isObserveOnly: true })

  test('whoever made the difference', async () => {
    for (const observedGeneration of [0, 1]) {
      const { run, calls, cloud } = observing({ size: 4 }, { ...settled, observedGeneration })
      expect(await run()).toMatchObject({ state: 'active', isSynced: false, sync: { reason: 'Drifted' } })
      cloud.object!.busy = 'resizing'
      await run()
      expect(calls).toEqual(['observe', 'observe'])
    }
  })

  test('not even for what vanished, or was never made', async () => {
    const vanished = observing(undefined, settled)
    expect(await vanished.run()).toMatchObject({ state: 'error', reason: 'Drifted' })
    const never = observing()
    expect(await never.run()).toMatchObject({ state: 'pending', reason: 'Drifted' })
    expect([...vanished.calls, ...never.calls]).toEqual(['observe', 'observe'])
  })
})

test('a part is usable without an object of its own', async () => {
  const { run } = rig({ id: '', size: 5, part: 'made with its instance' }, { incarnation: 'n' })
  expect(await run()).toMatchObject({ state: 'active', message: 'made with its instance', externalId: '', isSynced: true })
})

test('what somebody deletes in the cloud is waited for, not changed', async () => {
  const { run, calls } = rig({ size: 4, going: true }, settled)
  expect(await run()).toMatchObject({ state: 'updating', isPolled: true })
  expect(calls).toEqual(['observe'])
})

test('a twin is removed, and told', async () => {
  const { run, calls, drifts } = rig({ size: 5, twins: ['id-2'] }, settled)
  expect(await run()).toMatchObject({ state: 'active' })
  expect([calls, drifts]).toEqual([['observe', 'delete id-2'], ['twin id-2']])
})

test('what the cloud gave up on is told in its words, with what is known', async () => {
  const { run } = rig({ size: 5, failed: 'disk lost' }, settled)
  expect(await run()).toMatchObject({ isStalled: true, message: 'disk lost', externalId: 'id-1', own: { size: 5 } })
})

test('a provider error is the pass', async () => {
  await expect(rig().run({ create: () => Promise.reject(new ProviderError('quota', 'limit of 5')) })).rejects.toThrow('limit of 5')
})
