/** Lets a few pieces of work run at a time; others wait in line, as many as there is room for. */
export class Gate {
  readonly #waiting: (() => void)[] = []
  #free: number
  readonly #room: number

  constructor(width: number, room: number) {
    this.#free = width
    this.#room = room
  }

  /** Runs `work` when it is its turn; undefined at once when the line is full. */
  run<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#free === 0 && this.#waiting.length >= this.#room) return undefined
    return this.#run(work)
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // The place is handed on, never free in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
