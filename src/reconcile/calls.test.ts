import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SecaError } from '../errors.ts'
import { silentLog } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import { ProviderError } from '../provider/errors.ts'
import { call } from './calls.ts'

async function make(
  work: (signal: AbortSignal) => Promise<unknown>,
  { timeoutMs = 10_000, stop = new AbortController(), onLate = (_result: unknown): void | Promise<void> => undefined } = {},
) {
  const metrics = createMetrics()
  const options = { provider: 'sim', kind: 'Nic', signal: stop.signal, timeoutMs, metrics, log: silentLog }
  const result = await call('create', options, ({ signal }) => work(signal), onLate).catch((error: unknown) => error)
  const outcomesNow = async () =>
    [...(await metrics.registry.metrics()).matchAll(/^seca_provider_calls_total\{.*outcome="(\w+)".*\} 1$/gm)].map(([, outcome]) => outcome)
  return { result, outcomes: await outcomesNow(), outcomesNow }
}
const aborted = (reason: Error) => {
  const stop = new AbortController()
  stop.abort(reason)
  return stop
}
const forever = (signal: AbortSignal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')))
  })

describe('a call to a provider', () => {
  it('answers, and is counted', async () => expect(await make(() => Promise.resolve('x'))).toMatchObject({ result: 'x', outcomes: ['ok'] }))

  it('fails as the adapter says', async () => {
    const error = new ProviderError('rejected', 'quota')
    expect(await make(() => Promise.reject(error))).toMatchObject({ result: error, outcomes: ['rejected'] })
    const ours = new SecaError('NotReady', 'x')
    expect(await make(() => Promise.reject(ours))).toMatchObject({ result: ours, outcomes: ['bug'] })
  })

  it('that throws anything else is a bug, whose words are for the log', async () => {
    const { result, outcomes } = await make(() => Promise.reject(new Error('secret')))
    expect([result, outcomes]).toEqual([expect.objectContaining({ code: 'Internal', message: 'the adapter failed unexpectedly' }), ['bug']])
  })

  it('that takes too long is trouble that passes', async () => {
    const { result, outcomes } = await make(forever, { timeoutMs: 20 })
    expect(result).toMatchObject({ failure: 'transient', message: 'the cloud gave no answer within 0.02 s' })
    expect(outcomes).toEqual(['transient'])
  })

  it('that is broken off says why', async () => {
    const stop = new AbortController()
    const going = make(forever, { stop })
    stop.abort(new Error('leadership is lost'))
    expect((await going).result).toMatchObject({ message: 'leadership is lost' })
  })

  it('that ignores its signal is not waited for, and its late answer is not lost', async () => {
    const answer = Promise.withResolvers<unknown>()
    const told = Promise.withResolvers<unknown>()
    const { result, outcomes, outcomesNow } = await make(() => answer.promise, { timeoutMs: 20, onLate: told.resolve })
    expect(result).toMatchObject({ failure: 'transient', message: 'the cloud gave no answer within 0.02 s' })
    expect(outcomes).toEqual(['transient'])
    answer.resolve({ externalId: 'vol-1' })
    expect(await told.promise).toEqual({ externalId: 'vol-1' })
    expect(await outcomesNow()).toEqual(['transient', 'late'])
  })

  it('that ignores the end of leadership is not waited for either', async () => {
    const stop = new AbortController()
    const going = make(() => new Promise(() => undefined), { stop })
    stop.abort(new Error('leadership is lost'))
    expect((await going).result).toMatchObject({ message: 'leadership is lost' })
  })

  it('is not made at all when leadership has ended', async () => {
    const error = new Error('leadership is lost')
    const work = vi.fn<() => Promise<string>>(() => Promise.resolve('x'))
    expect((await make(work, { stop: aborted(error) })).result).toBe(error)
    expect(work).not.toHaveBeenCalled()
  })

  it.each([
    ['fails after its time', () => Promise.reject(new Error('after all')), () => undefined],
    ['answers, and whoever hears of it fails', () => Promise.resolve('x'), () => Promise.reject(new Error('no store'))],
    ['answers, and whoever hears of it throws', () => Promise.resolve('x'), () => expect.unreachable('a listener')],
  ])('that %s harms nobody', async (_what, finish, onLate) => {
    const unhandled = vi.fn<(error: unknown) => void>()
    process.on('unhandledRejection', unhandled)
    onTestFinished(() => void process.off('unhandledRejection', unhandled))
    const over = Promise.withResolvers<void>()
    await make(() => over.promise.then(finish), { timeoutMs: 5, onLate })
    over.resolve()
    // Node tells of unhandled rejections before the next turn of its loop.
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('that throws at once is a bug as well', async () => {
    const { outcomes } = await make(() => {
      throw new TypeError('x is undefined')
    })
    expect(outcomes).toEqual(['bug'])
  })

  it('whose adapter puts a time-out in words of its own is told in ours', async () => {
    const heeds = (signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new ProviderError('transient', 'the call was cancelled'))))
    expect((await make(heeds, { timeoutMs: 5 })).result).toMatchObject({ message: 'the cloud gave no answer within 0.005 s' })
  })
})
