/** Lets so many of each owner's calls go at a time; the others wait, first come first served. */
export class Slots {
  readonly #perOwner: number
  /** Calls under way and those that wait, by owner; an owner is here while it has any. */
  readonly #owners = new Map<string, { running: number; readonly waiting: (() => void)[] }>()

  constructor(perOwner: number) {
    this.#perOwner = perOwner
  }

  async take<T>(owner: string, call: () => Promise<T>): Promise<T> {
    let own = this.#owners.get(owner)
    if (own === undefined) this.#owners.set(owner, (own = { running: 0, waiting: [] }))
    if (own.running < this.#perOwner) own.running++
    else {
      const { promise, resolve } = Promise.withResolvers<void>()
      own.waiting.push(resolve)
      await promise
    }
    try {
      return await call()
    } finally {
      const next = own.waiting.shift()
      if (next !== undefined) next()
      else if (--own.running === 0) this.#owners.delete(owner)
    }
  }
}
