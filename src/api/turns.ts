import type { Caller } from './contract.ts'

/** What work may take before others come first: usual work ends within. */
const FIRST_MS = 1
/** Longest stretch after that. */
const SLICE_MS = 4

/**
 * Long computations take turns, so that none holds up the process: one slice for each round of the event loop, and the owners of the
 * work one after the other, however much work each of them has.
 */
export class Turns {
  /** In the order in which owners get their turn. */
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Runs the work to its end. It pauses at its `yield`s, and only there, when its time is up. */
  async run<T>(owner: string, work: Iterator<void, T, void>): Promise<T> {
    // Who has long work under way already begins no more beside it.
    if (this.#waiting.has(owner)) await this.#turn(owner)
    let until = performance.now() + FIRST_MS
    for (;;) {
      const step = work.next()
      if (step.done === true) return step.value
      if (performance.now() < until) continue
      await this.#turn(owner)
      until = performance.now() + SLICE_MS
    }
  }

  #turn(owner: string): Promise<void> {
    if (this.#waiting.size === 0) setImmediate(() => this.#next())
    const { promise, resolve } = Promise.withResolvers<void>()
    const queue = this.#waiting.get(owner)
    if (queue === undefined) this.#waiting.set(owner, [resolve])
    else queue.push(resolve)
    return promise
  }

  #next(): void {
    const [first] = this.#waiting
    if (first === undefined) return
    const [owner, queue] = first
    this.#waiting.delete(owner)
    const go = queue.shift()
    if (queue.length > 0) this.#waiting.set(owner, queue)
    // The slice runs right after this callback, the next one in the next round.
    if (this.#waiting.size > 0) setImmediate(() => this.#next())
    go?.()
  }
}

/** Of the process: it has one event loop. */
export const turns = new Turns()

/** Whose turn it is. */
export const ownerOf = (caller: Caller): string => (caller.door === 'direct' ? `direct ${caller.subject}` : `aggregated ${caller.username}`)

/** The same without pauses, for who has the process to itself. */
export function ended<T>(work: Iterator<void, T, void>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
