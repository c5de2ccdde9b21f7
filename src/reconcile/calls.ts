import { asError, SecaError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { CallContext } from '../provider/contract.ts'
import { type Deadline, deadline } from '../deadline.ts'
import { ProviderError } from '../provider/errors.ts'

/** What every call to a provider is made with. */
export interface CallOptions {
  readonly provider: string
  readonly kind: string
  /** Ends with leadership or shutdown. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly metrics: Metrics
  readonly log: Log
}

/** Makes one provider call: with a time limit, counted, and every failure a {@link ProviderError} or an `Internal` error. */
export async function call<T>(verb: string, options: CallOptions, make: (context: CallContext) => Promise<T>): Promise<T> {
  const { provider, kind, metrics, timeoutMs } = options
  const limit = deadline(options.signal, timeoutMs)
  const stop = metrics.providerTime.startTimer({ provider, verb })
  try {
    const result = await make({ signal: limit.signal })
    metrics.providerCalls.inc({ provider, kind, verb, outcome: 'ok' })
    return result
  } catch (thrown) {
    const error = normalise(thrown, limit, options)
    metrics.providerCalls.inc({ provider, kind, verb, outcome: error instanceof ProviderError ? error.failure : 'bug' })
    throw error
  } finally {
    stop()
    limit.end()
  }
}

function normalise(thrown: unknown, limit: Deadline, { signal, timeoutMs, log, kind, provider }: CallOptions): Error {
  if (signal.aborted) return asError(signal.reason)
  if (thrown instanceof SecaError) return thrown
  if (limit.isOver) return new ProviderError('transient', `the cloud gave no answer within ${timeoutMs / 1000} s`, { cause: thrown })
  log.error({ err: thrown, kind, provider }, 'adapter threw something that is no provider error')
  return new SecaError('Internal', 'the adapter failed unexpectedly', { cause: thrown })
}
