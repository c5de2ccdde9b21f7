/** Walks that begin at once, a few at a time, and are asked for their outcome later. */
export class Walks {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  readonly #outcomes = new Map<string, Promise<unknown>>()
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  begin(name: string, walk: () => Promise<void>): void {
    const outcome = this.#turn().then(walk)
    this.#outcomes.set(
      name,
      outcome
        .then(
          () => undefined,
          (error: unknown) => error,
        )
        .finally(() => this.#pass()),
    )
  }

  /** Throws what the walk threw. */
  async outcome(name: string): Promise<void> {
    if (!this.#outcomes.has(name)) throw new Error(`${name} never began`)
    const error = await this.#outcomes.get(name)
    if (error !== undefined) throw error as Error
  }

  async #turn(): Promise<void> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
  }

  #pass(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }
}
