/** A map of sets that forgets empty ones: the index of the cloud's lookups. */
export class IndexSet {
  readonly #sets = new Map<string, Set<string>>()

  add(key: string, value: string): void {
    const set = this.#sets.get(key)
    if (set) set.add(value)
    else this.#sets.set(key, new Set([value]))
  }

  delete(key: string, value: string): void {
    const set = this.#sets.get(key)
    if (set?.delete(value) && set.size === 0) this.#sets.delete(key)
  }

  get(key: string): ReadonlySet<string> {
    return this.#sets.get(key) ?? NONE
  }

  clear(): void {
    this.#sets.clear()
  }
}

const NONE: ReadonlySet<string> = new Set()

/** What ends when, earliest first. Latencies are mostly alike, so a new entry belongs at or near the end. */
export class Schedule {
  #entries: { readonly at: number; readonly id: string }[] = []
  #head = 0

  add(at: number, id: string): void {
    let place = this.#entries.length
    while (place > this.#head && (this.#entries[place - 1]?.at ?? 0) > at) place--
    this.#entries.splice(place, 0, { at, id })
  }

  /** Takes out the next entry that is due. */
  next(now: number): string | undefined {
    const entry = this.#entries[this.#head]
    if (!entry || entry.at > now) return undefined
    this.#head++
    if (this.#head > 1000 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    return entry.id
  }
}
