import type { Metrics } from '../observe/metrics.ts'
import { fullJitter } from './clock.ts'

export type Priority = 'high' | 'normal' | 'low'

export interface QueueOptions {
  readonly name: string
  readonly metrics?: Pick<Metrics, 'queueDepth' | 'queueWait'> | undefined
  readonly random?: () => number
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number }
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

const PRIORITIES = ['high', 'normal', 'low'] as const
const RANK: Record<Priority, number> = { high: 0, normal: 1, low: 2 }
/**
 * So many takes in a row go by priority; the one after goes to the key that waited longest. Low never starves, and a long line of
 * low keys, however old, never holds up a high one.
 */
const BY_PRIORITY = 7

/**
 * Keys to work on, each at most once and by one worker at a time. A key added while it is processed runs again
 * afterwards; of several delayed adds the earliest counts; the start of processing makes earlier adds moot.
 */
export class WorkQueue {
  readonly #name: string
  readonly #metrics: QueueOptions['metrics']
  readonly #random: () => number
  readonly #now: () => number
  readonly #backoff: { readonly baseMs: number; readonly maxMs: number }
  readonly #entries = new Map<string, Entry>()
  readonly #failures = new Map<string, number>()
  readonly #lanes: Record<Priority, Lane> = { high: new Lane(), normal: new Lane(), low: new Lane() }
  #delayed: Placement[] = []
  #delayedCount = 0
  #depth = 0
  /** Since the last one that went to the oldest key. */
  #takes = 0
  #timer: { handle: NodeJS.Timeout; at: number } | undefined
  #pump: (() => void) | undefined
  #isOpen = true

  constructor(options: QueueOptions) {
    this.#name = options.name
    this.#metrics = options.metrics
    this.#random = options.random ?? Math.random
    this.#now = options.now ?? (() => performance.now())
    this.#backoff = options.backoff ?? { baseMs: 500, maxMs: 300_000 }
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
    for (const priority of PRIORITIES) this.#lanes[priority] = new Lane()
    this.#delayed = []
    this.#delayedCount = 0
    this.#failures.clear()
    this.#count(-this.#depth)
  }

  open(): void {
    this.#isOpen = true
  }

  add(key: string, options: { priority?: Priority; afterMs?: number } = {}): void {
    if (!this.#isOpen) return
    const priority = options.priority ?? 'normal'
    const entry = this.#entry(key)
    if (options.afterMs !== undefined && options.afterMs > 0) this.#delay(entry, this.#now() + options.afterMs, priority)
    else if (entry.state === 'processing') entry.dirty = entry.dirty === undefined ? priority : better(entry.dirty, priority)
    else this.#ready(entry, priority)
  }

  /** Adds the key after a backoff that grows with each call until `forget`. Returns the delay in milliseconds. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0
    if (this.#isOpen) this.#failures.set(key, failures + 1)
    const afterMs = Math.max(1, fullJitter(failures, this.#backoff, this.#random))
    this.add(key, { afterMs })
    return afterMs
  }

  /** The key is well: its backoff begins anew. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** Works until the signal aborts and the running handlers are done. A handler that throws is tried again with backoff. */
  async run(handler: (key: string) => Promise<void>, options: { workers: number; signal: AbortSignal }): Promise<void> {
    const { workers, signal } = options
    if (this.#pump !== undefined) throw new Error(`queue ${this.#name} is running already`)
    const finished = Promise.withResolvers<void>()
    let active = 0
    const work = async (entry: Entry) => {
      try {
        await handler(entry.key)
      } catch {
        this.retry(entry.key)
      }
      active--
      this.#done(entry)
      pump()
    }
    const pump = () => {
      while (active < workers && !signal.aborted) {
        const entry = this.#take()
        if (entry === undefined) break
        active++
        void work(entry)
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
    this.#lanes[priority].push({ entry, turn: entry.turn, at: entry.since })
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

  #take(): Entry | undefined {
    const isTurnOfOldest = this.#takes >= BY_PRIORITY
    let best: Lane | undefined
    let bestAt = Number.POSITIVE_INFINITY
    for (const priority of PRIORITIES) {
      const lane = this.#lanes[priority]
      const head = lane.head(isCurrentReady)
      if (head === undefined || (best !== undefined && !(isTurnOfOldest && head.at < bestAt))) continue
      best = lane
      bestAt = head.at
    }
    const entry = best?.shift()?.entry
    if (entry === undefined) return undefined
    this.#takes = isTurnOfOldest ? 0 : this.#takes + 1
    entry.state = 'processing'
    this.#undelay(entry)
    this.#count(-1)
    this.#metrics?.queueWait.observe({ queue: this.#name, priority: entry.priority }, (this.#now() - entry.since) / 1000)
    return entry
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

/** First in, first out, without moving the rest at each step. */
class Lane {
  #items: Placement[] = []
  #start = 0
  push(item: Placement): void {
    this.#items.push(item)
  }
  /** The first item that still counts; those before it are dropped. */
  head(counts: (item: Placement) => boolean): Placement | undefined {
    for (let item = this.#items[this.#start]; item !== undefined; item = this.#items[this.#start]) {
      if (counts(item)) return item
      this.shift()
    }
    return undefined
  }
  shift(): Placement | undefined {
    const item = this.#items[this.#start++]
    if (this.#start > 1_024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    }
    return item
  }
}

function heapPush(heap: Placement[], item: Placement): void {
  let child = heap.push(item) - 1
  while (child > 0) {
    const parent = (child - 1) >> 1
    const above = heap[parent]
    if (above === undefined || above.at <= item.at) break
    heap[child] = above
    child = parent
  }
  heap[child] = item
}

function heapPop(heap: Placement[]): void {
  const item = heap.pop()
  if (item === undefined || heap.length === 0) return
  let parent = 0
  for (;;) {
    let child = 2 * parent + 1
    let below = heap[child]
    if (below === undefined) break
    const right = heap[child + 1]
    if (right !== undefined && right.at < below.at) {
      child++
      below = right
    }
    if (below.at >= item.at) break
    heap[parent] = below
    parent = child
  }
  heap[parent] = item
}
