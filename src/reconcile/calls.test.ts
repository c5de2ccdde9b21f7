import { describe, expect, it } from 'vitest'
import { SecaError } from '../errors.ts'
import { silentLog } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import { ProviderError } from '../provider/errors.ts'
import { call } from './calls.ts'

async function make(work: (signal: AbortSignal) => Promise<unknown>, { timeoutMs = 10_000, stop = new AbortController() } = {}) {
  const metrics = createMetrics()
  const options = { provider: 'sim', kind: 'Nic', signal: stop.signal, timeoutMs, metrics, log: silentLog }
  const result = await call('create', options, ({ signal }) => work(signal)).catch((error: unknown) => error)
  const text = await metrics.registry.metrics()
  const outcomes = [...text.matchAll(/^seca_provider_calls_total\{.*outcome="(\w+)".*\} 1$/gm)].map(([, outcome]) => outcome)
  return { result, outcomes }
}
const forever = (signal: AbortSignal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')))
  })

describe('a call to a provider', () => {
  it('answers, and is counted', async () => expect(await make(() => Promise.resolve('x'))).toEqual({ result: 'x', outcomes: ['ok'] }))

  it('fails as the adapter says', async () => {
    const error = new ProviderError('rejected', 'quota')
    expect(await make(() => Promise.reject(error))).toEqual({ result: error, outcomes: ['rejected'] })
    const ours = new SecaError('NotReady', 'x')
    expect(await make(() => Promise.reject(ours))).toEqual({ result: ours, outcomes: ['bug'] })
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
})
