import type { Actor, FakeTime } from './time-testing.ts'

/** A moment in the life of a request: it is about to leave, or it was carried out and its answer is about to leave. */
export interface Step {
  /** Counts up over all requests of all processes. */
  readonly index: number
  readonly actor: Gate
  /** `kube patch /apis/…`, `cloud POST /v1/volumes`. */
  readonly what: string
  readonly when: 'leaving' | 'done'
}

export interface GateOptions {
  readonly time: FakeTime
  /** Each way; 0 = there and back at once. */
  readonly latencyMs: number
  /** May kill, freeze or cut the process. */
  readonly onStep: (step: Omit<Step, 'index'>) => void
}

interface Flight {
  isDone: boolean
  isLost: boolean
  readonly fail: (error: () => Error) => void
}

/** All that goes on between a process and the world: what it sends, what it hears, and what becomes of that when it is stopped or dies. */
export class Gate implements Actor {
  readonly #options: GateOptions
  readonly #flights = new Set<Flight>()
  #state: Actor['state'] = 'running'
  /** What waits until the process goes on. */
  #waiting: (() => void)[] = []
  skewMs = 0

  constructor(options: GateOptions) {
    this.#options = options
  }

  get state(): Actor['state'] {
    return this.#state
  }

  /** SIGSTOP: its timers and what it hears wait. What has left arrives, and is answered into the void for now. */
  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen'
  }

  /** SIGCONT: time has gone on without it. */
  resume(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'running'
    for (const work of this.#waiting.splice(0)) this.#options.time.later(0, () => this.awake(work))
  }

  /** SIGKILL: nothing more happens in it. What is on its way arrives, or is lost. */
  kill(onTheWay: 'arrives' | 'lost' = 'lost'): void {
    this.#state = 'dead'
    this.#waiting = []
    if (onTheWay === 'lost') for (const flight of this.#flights) flight.isLost = true
  }

  /** Every connection breaks: what was on its way is lost, what was carried out is not answered. */
  cut(error: () => Error): void {
    for (const flight of this.#flights) {
      flight.isLost ||= !flight.isDone
      flight.fail(error)
    }
  }

  /** Tells the process something, when it is able to hear. */
  hear(work: () => void, delayMs = this.#options.latencyMs): void {
    this.#options.time.later(delayMs, () => this.awake(work))
  }

  /** One request and its answer. `start` is the last thing before it leaves, and may refuse; `work` is done by the other side. */
  async exchange<T>(
    what: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
    start: () => void = () => undefined,
  ): Promise<T> {
    const { time, latencyMs, onStep } = this.#options
    onStep({ actor: this, what, when: 'leaving' })
    if (this.#state !== 'running') await new Promise<void>((resolve) => this.awake(resolve))
    signal?.throwIfAborted()
    start()
    if (latencyMs === 0) return this.#atOnce(what, work)
    return new Promise<T>((resolve, reject) => {
      const end = () => {
        this.#flights.delete(flight)
        signal?.removeEventListener('abort', abort)
      }
      const abort = () => {
        end()
        reject(signal?.reason as Error)
      }
      const back = (settle: () => void) => {
        flight.isDone = true
        onStep({ actor: this, what, when: 'done' })
        time.later(latencyMs, () => this.awake(() => this.#flights.has(flight) && (end(), settle())))
      }
      const flight: Flight = {
        isDone: false,
        isLost: false,
        fail: (error) => {
          end()
          time.later(0, () => this.awake(() => reject(error())))
        },
      }
      this.#flights.add(flight)
      signal?.addEventListener('abort', abort)
      time.later(latencyMs, () => {
        if (!flight.isLost)
          work().then(
            (answer) => back(() => resolve(answer)),
            (error: unknown) => back(() => reject(error as Error)),
          )
      })
    })
  }

  async #atOnce<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      this.#options.onStep({ actor: this, what, when: 'done' })
      if (this.#state !== 'running') await new Promise<void>((resolve) => this.awake(resolve))
    }
  }

  /** Does something in the process as soon as it runs; never when it is dead. */
  awake(work: () => void): void {
    if (this.#state === 'frozen') this.#waiting.push(work)
    else if (this.#state === 'running') this.#options.time.as(this, work)
  }
}
