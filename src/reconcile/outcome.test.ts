import { describe, expect, it, test } from 'vitest'
import { REQUESTED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { SecaError } from '../errors.ts'
import { type FailureClass, ProviderError } from '../provider/errors.ts'
import { exists, failed, isCurrent, isSettled, isUsable, lacking, paused, waiting } from './outcome.ts'

const object = (status?: object, metadata: object = {}) =>
  ({ metadata: { name: 'a', generation: 2, ...metadata }, spec: {}, ...(status === undefined ? {} : { status }) }) as Resource
const conditions = [{ type: 'Ready', status: 'True', reason: 'PartlyApplied', message: 'rule 3' }]
const SETTLED = { state: 'active', observedGeneration: 2, externalId: 'x', conditions }
const settled = object(SETTLED)
const deletionTimestamp = '2026-01-01T00:00:00Z'

test.each([
  ['settled', settled, true, true],
  ['an older generation', object({ ...SETTLED, observedGeneration: 1 }), false, false],
  ['another state', object({ ...SETTLED, state: 'updating' }), false, false],
  ['a request that is open', object(SETTLED, { annotations: { [REQUESTED]: '2@x' } }), true, false],
  ['a request that was answered', object({ ...SETTLED, lastHandledRequest: '2@x' }, { annotations: { [REQUESTED]: '2@x' } }), true, true],
  ['nothing yet', object(), false, false],
])('%s', (_what, one, isItCurrent, isItSettled) => {
  expect([isCurrent(one), isSettled(one)]).toEqual([isItCurrent, isItSettled])
})

test('others may rely on what is active or updating, and stays', () => {
  const usable = (state: string, metadata = {}) => isUsable(object({ state }, metadata))
  expect(['pending', 'creating', 'active', 'updating', 'deleting', 'error'].filter((state) => usable(state))).toEqual([
    'active',
    'updating',
  ])
  expect(usable('active', { deletionTimestamp })).toBe(false)
  expect([isUsable(object()), exists(object()), exists(settled)]).toEqual([false, false, true])
})

test('waiting: pending before there is anything, updating after; what time does not heal is stalled', () => {
  const problem = { reason: 'R', message: 'm' }
  expect(waiting(object(), problem)).toMatchObject({ state: 'pending', reason: 'R', againMs: 600_000 })
  expect(waiting(settled, { ...problem, againMs: 5 })).toMatchObject({ state: 'updating', againMs: 5 })
  expect(waiting(object(), { ...problem, isFinal: true })).toMatchObject({ state: 'error', isStalled: true })
})

describe('failed', () => {
  const error = (failure: FailureClass, retryAfterMs?: number) =>
    new ProviderError(failure, 'words', retryAfterMs === undefined ? {} : { retryAfterMs })

  it('leaves what was in order as it was, quietly at first', () => {
    const outcome = failed(settled, error('transient'), 1)
    expect(outcome).toMatchObject({
      state: 'active',
      reason: 'PartlyApplied',
      message: 'rule 3',
      isSynced: false,
      isRetried: true,
      isQuiet: true,
    })
    expect(failed(settled, error('transient'), 3)).toMatchObject({
      isQuiet: false,
      sync: { reason: 'ProviderUnavailable', message: 'words' },
    })
  })

  it('does not call a request handled that was not', () => {
    const open = object(SETTLED, { annotations: { [REQUESTED]: '2@x' } })
    expect(failed(open, error('transient'), 5)).toMatchObject({ state: 'updating', isRetried: true })
  })

  it('says how far a new object came', () => {
    expect(failed(object(), error('transient'), 1).state).toBe('pending')
    expect(failed(object({ incarnation: 'n' }), error('transient'), 1).state).toBe('creating')
    expect(failed(object({ externalId: 'x' }), error('transient'), 1).state).toBe('updating')
    expect(failed(object({ externalId: 'x' }, { deletionTimestamp }), error('transient'), 1)).toMatchObject({
      state: 'deleting',
      isRetried: true,
    })
  })

  it('waits as long as the cloud asks, and its own growing delay on top of that', () => {
    expect(failed(settled, error('throttled', 8_000), 1)).toMatchObject({ isRetried: true, againMs: 8_000 })
    expect(failed(object(), error('transient', 8_000), 1)).toMatchObject({ isRetried: true, againMs: 8_000 })
    expect(failed(settled, error('throttled', 0), 1)).toMatchObject({ isRetried: true })
    expect(failed(settled, error('throttled'), 1).isRetried).toBe(true)
  })

  it('comes back when the account says, with no delay of its own that grows, where the account held it back', () => {
    const held = (retryAfterMs?: number) => new ProviderError('transient', 'words', { isHeld: true, ...(retryAfterMs && { retryAfterMs }) })
    expect(failed(object(), held(7_000), 9)).toMatchObject({ state: 'pending', isHeld: true, isRetried: false, againMs: 7_000 })
    expect(failed(settled, held(), 1)).toMatchObject({ state: 'active', isQuiet: true, isHeld: true, isRetried: false, againMs: 1_000 })
    expect(failed(object({ externalId: 'x' }, { deletionTimestamp }), held(5), 1)).toMatchObject({
      state: 'deleting',
      isHeld: true,
      againMs: 5,
    })
  })

  it('waiting is no failure: asked again like a busy cloud', () => {
    expect(failed(settled, error('waiting'), 9)).toMatchObject({ state: 'active', isPolled: true, isRetried: false, isQuiet: true })
  })

  it('a quota stalls, and is asked again in ten minutes', () => {
    expect(failed(settled, error('quota'), 1)).toMatchObject({ isStalled: true, reason: 'QuotaExceeded', againMs: 600_000 })
  })

  it.each(['rejected', 'unsupported', 'foreign'] as const)('%s stalls until something changes', (failure) => {
    expect(failed(settled, error(failure), 1)).toMatchObject({ state: 'error', isStalled: true, againMs: 21_600_000 })
    expect(failed(object(SETTLED, { deletionTimestamp }), error(failure), 1)).toMatchObject({ state: 'deleting', isStalled: true })
  })

  it('credentials stall what needs them, and the account itself', () => {
    expect(failed(object(), error('credentials'), 1)).toMatchObject({ state: 'error', isStalled: true, againMs: 60_000 })
    expect(failed(settled, error('credentials'), 1)).toMatchObject({ state: 'active', isRetried: false, againMs: 60_000 })
    expect(failed(settled, error('credentials'), 1, true)).toMatchObject({ state: 'error', isStalled: true })
    expect(failed(object(SETTLED, { deletionTimestamp }), error('credentials'), 1)).toMatchObject({ state: 'deleting', isStalled: true })
  })

  it('keeps the words of bugs to the log', () => {
    expect(failed(object(), new Error('token s3cret'), 1)).toMatchObject({
      reason: 'InternalError',
      message: expect.not.stringContaining('s3cret'),
    })
    expect(failed(object(), new SecaError('KubernetesUnavailable', 'away'), 1)).toMatchObject({
      reason: 'KubernetesUnavailable',
      message: 'away',
    })
  })
})

describe('what its spec names and is not there', () => {
  const fine = { state: 'active', reason: 'Available', message: '', isSynced: true } as const
  const problem = { reason: 'ReferenceNotFound', message: 'spec.skuRef: gone' }
  const with_ = (status: object, generation = 1) =>
    ({ metadata: { generation }, status: { state: 'active', observedGeneration: 1, ...status } }) as unknown as Resource

  it('leaves an object that was handled as active as it was, and says so', () => {
    expect(lacking(with_({}), fine, problem)).toMatchObject({
      state: 'active',
      reason: 'PartlyApplied',
      message: 'spec.skuRef: gone',
      sync: problem,
    })
  })

  it('holds back a change that just named it', () => {
    expect(lacking(with_({}, 2), fine, problem)).toMatchObject({ state: 'updating', reason: 'ReferenceNotFound' })
  })

  it('does not hold back another change', () => {
    const told = { conditions: [{ type: 'Synced', ...problem }] }
    expect(lacking(with_(told, 2), fine, problem)).toMatchObject({ state: 'active', reason: 'PartlyApplied' })
    expect(lacking(with_({ ...told, state: 'updating' }, 2), fine, problem)).toMatchObject({ state: 'updating' })
  })

  it('holds back only what is newly named, where somebody saw what is', () => {
    const changing = { state: 'updating', conditions: [{ type: 'Ready', reason: 'Updating' }] }
    const waiting = { state: 'updating', conditions: [{ type: 'Ready', reason: problem.reason }] }
    const states = (['same', 'new'] as const).map((naming) =>
      [{}, changing, waiting].map((status) => lacking(with_(status, 2), fine, problem, naming).state),
    )
    expect(states).toEqual([
      ['active', 'active', 'updating'],
      ['updating', 'updating', 'updating'],
    ])
    expect(lacking(with_({}), fine, problem, 'new')).toMatchObject({ state: 'active', reason: 'PartlyApplied' })
  })

  it('says nothing while the cloud is not done', () => {
    const busy = { ...fine, state: 'updating' } as const
    expect(lacking(with_({}), busy, problem)).toBe(busy)
    expect(lacking(with_({}), fine, undefined)).toBe(fine)
  })
})

describe('paused', () => {
  const object = (metadata: object) => ({ metadata, status: { state: 'active' } }) as unknown as Resource
  it('leaves status alone but for saying so', () => {
    expect(paused(object({}))).toMatchObject({ state: 'active', isUnhandled: true, sync: { reason: 'ReconcilePaused' } })
  })
  it('says of a deletion that it waits for this', () => {
    expect(paused(object({ deletionTimestamp: '2026-01-01T00:00:00Z' }))).toMatchObject({
      state: 'deleting',
      reason: 'ReconcilePaused',
      message: expect.stringContaining('the deletion waits'),
    })
  })
})
