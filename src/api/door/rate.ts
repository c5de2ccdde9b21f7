/** How many requests somebody may make: so many a second, and this many at once after a pause. */
interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

/**
 * A leaky bucket in one number (generic cell rate algorithm): the time until which requests are spoken for. Each request is told
 * how long it has to wait, so they go in order without a queue.
 */
export class Rate {
  readonly #intervalMs: number
  readonly #toleranceMs: number
  readonly #maxWaitMs: number
  #spokenForUntil = Number.NEGATIVE_INFINITY

  /** `maxWaitMs`: a request that would have to wait longer is refused. */
  constructor({ perSecond, burst }: RateLimit, maxWaitMs: number) {
    this.#intervalMs = 1_000 / perSecond
    this.#toleranceMs = (burst - 1) * this.#intervalMs
    this.#maxWaitMs = maxWaitMs
  }

  /** Milliseconds that a request which counts for `cost` has to wait (0: none) from `now`; undefined: it is refused, and costs nothing. */
  take(now: number, cost = 1): number | undefined {
    const start = Math.max(this.#spokenForUntil, now)
    const waitMs = Math.max(0, start - now - this.#toleranceMs)
    if (waitMs > this.#maxWaitMs) return undefined
    this.#spokenForUntil = start + cost * this.#intervalMs
    return waitMs
  }

  /** Counts what is known only afterwards: who comes next waits for it. */
  charge(now: number, cost: number): void {
    this.#spokenForUntil = Math.max(this.#spokenForUntil, now) + cost * this.#intervalMs
  }

  /** Gives back what turned out not to count. */
  giveBack(cost = 1): void {
    this.#spokenForUntil -= cost * this.#intervalMs
  }
}
