import type { Metrics } from '../observe/metrics.ts'
import type { Priority } from '../lines.ts'
import { fullJitter } from './clock.ts'
import { heapPop, heapPush } from './heap.ts'
import { type Caps, type Share, Shares } from './shares.ts'

export type { Priority } from '../lines.ts'
export type { Share } from './shares.ts'

export interface QueueOptions {
  readonly name: string
  readonly metrics?: Pick<Metrics, 'queueDepth' | 'queueWait'> | undefined
  readonly random?: () => number
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number }
  /** Whose work a key is; absent: all of it is one party's. Asked at each turn of the key, so it has to be quick. */
  readonly shareOf?: (key: string) => Share
}

/** What a handler is told beside the key. */
export interface Turn {
  readonly priority: Priority
  readonly share: Share
}

interface Entry {
  readonly key: string
  state: 'idle' | 'ready' | 'processing'
  priority: Priority
  /** When it became ready. */
  since: number
  /** Counts up with each placement: lanes and heap hold old placements until they come to the front. */
  turn: number
  /** Added while being processed. */
  dirty: Priority | undefined
  /** Time of the delayed add, if there is one. */
  due: number | undefined
  duePriority: Priority
}

interface Placement {
  readonly entry: Entry
  readonly turn: number
  readonly at: number
}

interface Waiting extends Placement {
  readonly share: Share
}

const RANK: Record<Priority, number> = { high: 0, normal: 1, low: 2 }
/** No retry comes sooner than this part of the backoff's base: full jitter alone would let some storm. */
const FLOOR = 0.25
/** Of an account's workers, one tenant gets at most this part: work that hangs leaves room for others. */
const MOST_OF_ACCOUNT = 0.75
/** Keys under way, whosever they are: far more than any account may have, so that none can use this up. */
const CEILING = 4_096
const NOBODYS: Share = { account: '', tenant: '' }

/**
 * Keys to work on, each at most once and by one worker at a time. A key added while it is processed runs again
 * afterwards; of several delayed adds the earliest counts; the start of processing makes earlier adds moot. Every account has workers of
 * its own (architecture §4 "Accounts"): one whose work hangs holds up nobody else's.
 */
export class WorkQueue {
  readonly #name: string
  readonly #metrics: QueueOptions['metrics']
  readonly #random: () => number
  readonly #now: () => number
  readonly #backoff: { readonly baseMs: number; readonly maxMs: number }
  readonly #shareOf: ((key: string) => Share) | undefined
  readonly #entries = new Map<string, Entry>()
  readonly #failures = new Map<string, number>()
  readonly #shares = new Shares<Waiting>(isCurrentReady)
  #delayed: Placement[] = []
  #delayedCount = 0
  #depth = 0
  #timer: { handle: NodeJS.Timeout; at: number } | undefined
  #pump: (() => void) | undefined
  #isOpen = true

  constructor(options: QueueOptions) {
    this.#name = options.name
    this.#metrics = options.metrics
    this.#random = options.random ?? Math.random
    this.#now = options.now ?? (() => performance.now())
    this.#backoff = options.backoff ?? { baseMs: 500, maxMs: 300_000 }
    this.#shareOf = options.shareOf
  }

  /** Keys that are ready and not being processed. */
  get depth(): number {
    return this.#depth
  }

  /** Takes nothing any more and forgets what waits, until `open`: for a standby, whose list would only grow. */
  close(): void {
    this.#isOpen = false
    for (const entry of this.#entries.values()) {
      entry.dirty = entry.due = undefined
      if (entry.state !== 'processing') this.#entries.delete(entry.key)
    }
    this.#shares.clear()
    this.#delayed = []
    this.#delayedCount = 0
    this.#failures.clear()
    this.#count(-this.#depth)
  }

  open(): void {
    this.#isOpen = true
  }

  /** Forgets what waits and is not kept; what is worked on ends, and is not begun again. */
  retain(keep: (key: string) => boolean): void {
    for (const entry of this.#entries.values()) {
      if (keep(entry.key)) continue
      this.#undelay(entry)
      entry.dirty = undefined
      this.#failures.delete(entry.key)
      if (entry.state === 'processing') continue
      if (entry.state === 'ready') this.#count(-1)
      // Its placements are none any more.
      entry.state = 'idle'
      this.#entries.delete(entry.key)
    }
  }

  /** Whether the key is worked on, waits, or will at some time. */
  has(key: string): boolean {
    return this.#entries.has(key)
  }

  add(key: string, options: { priority?: Priority; afterMs?: number } = {}): void {
    if (!this.#isOpen) return
    const priority = options.priority ?? 'normal'
    const entry = this.#entry(key)
    if (options.afterMs !== undefined && options.afterMs > 0) this.#delay(entry, this.#now() + options.afterMs, priority)
    else if (entry.state === 'processing') entry.dirty = entry.dirty === undefined ? priority : better(entry.dirty, priority)
    else this.#ready(entry, priority)
  }

  /** Adds the key after a backoff that grows with each call until `forget`, and not before `atLeastMs`. Returns the delay in milliseconds. */
  retry(key: string, atLeastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0
    if (this.#isOpen) this.#failures.set(key, failures + 1)
    const afterMs = atLeastMs + Math.max(1, FLOOR * this.#backoff.baseMs, fullJitter(failures, this.#backoff, this.#random))
    this.add(key, { afterMs })
    return afterMs
  }

  /** The key is well: its backoff begins anew. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /**
   * Works until the signal aborts and the running handlers are done. A handler that throws is tried again with backoff. `workers`: how many
   * keys of one account are worked on at a time.
   */
  async run(handler: (key: string, turn: Turn) => Promise<void>, options: { workers: number; signal: AbortSignal }): Promise<void> {
    const { workers, signal } = options
    if (this.#pump !== undefined) throw new Error(`queue ${this.#name} is running already`)
    const finished = Promise.withResolvers<void>()
    const caps = { account: workers, tenant: this.#shareOf === undefined ? workers : Math.max(1, Math.floor(workers * MOST_OF_ACCOUNT)) }
    let active = 0
    const work = async ({ entry, share }: Waiting) => {
      try {
        await handler(entry.key, { priority: entry.priority, share })
      } catch {
        this.retry(entry.key)
      }
      active--
      this.#shares.done(share)
      this.#done(entry)
      pump()
    }
    const pump = () => {
      while (active < CEILING && !signal.aborted) {
        const next = this.#take(caps)
        if (next === undefined) break
        active++
        void work(next)
      }
      if (signal.aborted && active === 0) finished.resolve()
    }
    this.#pump = pump
    signal.addEventListener('abort', pump)
    this.#schedule()
    pump()
    await finished.promise
    signal.removeEventListener('abort', pump)
    this.#pump = undefined
    clearTimeout(this.#timer?.handle)
    this.#timer = undefined
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { key, state: 'idle', priority: 'normal', since: 0, turn: 0, dirty: undefined, due: undefined, duePriority: 'normal' }
      this.#entries.set(key, entry)
    }
    return entry
  }

  #ready(entry: Entry, priority: Priority): void {
    this.#undelay(entry)
    if (entry.state === 'ready') {
      if (better(entry.priority, priority) === entry.priority) return
    } else {
      entry.state = 'ready'
      entry.since = this.#now()
      this.#count(1)
    }
    entry.priority = priority
    entry.turn++
    this.#shares.push(priority, { entry, turn: entry.turn, at: entry.since, share: this.#shareOf?.(entry.key) ?? NOBODYS })
    this.#pump?.()
  }

  #delay(entry: Entry, due: number, priority: Priority): void {
    // Ready already: it runs sooner than that.
    if (entry.state === 'ready') return
    entry.duePriority = entry.due === undefined ? priority : better(entry.duePriority, priority)
    if (entry.due !== undefined && entry.due <= due) return
    if (entry.due === undefined) this.#delayedCount++
    entry.due = due
    entry.turn++
    // Most placements are overtaken before their time; a heap of mostly those is made anew.
    if (this.#delayed.length > 2 * this.#delayedCount + 64)
      this.#delayed = this.#delayed.filter(isCurrentDelay).toSorted((a, b) => a.at - b.at)
    heapPush(this.#delayed, { entry, turn: entry.turn, at: due })
    this.#schedule()
  }

  #undelay(entry: Entry): void {
    if (entry.due === undefined) return
    entry.due = undefined
    this.#delayedCount--
  }

  #take(caps: Caps): Waiting | undefined {
    const next = this.#shares.take(caps)
    if (next === undefined) return undefined
    const { entry } = next
    entry.state = 'processing'
    this.#undelay(entry)
    this.#count(-1)
    this.#metrics?.queueWait.observe({ queue: this.#name, priority: entry.priority }, (this.#now() - entry.since) / 1000)
    return next
  }

  #done(entry: Entry): void {
    entry.state = 'idle'
    const dirty = entry.dirty
    entry.dirty = undefined
    if (dirty !== undefined) this.#ready(entry, dirty)
    else if (entry.due === undefined) this.#entries.delete(entry.key)
    else if (entry.due <= this.#now()) this.#ready(entry, entry.duePriority)
  }

  /** One timer, for the earliest delayed add. */
  #schedule(): void {
    let head = this.#delayed[0]
    while (head !== undefined && !isCurrentDelay(head)) {
      heapPop(this.#delayed)
      head = this.#delayed[0]
    }
    if (head === undefined || this.#pump === undefined || (this.#timer !== undefined && this.#timer.at <= head.at)) return
    clearTimeout(this.#timer?.handle)
    // Node turns a delay beyond 2³¹ ms into 1 ms.
    const delayMs = Math.min(Math.max(0, head.at - this.#now()), 2_000_000_000)
    this.#timer = { at: head.at, handle: setTimeout(() => this.#expire(), delayMs) }
  }

  #expire(): void {
    this.#timer = undefined
    const now = this.#now()
    for (let head = this.#delayed[0]; head !== undefined && (head.at <= now || !isCurrentDelay(head)); head = this.#delayed[0]) {
      heapPop(this.#delayed)
      // One that is being processed looks at its own due time when it is done.
      if (isCurrentDelay(head) && head.entry.state === 'idle') this.#ready(head.entry, head.entry.duePriority)
    }
    this.#schedule()
  }

  #count(change: number): void {
    this.#depth += change
    this.#metrics?.queueDepth.set({ queue: this.#name }, this.#depth)
  }
}

function isCurrentReady({ entry, turn }: Placement): boolean {
  return entry.state === 'ready' && entry.turn === turn
}

function isCurrentDelay({ entry, turn }: Placement): boolean {
  return entry.due !== undefined && entry.turn === turn
}

function better(a: Priority, b: Priority): Priority {
  return RANK[a] <= RANK[b] ? a : b
}
