import { Lines, type Priority } from '../lines.ts'
import type { CallContext } from './contract.ts'
import { ProviderError } from './errors.ts'
import { bounded, RETRY_FLOOR_MS } from './retry-after.ts'

export interface Rate {
  readonly requestsPerSecond: number
  /** Requests that may go out at once after a quiet time. */
  readonly burst: number
}

export interface BudgetOptions extends Rate {
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/** One cloud account's requests: how many, in which order, and none while the cloud wants none. */
export interface Budget {
  /** Waits for a turn. Throws `throttled` while the cloud wants no requests for longer than is worth waiting, `transient` when the call is aborted. */
  acquire(context: CallContext): Promise<void>
  /** After a 429: nothing leaves for this long (within bounds, and longer each time in a row), then one request, then no burst. */
  pause(forMs?: number): void
  /** An answer came that was no 429. What its headers say about the cloud's own budget lowers ours; it never raises it. */
  observe(headers: Readonly<Record<string, string | string[] | undefined>>): void
  /** The settings changed. What was used stays used. */
  set(rate: Rate): void
  /** Somebody else may have used all of it just now: nothing is saved up. */
  empty(): void
}

interface Waiter {
  readonly at: number
  isGone: boolean
  go(): void
  fail(error: ProviderError): void
}

/** A pause longer than this is told to the caller instead of being waited for. */
const WAITED_MS = 5_000
/** After a pause, others follow the first request when it was answered, or after this long. */
const PROBE_MS = 5_000

/** A token bucket kept as the time when it is full again (GCRA), with a line in front of it: by priority, and fair among shares. */
export function createBudget({ now = () => performance.now(), ...rate }: BudgetOptions): Budget {
  const lines = new Lines<Waiter>(({ isGone }) => !isGone)
  let stepMs = 0
  let burst = 0
  /** When the bucket is full again. */
  let fullAt = -Infinity
  let pausedUntil = -Infinity
  /** Pauses in a row; until one is followed by an answer. */
  let pauses = 0
  /** The first after a pause has left: others wait until then. */
  let probedUntil: number | undefined
  /** The cloud's own budget was empty: ours stands still until then. */
  let emptyUntil = -Infinity
  let waiting = 0
  let timer: NodeJS.Timeout | undefined

  const readyAt = () => Math.max(fullAt - stepMs * (burst - 1), pausedUntil, probedUntil ?? -Infinity, emptyUntil)

  function set({ requestsPerSecond, burst: atOnce }: Rate): void {
    if (!(requestsPerSecond > 0) || !(atOnce >= 1)) throw new RangeError('requestsPerSecond must be above 0 and burst at least 1')
    stepMs = 1000 / requestsPerSecond
    burst = atOnce
    serve()
  }

  function spend(time: number): void {
    // Nothing is known of the one that went ahead: no reason to wait any longer.
    if (probedUntil !== undefined) resume(time)
    fullAt = Math.max(fullAt, time) + stepMs
    if (pauses > 0) probedUntil = time + PROBE_MS
  }

  function resume(time: number): void {
    pauses = 0
    fullAt = Math.max(fullAt, time + stepMs * (burst - 1))
    probedUntil = undefined
  }

  function serve(): void {
    clearTimeout(timer)
    timer = undefined
    while (waiting > 0) {
      const time = now()
      const inMs = readyAt() - time
      if (inMs > 0) {
        timer = setTimeout(serve, Math.ceil(inMs))
        return
      }
      spend(time)
      lines.take()?.item.go()
    }
  }

  function join(priority: Priority, share: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiter.isGone = true
        waiting--
        signal.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        at: now(),
        isGone: false,
        go() {
          leave()
          resolve()
        },
        fail(error) {
          leave()
          reject(error)
        },
      }
      const onAbort = () => {
        waiter.fail(aborted(signal, true))
        if (waiting === 0) serve()
      }
      signal.addEventListener('abort', onAbort)
      waiting++
      lines.push(priority, share, waiter)
      if (timer === undefined) serve()
    })
  }

  set(rate)
  return {
    set,
    async acquire({ signal, priority = 'normal', share = '' }) {
      if (signal.aborted) throw aborted(signal)
      const time = now()
      if (pausedUntil - time > WAITED_MS) throw throttled(pausedUntil - time)
      if (waiting === 0 && readyAt() <= time) spend(time)
      else await join(priority, share, signal)
    },
    pause(forMs = 0) {
      const time = now()
      // Those that were on the road when it began say the same once more: that is no pause of its own.
      if (time >= pausedUntil) pauses++
      pausedUntil = Math.max(pausedUntil, time + bounded(Math.max(forMs, RETRY_FLOOR_MS * 2 ** (pauses - 1))))
      fullAt = Math.max(fullAt, pausedUntil + stepMs * (burst - 1))
      probedUntil = undefined
      if (pausedUntil - time > WAITED_MS)
        for (let next = lines.take(); next !== undefined; next = lines.take()) next.item.fail(throttled(pausedUntil - time))
      serve()
    },
    observe(headers) {
      const time = now()
      if (probedUntil !== undefined) resume(time)
      const remaining = count(headers['x-ratelimit-remaining']) ?? Infinity
      const tokens = Math.min(burst, remaining, count(headers['x-ratelimit-burst']) ?? Infinity)
      fullAt = Math.max(fullAt, time + stepMs * (burst - tokens))
      if (remaining === 0) emptyUntil = time + RETRY_FLOOR_MS
      serve()
    },
    empty() {
      fullAt = Math.max(fullAt, now() + stepMs * burst)
    },
  }
}

function count(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header[0] : header
  return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined
}

const throttled = (inMs: number) =>
  new ProviderError('throttled', 'the cloud asks for fewer requests: the account waits', { retryAfterMs: Math.ceil(inMs), isHeld: true })

/** What a call that was aborted fails with; `isHeld`: before anything was sent. */
export function aborted(signal: AbortSignal, isHeld = false): ProviderError {
  return new ProviderError('transient', 'the call was cancelled', { cause: signal.reason, isHeld })
}
