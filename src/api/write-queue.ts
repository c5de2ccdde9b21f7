import { Refusal } from './problem.ts'

/** Writes that wait for their turn on one object, and the longest that one does (of the 30 s that a write has). */
const MAX_WAITING = 256
const WAIT_MS = 10_000

/** Lets what has the same key go one after another, first come first served. */
export class WriteQueue {
  /** Who waits, by key; a key is here while somebody has its turn. */
  readonly #queues = new Map<string, Set<() => void>>()
  readonly #limits: { readonly waiting: number; readonly waitMs: number }

  constructor(limits: { readonly waiting: number; readonly waitMs: number } = { waiting: MAX_WAITING, waitMs: WAIT_MS }) {
    this.#limits = limits
  }

  /** Keys that somebody has a turn of. */
  get size(): number {
    return this.#queues.size
  }

  /** Does the work in its turn, which ends with it, or with the signal: slow work holds up the others no longer than its own deadline. Throws 503 (`NotReady`) when the turn does not come. */
  async take<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    await this.#wait(key, signal)
    let isMine = true
    const leave = () => {
      if (isMine) this.#next(key)
      isMine = false
    }
    signal.addEventListener('abort', leave)
    try {
      signal.throwIfAborted()
      return await work()
    } finally {
      signal.removeEventListener('abort', leave)
      leave()
    }
  }

  async #wait(key: string, signal: AbortSignal): Promise<void> {
    const queue = this.#queues.get(key)
    if (queue === undefined) {
      this.#queues.set(key, new Set())
      return
    }
    if (queue.size >= this.#limits.waiting) throw busy()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = () => {
      queue.delete(resolve)
      reject(busy())
    }
    queue.add(resolve)
    const timer = setTimeout(giveUp, this.#limits.waitMs)
    signal.addEventListener('abort', giveUp)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
  }

  #next(key: string): void {
    const queue = this.#queues.get(key)
    const next = queue?.values().next().value
    if (next === undefined) {
      this.#queues.delete(key)
      return
    }
    queue?.delete(next)
    next()
  }
}

const busy = () => new Refusal('NotReady', 'too many writes of this resource are waiting for each other; try again')
