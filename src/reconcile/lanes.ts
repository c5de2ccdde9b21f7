/** A lane that is not left in this time is given to the next: whoever held it may be gone. */
const LONGEST_MS = 60_000
/** Whose turn it is has this long to come; then anybody may. */
const PROMISED_MS = 5_000

interface Lane {
  holder: string
  until: number
  readonly line: Set<string>
}

/** Writes that a cloud does one after the other anyway are sent one at a time: one key per lane, the others in line (architecture §5). */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #held = new Map<string, string>()
  readonly #now: () => number
  readonly #onFree: (id: string) => void

  /** `onFree` hears of the key whose turn it is. */
  constructor(now: () => number, onFree: (id: string) => void) {
    this.#now = now
    this.#onFree = onFree
  }

  /** Takes the lane; false when another key has it: then `onFree` tells. */
  enter(name: string, id: string): boolean {
    const lane = this.#lanes.get(name)
    if (lane !== undefined && lane.holder !== id && lane.until > this.#now()) {
      lane.line.add(id)
      return false
    }
    const line = lane?.line ?? new Set<string>()
    line.delete(id)
    if (lane !== undefined) this.#held.delete(lane.holder)
    this.#lanes.set(name, { holder: id, until: this.#now() + LONGEST_MS, line })
    this.#held.set(id, name)
    return true
  }

  /** The key's writes are done. */
  leave(id: string): void {
    const name = this.#held.get(id)
    const lane = name === undefined ? undefined : this.#lanes.get(name)
    this.#held.delete(id)
    if (name === undefined || lane === undefined || lane.holder !== id) return
    const [next] = lane.line
    if (next === undefined) {
      this.#lanes.delete(name)
      return
    }
    // It is next, whoever asks first: one whose changes follow each other closely would never let the others in.
    lane.line.delete(next)
    lane.holder = next
    lane.until = this.#now() + PROMISED_MS
    this.#held.set(next, name)
    this.#onFree(next)
  }
}
