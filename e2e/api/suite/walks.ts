import { setTimeout as sleep } from 'node:timers/promises'

/** Walks that begin by themselves, a few at a time and one after the other, and are asked for their outcome later. */
export class Walks {
  readonly #limit: number
  readonly #apartMs: number
  readonly #waiting: { walk: () => Promise<void>; end: (outcome: Promise<void>) => void }[] = []
  readonly #outcomes = new Map<string, Promise<void>>()

  constructor(limit: number, apartMs: number) {
    this.#limit = limit
    this.#apartMs = apartMs
  }

  add(name: string, walk: () => Promise<void>): void {
    const { promise, resolve } = Promise.withResolvers<void>()
    // Whoever asks for the outcome hears of a failure; nobody else need.
    promise.catch(() => undefined)
    this.#outcomes.set(name, promise)
    this.#waiting.push({ walk, end: resolve })
  }

  /** Resolves when all have ended. */
  async begin(): Promise<void> {
    const walkers: Promise<void>[] = []
    for (let count = 0; count < this.#limit; count++) {
      walkers.push(this.#work())
      await sleep(this.#apartMs)
    }
    await Promise.all(walkers)
  }

  /** Throws what the walk threw. */
  outcome(name: string): Promise<void> {
    return this.#outcomes.get(name) ?? Promise.reject(new Error(`there is no walk ${name}`))
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const outcome = next.walk()
      next.end(outcome)
      await outcome.catch(() => undefined)
    }
  }
}
