import { expect, test } from 'vitest'
import type { Resource } from '../kinds/resource.ts'
import type { Desired, Observed, ResourceAdapter } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { type Convergence, converge } from './converge.ts'

interface Made {
  size: number
  incarnation: string
  busy?: string | undefined
  failed?: string
}

/** A cloud of one object, small enough to see through. */
function cloud(start?: Made) {
  const state: { object: Made | undefined; calls: string[] } = { object: start, calls: [] }
  const wanted = (desired: Desired) => (desired.spec as { size: number }).size
  const adapter: ResourceAdapter = {
    observe: (desired) => {
      state.calls.push('observe')
      const { object } = state
      if (object === undefined) return Promise.resolve(undefined)
      const drift = object.size === wanted(desired) ? [] : ['size']
      const seen: Observed = {
        externalId: 'id-1',
        status: { size: object.size },
        drift,
        busy: object.busy,
        ...(object.failed === undefined ? {} : { failed: object.failed }),
      }
      return Promise.resolve(seen)
    },
    create: (desired) => {
      state.calls.push(`create ${desired.incarnation}`)
      state.object = { size: wanted(desired), incarnation: desired.incarnation }
      return Promise.resolve({ externalId: 'id-1' })
    },
    update: (desired) => {
      state.calls.push('update')
      if (state.object) state.object.size = wanted(desired)
      return Promise.resolve()
    },
    delete: () => Promise.resolve(),
  }
  return { state, adapter }
}

const settled = { externalId: 'id-1', state: 'active', observedGeneration: 1 }

function work(adapter: ResourceAdapter, status: object | undefined, extra: Partial<Convergence> = {}): Convergence & { drifts: string[] } {
  const drifts: string[] = []
  const desired = { spec: { size: 5 }, externalId: undefined, mayAdopt: false } as unknown as Desired
  return {
    drifts,
    object: { metadata: { generation: 1 }, spec: { size: 5 }, ...(status === undefined ? {} : { status }) } as unknown as Resource,
    desired,
    adapter,
    isObserveOnly: false,
    call: (_verb, make) => make({ signal: new AbortController().signal }),
    begin: () => Promise.resolve({ ...desired, incarnation: 'n1' }),
    onDrift: (paths) => drifts.push(...paths),
    ...extra,
  }
}

test('makes what is missing, after the incarnation was written', async () => {
  const { state, adapter } = cloud()
  expect(await converge(work(adapter, undefined))).toMatchObject({
    state: 'active',
    isSynced: true,
    externalId: 'id-1',
    incarnation: 'n1',
    own: { size: 5 },
  })
  expect(state.calls).toEqual(['observe', 'create n1', 'observe'])
})

test('what is there and right costs one look', async () => {
  const { state, adapter } = cloud({ size: 5, incarnation: 'n' })
  expect(await converge(work(adapter, settled))).toMatchObject({ state: 'active', isSynced: true })
  expect(state.calls).toEqual(['observe'])
})

test('drift is put right, and told', async () => {
  const { state, adapter } = cloud({ size: 4, incarnation: 'n' })
  const one = work(adapter, settled)
  expect(await converge(one)).toMatchObject({ state: 'active', didUpdate: true })
  expect(one.drifts).toEqual(['size'])
  expect(state.object?.size).toBe(5)
})

test('a changed spec is no drift', async () => {
  const { adapter } = cloud({ size: 4, incarnation: 'n' })
  const one = work(adapter, { ...settled, observedGeneration: 0 })
  expect(await converge(one)).toMatchObject({ state: 'active', didUpdate: true })
  expect(one.drifts).toEqual([])
})

test('with drift: Observe nothing is changed unless the user changed the spec', async () => {
  const { state, adapter } = cloud({ size: 4, incarnation: 'n' })
  expect(await converge(work(adapter, settled, { isObserveOnly: true }))).toMatchObject({
    state: 'active',
    isSynced: false,
    sync: { reason: 'Drifted' },
  })
  expect(state.object?.size).toBe(4)
  expect(await converge(work(adapter, { ...settled, observedGeneration: 0 }, { isObserveOnly: true }))).toMatchObject({ isSynced: true })
})

test('a busy cloud is waited for, and nothing is changed meanwhile', async () => {
  const { state, adapter } = cloud({ size: 4, incarnation: 'n', busy: 'resizing' })
  expect(await converge(work(adapter, settled))).toMatchObject({ state: 'updating', isPolled: true, message: 'resizing' })
  expect(state.calls).toEqual(['observe'])
})

test('what the cloud gave up on, and what an adapter cannot change, is an error in words', async () => {
  await expect(converge(work(cloud({ size: 5, incarnation: 'n', failed: 'no host found' }).adapter, settled))).rejects.toThrow(
    'no host found',
  )
  const { update: _, ...fixed } = cloud({ size: 4, incarnation: 'n' }).adapter
  await expect(converge(work(fixed, settled))).rejects.toThrow('this provider cannot change size')
})

test('a change that does not stick is asked for again with growing delay', async () => {
  const { adapter } = cloud({ size: 4, incarnation: 'n' })
  expect(await converge(work({ ...adapter, update: () => Promise.resolve() }, settled))).toMatchObject({
    state: 'updating',
    isRetried: true,
  })
})

test('an object to adopt has to be there', async () => {
  const { adapter, state } = cloud()
  const adopting = { ...work(adapter, undefined), desired: { spec: { size: 5 }, externalId: 'id-9', mayAdopt: true } as unknown as Desired }
  await expect(converge(adopting)).rejects.toThrow(ProviderError)
  expect(state.object).toBeUndefined()
})
