import type { Accepted } from '../provider/contract.ts'

/** What is remembered about an object between passes; losing it costs nothing but a delay. Times are the engine's own, in milliseconds. */
export interface Memory {
  /** Failures in a row. */
  failures: number
  busySince: number | undefined
  /** Nonce that the facts below are about. */
  incarnation: string | undefined
  /** Since when this process looks after that incarnation. */
  since: number
  /** End of the last call of this process that changed the cloud object. */
  wroteAt: number | undefined
  /** The cloud said no to the last create: nothing is on the road. */
  isRefused: boolean
  /** This process wrote the incarnation into status itself. */
  isClaimed: boolean
  /** The cloud object was seen on its way out. */
  wasGoing: boolean
  /** What a create answered, until status has it. */
  made: Accepted | undefined
  /** Changes that were sent and did not bring the cloud to what the spec says. */
  change: Change | undefined
  /** When the failed build was last told. */
  failedAt: number | undefined
}

interface Change {
  /** Generation, request and paths of the drift that it was sent for. */
  readonly cause: string
  readonly count: number
  readonly at: number
}

function fresh(now: number, incarnation: string | undefined): Memory {
  return {
    failures: 0,
    busySince: undefined,
    incarnation,
    since: now,
    wroteAt: undefined,
    isRefused: false,
    isClaimed: false,
    wasGoing: false,
    made: undefined,
    change: undefined,
    failedAt: undefined,
  }
}

/** What is known of an object of which nothing is known. */
export const blank = (): Memory => fresh(0, undefined)

/** Memories by queue key. */
export class Memories {
  readonly #all = new Map<string, Memory>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** What is known of a key; facts about another incarnation do not count. */
  of(id: string, incarnation: string | undefined): Memory {
    const known = this.#all.get(id)
    if (known !== undefined && known.incarnation === incarnation) return known
    const memory = { ...fresh(this.#now(), incarnation), ...(known && { failures: known.failures, busySince: known.busySince }) }
    this.#all.set(id, memory)
    return memory
  }

  forget(id: string): void {
    this.#all.delete(id)
  }

  /** Of an object at rest only what is still open is worth its room: what it may be doubted by begins anew with the next look, never earlier. */
  rest(id: string): void {
    const memory = this.#all.get(id)
    if (memory === undefined || memory.made !== undefined || memory.change !== undefined || memory.wasGoing || memory.failures > 0) return
    this.#all.delete(id)
  }

  /** Forgets what is not kept. */
  retain(keep: (id: string) => boolean): void {
    for (const id of this.#all.keys()) if (!keep(id)) this.#all.delete(id)
  }

  get size(): number {
    return this.#all.size
  }

  clear(): void {
    this.#all.clear()
  }
}

/** How long things take in a cloud, in milliseconds. */
export interface Patience {
  /** How long reads may lag behind writes. */
  readonly settleMs: number
  /** The longest time that a call can be on the road after whoever made it stopped waiting. */
  readonly roadMs: number
}

/**
 * For how long "not found" still proves nothing, in milliseconds; 0 = it is believed (architecture §4).
 * Counted by this process alone, from its own last write or its first look: clocks of machines differ, and jump.
 * `isKnown`: an id was recorded, so what is asked for was made for sure, and only reads can lag.
 */
export function doubtMs(memory: Memory, isKnown: boolean, { settleMs, roadMs }: Patience, now: number): number {
  if (memory.wasGoing || memory.incarnation === undefined) return 0
  if (!isKnown && memory.isRefused) return 0
  const from = memory.wroteAt ?? memory.since
  return Math.max(0, from + settleMs + (isKnown ? 0 : roadMs) - now)
}

/** What the cloud does not show yet is looked for this often, at the least, in milliseconds. */
const UNSEEN_MS = 5_000

/** When to look again for what "not found" proves nothing about yet. */
export const unseenMs = (doubt: number): number => Math.min(doubt, UNSEEN_MS)

const FIRST_MS = 5_000
const LONGEST_MS = 6 * 3_600_000

/** When a change that did not work out may be sent again: not before reads have caught up, then ever later. */
export function againAt({ count, at }: { readonly count: number; readonly at: number }, settleMs: number): number {
  return at + Math.min(LONGEST_MS, (FIRST_MS + settleMs) * 2 ** (count - 1))
}
