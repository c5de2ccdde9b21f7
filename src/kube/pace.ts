/** Writes at a time at the most: no more than reconciles of one account. */
const MOST = 16
/** At the least: who writes all day must not hold up the controllers for good, and the id of what a cloud just made has to get through. */
const LEAST = 4
/** A write is slow when it took this many times what one takes while nothing else goes on, */
const SLOW = 5
/** and at least this long. */
const SLOW_MS = 25
const DECREASE = 0.7
/** In this time, what a write takes at the least is believed to have doubled, unless one showed it: a cluster may have become slower for good. */
const FORGET_MS = 600_000

/**
 * Writes at a time that follow the apiserver's latency: one more for each round of quick ones, a third less for a slow one (additive
 * increase, multiplicative decrease, by delay as in TCP Vegas). Clients whose requests the same apiserver serves come first then: what
 * controllers do may take longer, a user waits. In order of arrival.
 */
export class Pace {
  readonly #now: () => number
  readonly #line = new Set<() => void>()
  #limit = MOST
  #active = 0
  #leastMs = Infinity
  #learntAt = 0
  /** What began before the last decrease tells nothing new. */
  #decreasedAt = -Infinity

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Writes at a time right now. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** Runs a write when it is its turn; rejects with the signal's reason when that comes first. */
  async run<T>(write: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(signal)
    const start = this.#now()
    const wasFull = this.#active >= this.limit
    try {
      return await write()
    } finally {
      this.#active--
      this.#learn(start, wasFull)
      for (const give of this.#line) {
        if (this.#active >= this.limit) break
        this.#line.delete(give)
        this.#active++
        give()
      }
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#active < this.limit && this.#line.size === 0) {
      this.#active++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const give = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#line.delete(give)
        reject(signal?.reason)
      }
      if (signal?.aborted === true) return leave()
      signal?.addEventListener('abort', leave)
      this.#line.add(give)
    })
  }

  #learn(start: number, wasFull: boolean): void {
    const now = this.#now()
    const tookMs = now - start
    this.#leastMs = Math.min(tookMs, this.#leastMs * 2 ** ((now - this.#learntAt) / FORGET_MS))
    this.#learntAt = now
    if (tookMs > Math.max(SLOW * this.#leastMs, SLOW_MS)) {
      if (start < this.#decreasedAt) return
      this.#decreasedAt = now
      this.#limit = Math.max(LEAST, this.#limit * DECREASE)
    } else if (wasFull) this.#limit = Math.min(MOST, this.#limit + 1 / this.#limit)
  }
}
