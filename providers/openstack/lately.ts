/** How long lists of what a cloud offers are good for, in milliseconds: administrators change them now and then. */
export const OFFERS_MS = 10_000

/** Answers that many ask for at about the same time: asked for once, good for a short while, and a failure is none. */
export class Lately<T> {
  readonly #ms: number
  readonly #now: () => number
  readonly #known = new Map<string, { readonly at: number; readonly answer: Promise<T> }>()

  constructor(ms: number, now: () => number = () => performance.now()) {
    this.#ms = ms
    this.#now = now
  }

  of(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key)
    if (known !== undefined && this.#now() - known.at < this.#ms) return known.answer
    return this.#ask(key, ask)
  }

  /** What is made of an answer; of a new one where one from before does not do: somebody may just have mended that. */
  async made<R>(key: string, ask: () => Promise<T>, make: (answer: T) => R): Promise<R> {
    let isNew = false
    const first = await this.of(key, () => {
      isNew = true
      return ask()
    })
    try {
      return make(first)
    } catch (thrown) {
      if (isNew) throw thrown
      return make(await this.#ask(key, ask))
    }
  }

  #ask(key: string, ask: () => Promise<T>): Promise<T> {
    const answer = ask()
    this.#known.set(key, { at: this.#now(), answer })
    answer.catch(() => this.#known.get(key)?.answer === answer && this.#known.delete(key))
    return answer
  }
}
