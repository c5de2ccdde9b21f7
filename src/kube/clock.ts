/** Injected time: monotonic milliseconds, and a sleep that ends early (never rejects) when the signal aborts. */
export interface Clock {
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
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
