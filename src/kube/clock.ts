import { uptime } from 'node:os'

/** Injected time: monotonic milliseconds, and a sleep that ends early (never rejects) when the signal aborts. */
export interface Clock {
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The two clocks part by more than this when the machine slept, or when somebody set the wall clock. */
const PARTED_MS = 500

/** What a machine's clocks say, in milliseconds. */
interface Clocks {
  /** Never set, but stands still while the machine sleeps. */
  awake(): number
  /** Goes on while the machine sleeps. */
  bootMs(): number
  /** May be set by anybody. Absent: the uptime is asked at each look. */
  wall?(): number
}

const AWAKE: Clocks = { awake: () => performance.now(), bootMs: () => uptime() * 1000 }

/**
 * Monotonic milliseconds that go on while the machine sleeps, which `performance.now()` does not: a lease, or data that may only
 * be so old, must not look fresh after that. The operating system's uptime knows (on Linux it counts suspend), but costs 10 µs: with a
 * wall clock, it is asked when that hints at it.
 */
export function suspendAware(clocks: Clocks): () => number {
  const { wall } = clocks
  // The uptime before the other: a stop between the two looks like less sleep, never like more than there was.
  const aheadMs = () => clocks.bootMs() - clocks.awake()
  const booted = aheadMs()
  let parted = wall === undefined ? undefined : wall() - clocks.awake()
  let asleep = 0
  return () => {
    if (wall === undefined) asleep = Math.max(asleep, aheadMs() - booted)
    else {
      const now = wall() - clocks.awake()
      if (parted === undefined || Math.abs(now - parted) > PARTED_MS) {
        parted = now
        asleep = Math.max(asleep, aheadMs() - booted)
      }
    }
    return clocks.awake() + asleep
  }
}

const sleep: Clock['sleep'] = (ms, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })

export const systemClock: Clock = { now: suspendAware({ ...AWAKE, wall: Date.now }), sleep }

/** For what must never look younger than it is, whatever somebody does to the wall clock: asks the uptime at each look. */
export const uptimeClock: Clock = { now: suspendAware(AWAKE), sleep }

/** Full-jitter exponential backoff: a random time up to `base · 2^failures`, capped. */
export function fullJitter(failures: number, options: { baseMs: number; maxMs: number }, random: () => number): number {
  return Math.ceil(random() * Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failures, 30)))
}

/** RFC 3339 with exactly six fractional digits: the apiserver answers 400 to any other number of them in a MicroTime. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z')
}
