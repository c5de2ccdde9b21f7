import type { Share, Shares } from './shares.ts'

/** What one request has of its caller's share, from its arrival until its work is done and its answer sent, or its client gone. */
export class Visit {
  /** Requests that it counts for. */
  readonly cost: number
  readonly #shares: Shares
  #share: Share
  #bytes = 0
  #work: 'not begun' | 'under way' | 'done' = 'not begun'
  #isOver = false
  readonly #wait: { onEnd?: () => void } = {}

  constructor(shares: Shares, share: Share, cost = 1) {
    this.#shares = shares
    this.#share = share
    this.cost = cost
  }

  /** From now on it is this one's; waits for its rate. Throws 429. */
  arrive(share: Share): Promise<void> | undefined {
    this.#share = share
    return this.#shares.arrive(share, this.cost)
  }

  /** Counts what was not known when it arrived. */
  charge(cost: number): void {
    if (cost > 0) this.#shares.charge(this.#share, cost)
  }

  /** Counts bytes of the body. Throws 429 or 503. */
  hold(bytes: number): void {
    if (this.#isOver) return
    this.#shares.hold(this.#share, bytes)
    this.#bytes += bytes
  }

  /** Waits for the share's turn; undefined when it has come. Throws 429, and when the client has gone. What began must be {@link finish}ed. */
  turn(): Promise<void> | undefined {
    if (this.#isOver) return undefined
    const begin = () => void (this.#work = 'under way')
    const waiting = this.#shares.enter(this.#share, this.#wait)
    if (waiting !== undefined) return waiting.then(begin)
    begin()
    return undefined
  }

  /** The work is done. */
  finish(): void {
    this.#work = 'done'
    this.#release()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The answer has left, or the client has gone: which does not end the work, since what was begun is finished. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#wait.onEnd?.()
    this.#release()
  }

  #release(): void {
    if (!this.#isOver || this.#work === 'under way') return
    this.#shares.letGo(this.#share, this.#bytes)
    if (this.#work === 'done') this.#shares.leave(this.#share)
  }
}
