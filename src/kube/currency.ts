/** Most questions that wait for their answer at a time; the oldest give way. */
const MAX_OPEN = 8

/**
 * As of when a store is known to hold everything. The proof: a consistent read, begun at a time, told the version of the history,
 * and the store has since got that far. A watch that merely speaks proves less: an apiserver cut off from etcd sends bookmarks too.
 * Times are the caller's, in milliseconds.
 */
export class Currency {
  #asOf = Number.NEGATIVE_INFINITY
  #seen = 0
  /** Consistent reads that the store has not got to yet, oldest first. */
  #open: { readonly version: number; readonly at: number }[] = []

  /** All that was there at this time is in the store, as far as is known. */
  get asOf(): number {
    return this.#asOf
  }

  /** Something proves to be there that the store does not have yet. */
  get isBehind(): boolean {
    return this.#open.length > 0
  }

  /** A consistent read that began at `at` found the history at `version`. */
  told(version: number, at: number): void {
    if (version <= this.#seen) return this.#prove(at)
    this.#open.push({ version, at })
    if (this.#open.length > MAX_OPEN) this.#open.shift()
  }

  /** The store holds everything up to `version`. */
  reached(version: number): void {
    this.#seen = Math.max(this.#seen, version)
    if (this.#open.length === 0) return
    this.#open = this.#open.filter((one) => {
      if (one.version > this.#seen) return true
      this.#prove(one.at)
      return false
    })
  }

  /** The store was filled by a complete, consistent list of `version` that began at `at`: a new history, perhaps. */
  listed(version: number, at: number): void {
    this.#open = []
    this.#seen = version
    this.#prove(at)
  }

  #prove(at: number): void {
    this.#asOf = Math.max(this.#asOf, at)
  }
}
