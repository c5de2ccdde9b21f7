/** For how long nobody has to answer before it is left out: a hiccup of a busy replica is shorter. */
const PATIENCE_MS = 1_000
/** Then it is asked again after this long: a write must not wait for it each time. */
const SILENT_MS = 5_000

interface Misses {
  readonly since: number
  readonly last: number
}

/** Which replicas do not answer at the moment. */
export class Silence {
  readonly #misses = new Map<string, Misses>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  answered(address: string): void {
    this.#misses.delete(address)
  }

  missed(address: string): void {
    const last = this.#now()
    this.#misses.set(address, { since: this.#misses.get(address)?.since ?? last, last })
  }

  /** It has not answered for so long that a write does not wait for it. */
  isLeftOut(address: string): boolean {
    const misses = this.#misses.get(address)
    return misses !== undefined && misses.last - misses.since >= PATIENCE_MS && this.#now() - misses.last < SILENT_MS
  }
}
