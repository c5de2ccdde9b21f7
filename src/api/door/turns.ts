/** The requests of one caller: those that run, and those that wait for their turn. */
export class Lane {
  running = 0
  isInRing = false
  /** Milliseconds of the event loop that it has used, on the clock of {@link Turns}. */
  used = 0
  readonly waiting: Waiter[] = []
}

interface Waiter {
  start(): void
  isOver: boolean
}

/** A request that waits; `cancel` takes it out. */
interface Waiting {
  readonly started: Promise<void>
  cancel(): void
}

export interface TurnsOptions {
  /** Requests of one caller that run at a time. */
  readonly concurrency: number
  /** Time of one turn of the event loop that requests may use before further ones queue up. */
  readonly sliceMs?: number
  readonly now?: () => number
}

const SLICE_MS = 10

/**
 * Who runs next when many want to. A caller has at most `concurrency` requests under way; once the event loop's turn is used up,
 * requests queue by caller, and the one goes next whose requests have used least of the loop (fair queueing): who asks for little
 * waits for one request of somebody who asks for much, and not for all of them. While there is time, a request starts at once.
 */
export class Turns {
  readonly #options: Required<TurnsOptions>
  /** Lanes that have somebody waiting and may run one more. */
  readonly #ring: Lane[] = []
  #turnBegan: number | undefined
  #isScheduled = false
  /** One was started, and has not come to do anything yet. */
  #isStarting = false
  /** What the lane had used that was started last: a lane that comes (back) begins here, and brings no credit along. */
  #clock = 0

  constructor(options: TurnsOptions) {
    this.#options = { sliceMs: SLICE_MS, now: () => performance.now(), ...options }
  }

  /** Starts a request of the lane: undefined when it may go at once. Each that started must {@link leave}. */
  enter(lane: Lane): Waiting | undefined {
    if (lane.running === 0 && lane.waiting.length === 0) lane.used = Math.max(lane.used, this.#clock)
    const isFree = lane.running < this.#options.concurrency && lane.waiting.length === 0 && this.#ring.length === 0
    if (isFree && !this.#isStarting && !this.#isUsedUp()) {
      this.#start(lane)
      return undefined
    }
    const { promise: started, resolve } = Promise.withResolvers<void>()
    const waiter = { start: resolve, isOver: false }
    lane.waiting.push(waiter)
    this.#offer(lane)
    return { started, cancel: () => void (waiter.isOver = true) }
  }

  leave(lane: Lane): void {
    lane.running--
    this.#offer(lane)
  }

  /** Many requests may be read at once (streams of HTTP/2): the next one starts when this one has run as far as it goes. */
  #start(lane: Lane): void {
    lane.running++
    this.#isStarting = true
    this.#clock = lane.used
    const began = this.#options.now()
    const ran = () => {
      this.#isStarting = false
      lane.used += this.#options.now() - began
      if (this.#ring.length === 0) return
      if (this.#isUsedUp()) this.#schedule()
      else this.#startNext()
    }
    // Ticks of a microtask come when all promises that are settled by then have been followed: the request's work is among them.
    queueMicrotask(() => process.nextTick(ran))
  }

  #isUsedUp(): boolean {
    const now = this.#options.now()
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now
      this.#schedule()
      return false
    }
    return now - this.#turnBegan > this.#options.sliceMs
  }

  #offer(lane: Lane): void {
    while (lane.waiting[0]?.isOver === true) lane.waiting.shift()
    if (lane.isInRing || lane.waiting.length === 0 || lane.running >= this.#options.concurrency) return
    lane.isInRing = true
    this.#ring.push(lane)
    this.#schedule()
  }

  /** Between two immediates, what came in over the network is read: a newcomer is in the ring before the next one starts. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#turnBegan = undefined
      if (this.#ring.length === 0) return
      this.#turnBegan = this.#options.now()
      this.#startNext()
    })
  }

  #startNext(): void {
    // One that is starting goes on to the next itself.
    while (this.#ring.length > 0 && !this.#isStarting) {
      const lane = this.#ring.reduce((least, other) => (other.used < least.used ? other : least))
      this.#ring.splice(this.#ring.indexOf(lane), 1)
      lane.isInRing = false
      while (lane.waiting[0]?.isOver === true) lane.waiting.shift()
      const waiter = lane.waiting.shift()
      if (waiter === undefined) continue
      this.#start(lane)
      waiter.start()
      this.#offer(lane)
    }
  }
}
