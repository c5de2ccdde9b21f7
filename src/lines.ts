const PRIORITIES = ['high', 'normal', 'low'] as const
export type Priority = (typeof PRIORITIES)[number]

/**
 * Of so many turns the last goes to what waited longest, two before it to normal before high, all others by priority. Low never starves, and
 * a long line of low ones, however old, never holds up a high one; what was begun (normal) is finished while a long line of new wishes (high),
 * all of them older, is still begun.
 */
const ROUND = 8
const NORMAL_FIRST: ReadonlySet<number> = new Set([2, 5])
const NORMAL_ORDER = ['normal', 'high', 'low'] as const satisfies readonly Priority[]

/** Who is next. */
interface Next<T> {
  readonly party: string
  readonly item: T
}

/** What waits, by priority; within one, parties take turns, and what one party waits with is first in, first out. Every step is O(1). */
export class Lines<T extends { readonly at: number }> {
  readonly #lines: Record<Priority, Parties<T>>
  /** In this round. */
  #turns = 0

  /** `counts`: whether an item still waits; those that do not are dropped when they come to the front. */
  constructor(counts: (item: T) => boolean) {
    this.#lines = { high: new Parties(counts), normal: new Parties(counts), low: new Parties(counts) }
  }

  push(priority: Priority, party: string, item: T): void {
    this.#lines[priority].push(party, item)
  }

  /** Takes out what is next, of the parties that `may` go on. */
  take(may: (party: string) => boolean = () => true): Next<T> | undefined {
    const isTurnOfOldest = this.#turns === ROUND - 1
    let best: Parties<T> | undefined
    let next: Next<T> | undefined
    for (const priority of NORMAL_FIRST.has(this.#turns) ? NORMAL_ORDER : PRIORITIES) {
      const line = this.#lines[priority]
      const head = line.head(may)
      if (head === undefined || (next !== undefined && !(isTurnOfOldest && head.item.at <= next.item.at))) continue
      best = line
      next = head
    }
    if (best === undefined || next === undefined) return undefined
    best.served(next.party)
    this.#turns = (this.#turns + 1) % ROUND
    return next
  }
}

/** Parties in the order of their turns. A party that may not go on is passed over and keeps its place. */
class Parties<T> {
  readonly #counts: (item: T) => boolean
  readonly #lines = new Map<string, Fifo<T>>()

  constructor(counts: (item: T) => boolean) {
    this.#counts = counts
  }

  push(party: string, item: T): void {
    const line = this.#lines.get(party)
    if (line !== undefined) line.push(item)
    else this.#lines.set(party, new Fifo(item))
  }

  head(may: (party: string) => boolean): Next<T> | undefined {
    for (const [party, line] of this.#lines) {
      const item = line.head(this.#counts)
      if (item === undefined) this.#lines.delete(party)
      else if (may(party)) return { party, item }
    }
    return undefined
  }

  /** The party's first item was taken: it goes to the end of the round. */
  served(party: string): void {
    const line = this.#lines.get(party)
    if (line === undefined) return
    line.shift()
    this.#lines.delete(party)
    if (!line.isEmpty) this.#lines.set(party, line)
  }
}

/** First in, first out, without moving the rest at each step. */
class Fifo<T> {
  #items: T[]
  #start = 0

  constructor(first: T) {
    this.#items = [first]
  }

  get isEmpty(): boolean {
    return this.#start >= this.#items.length
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The first item that still counts; those before it are dropped. */
  head(counts: (item: T) => boolean): T | undefined {
    for (let item = this.#items[this.#start]; item !== undefined; item = this.#items[this.#start]) {
      if (counts(item)) return item
      this.shift()
    }
    return undefined
  }

  shift(): void {
    this.#start++
    if (this.#start > 1_024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    }
  }
}
