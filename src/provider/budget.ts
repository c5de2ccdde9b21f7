import { ProviderError } from './errors.ts'
import type { CallContext } from './contract.ts'

export interface BudgetOptions {
  readonly requestsPerSecond: number
  /** Requests that may go out at once after a quiet time. */
  readonly burst: number
  /** Waits longer than this fail as `throttled` instead, so that one slow account does not hold up the workers. */
  readonly maxWaitMs?: number
  readonly now?: () => number
}

interface Budget {
  /** Waits for a turn. Throws `throttled` when the turn would come too late, `transient` when the call is aborted. */
  acquire(context: CallContext): Promise<void>
  /** After a 429: nothing leaves for this long, and no burst follows. */
  pause(forMs: number): void
}

/** One cloud account's request budget: a token bucket kept as the time when it is full again (GCRA). */
export function createBudget(options: BudgetOptions): Budget {
  const { requestsPerSecond, burst, maxWaitMs = 10_000, now = Date.now } = options
  if (!(requestsPerSecond > 0) || !(burst >= 1)) throw new RangeError('requestsPerSecond must be above 0 and burst at least 1')
  const stepMs = 1000 / requestsPerSecond
  const toleranceMs = stepMs * (burst - 1)
  let fullAt = 0
  let pausedUntil = 0

  return {
    async acquire({ signal }) {
      for (;;) {
        if (signal.aborted) throw aborted(signal)
        const time = now()
        const next = Math.max(fullAt, time)
        const waitMs = Math.max(next - toleranceMs, pausedUntil, time) - time
        if (waitMs > maxWaitMs)
          throw new ProviderError('throttled', 'the request budget of the cloud account is used up', { retryAfterMs: Math.ceil(waitMs) })
        fullAt = next + stepMs
        if (waitMs > 0) await sleep(waitMs, signal)
        // A pause that began meanwhile holds for those in line, too; they queue up again behind it.
        if (pausedUntil <= now()) return
      }
    },
    pause(forMs) {
      pausedUntil = Math.max(pausedUntil, now() + forMs)
      fullAt = Math.max(fullAt, pausedUntil + toleranceMs)
    },
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(aborted(signal))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}

/** What a call that was aborted fails with. */
export function aborted(signal: AbortSignal): ProviderError {
  return new ProviderError('transient', 'the call was cancelled', { cause: signal.reason })
}
