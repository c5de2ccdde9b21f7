import type { Share, Shares } from './shares.ts'

/** What one request has of its caller's share, from its arrival until its answer is sent or its client gone. */
export class Visit {
  readonly #shares: Shares
  #share: Share
  #bytes = 0
  #isRunning = false
  #isOver = false
  readonly #wait: { onEnd?: () => void } = {}

  constructor(shares: Shares, share: Share) {
    this.#shares = shares
    this.#share = share
  }

  /** From now on it is this one's; waits for its rate. Throws 429. */
  arrive(share: Share): Promise<unknown> | undefined {
    this.#share = share
    return this.#shares.arrive(share)
  }

  /** Counts bytes of the body. Throws 429 or 503. */
  hold(bytes: number): void {
    if (this.#isOver) return
    this.#shares.hold(this.#share, bytes)
    this.#bytes += bytes
  }

  /** Waits for the share's turn; undefined when it has come. Throws 429, and when the client has gone. */
  turn(): Promise<void> | undefined {
    if (this.#isOver) return undefined
    const begin = () => void (this.#isRunning = true)
    const waiting = this.#shares.enter(this.#share, this.#wait)
    if (waiting !== undefined) return waiting.then(begin)
    begin()
    return undefined
  }

  get isOver(): boolean {
    return this.#isOver
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#wait.onEnd?.()
    if (this.#bytes > 0) this.#shares.letGo(this.#share, this.#bytes)
    if (this.#isRunning) this.#shares.leave(this.#share)
  }
}
