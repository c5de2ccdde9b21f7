import { asError, SecaError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { CallContext } from '../provider/contract.ts'
import { type Deadline, deadline, untilAborted } from '../deadline.ts'
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

/**
 * Makes one provider call: with a time limit, counted, and every failure a {@link ProviderError} or an `Internal` error. The limit, and
 * the end of leadership, are the engine's own: an adapter that ignores its signal is not waited for. What it answers afterwards is counted,
 * and handed to `onLate`, since an object may have been made.
 */
export async function call<T>(
  verb: string,
  options: CallOptions,
  make: (context: CallContext) => Promise<T>,
  onLate?: (result: T) => void | Promise<void>,
): Promise<T> {
  const { provider, kind, metrics, timeoutMs } = options
  if (options.signal.aborted) throw asError(options.signal.reason)
  const limit = deadline(options.signal, timeoutMs)
  const stop = metrics.providerTime.startTimer({ provider, verb })
  const going = (async () => make({ signal: limit.signal }))()
  try {
    const result = await untilAborted(going, limit.signal)
    metrics.providerCalls.inc({ provider, kind, verb, outcome: 'ok' })
    return result
  } catch (thrown) {
    if (limit.signal.aborted) void afterwards(verb, options, going, onLate)
    const error = normalise(thrown, limit, options)
    metrics.providerCalls.inc({ provider, kind, verb, outcome: error instanceof ProviderError ? error.failure : 'bug' })
    throw error
  } finally {
    stop()
    limit.end()
  }
}

/** Hears of what nobody waits for any more. Never throws. */
async function afterwards<T>(
  verb: string,
  { provider, kind, metrics, log }: CallOptions,
  going: Promise<T>,
  onLate?: (result: T) => void | Promise<void>,
): Promise<void> {
  try {
    const result = await going
    metrics.providerCalls.inc({ provider, kind, verb, outcome: 'late' })
    log.warn({ kind, provider, verb }, 'a call was answered after its time was over')
    await onLate?.(result)
  } catch (thrown) {
    // Most of all the adapter that heeds its signal.
    log.debug({ kind, provider, verb, err: thrown }, 'a call that nobody waits for any more failed')
  }
}

function normalise(thrown: unknown, limit: Deadline, { signal, timeoutMs, log, kind, provider }: CallOptions): Error {
  if (signal.aborted) return asError(signal.reason)
  if (limit.isOver) return new ProviderError('transient', `the cloud gave no answer within ${timeoutMs / 1000} s`, { cause: thrown })
  if (thrown instanceof SecaError) return thrown
  log.error({ err: thrown, kind, provider }, 'adapter threw something that is no provider error')
  return new SecaError('Internal', 'the adapter failed unexpectedly', { cause: thrown })
}
