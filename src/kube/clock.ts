import { uptime } from 'node:os'

/** Injected time: monotonic milliseconds, and a sleep that ends early (never rejects) when the signal aborts. */
export interface Clock {
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The two clocks part by more than this when the machine slept, or when somebody set the wall clock. */
const PARTED_MS = 500

/**
 * Monotonic milliseconds that go on while the machine sleeps, which `performance.now()` does not: a lease, or data that may only
 * be so old, must not look fresh after that. The operating system's uptime knows, but costs 10 µs: it is asked when the wall clock hints at it.
 */
export function suspendAware(
  clocks: { awake(): number; wall(): number; bootMs(): number } = {
    awake: () => performance.now(),
    wall: Date.now,
    bootMs: () => uptime() * 1000,
  },
): () => number {
  const booted = clocks.bootMs() - clocks.awake()
  let parted = clocks.wall() - clocks.awake()
  let asleep = 0
  return () => {
    const awake = clocks.awake()
    const now = clocks.wall() - awake
    if (Math.abs(now - parted) > PARTED_MS) {
      parted = now
      asleep = Math.max(asleep, clocks.bootMs() - awake - booted)
    }
    return awake + asleep
  }
}

export const systemClock: Clock = {
  now: suspendAware(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}

/** Full-jitter exponential backoff: a random time up to `base · 2^failures`, capped. */
export function fullJitter(failures: number, options: { baseMs: number; maxMs: number }, random: () => number): number {
  return Math.ceil(random() * Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failures, 30)))
}

/** RFC 3339 with exactly six fractional digits: the apiserver answers 400 to any other number of them in a MicroTime. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z')
}
