import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../kube/clock.ts'

/** Who acts: a process that may be stopped (its timers wait) or dead (they never fire). */
export interface Actor {
  readonly state: 'running' | 'frozen' | 'dead'
  /** Its wall clock goes ahead of the world's by this much. */
  readonly skewMs: number
}

interface Timer {
  readonly at: number
  readonly ms: number
  readonly seq: number
  readonly actor: Actor | undefined
  readonly fire: () => void
  /** Of an interval. */
  readonly everyMs: number | undefined
}

/** The global functions that know of time. */
const REAL = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  now: Date.now,
  timeout: AbortSignal.timeout,
  random: Math.random,
}
const acting = new AsyncLocalStorage<Actor>()
/** When every world begins. */
const BEGINNING = Date.parse('2026-01-01T00:00:00Z')
/** What `performance.now` begins with: more than the machine is up, so that nobody thinks that it slept. */
const AWAKE_MS = 1e12
/** More timers than this at one moment never end. */
const TOO_MANY = 100_000

/**
 * Time that moves only while it is told to run, for everything in the process: timers, `Date.now`, `performance.now`,
 * `AbortSignal.timeout`, and `Math.random`, which always comes out the same. Between two timers all that is ready runs to its end.
 */
export class FakeTime {
  #now = BEGINNING
  #seq = 0
  readonly #timers = new Map<number, Timer>()
  readonly #handles = new WeakMap<object, number>()
  readonly #random: () => number

  /** Without a seed everything random is in the middle. */
  constructor(seed?: number) {
    this.#random = seed === undefined ? () => 0.5 : randomOf(seed)
  }

  get now(): number {
    return this.#now
  }
  set now(now: number) {
    this.#now = now
  }
  /** Time for code that gets it handed in. */
  readonly clock: Clock = {
    now: () => this.#now - BEGINNING,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        const done = () => {
          this.#timers.delete(timer)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        const timer = this.#add(done, ms)
        signal?.addEventListener('abort', done)
      }),
  }

  /** Runs something as an actor: its timers are the actor's. */
  as<T>(actor: Actor, work: () => T): T {
    return acting.run(actor, work)
  }

  /** Calls back after so long, whoever acts now and whatever becomes of them. */
  later(ms: number, fire: () => void): void {
    acting.exit(() => this.#add(fire, ms))
  }

  /** Takes over the process; answers how to give it back. */
  install(): () => void {
    const set = (fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => this.#handle(this.#add(() => fire(...args), whole(ms)))
    const repeat = (fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      this.#handle(this.#add(() => fire(...args), whole(ms), whole(ms)))
    const clear = (handle?: object) => void this.#timers.delete(this.#handles.get(handle ?? this) ?? 0)
    const wall = () => this.#now + (acting.getStore()?.skewMs ?? 0)
    const timeout = (ms: number) => {
      const controller = new AbortController()
      this.#add(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms)
      return controller.signal
    }
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear, setInterval: repeat, clearInterval: clear })
    Object.assign(Date, { now: wall })
    Object.assign(Math, { random: this.#random })
    Object.assign(AbortSignal, { timeout })
    Object.defineProperty(performance, 'now', { value: () => AWAKE_MS + this.#now - BEGINNING, configurable: true })
    return () => {
      const { setTimeout, clearTimeout, setInterval, clearInterval } = REAL
      Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval })
      Object.assign(Date, { now: REAL.now })
      Object.assign(Math, { random: REAL.random })
      Object.assign(AbortSignal, { timeout: REAL.timeout })
      Reflect.deleteProperty(performance, 'now')
    }
  }

  /** Lets so many milliseconds pass. */
  async run(ms: number): Promise<void> {
    const until = this.#now + ms
    await settled()
    for (let due = this.#next(until), still = 0; due !== undefined; due = this.#next(until)) {
      still = due.timer.at > this.#now ? 0 : still + 1
      if (still > TOO_MANY) throw new Error(`time stands still at ${new Date(this.#now).toISOString()}: timers without delay never end`)
      this.#now = Math.max(this.#now, due.timer.at)
      this.#fire(due.id, due.timer)
      await settled()
    }
    this.#now = Math.max(this.#now, until)
  }

  #fire(id: number, timer: Timer): void {
    this.#timers.delete(id)
    const { actor, fire, everyMs } = timer
    if (actor?.state === 'dead') return
    if (everyMs !== undefined) this.#timers.set(id, { ...timer, at: this.#now + everyMs, seq: ++this.#seq })
    if (actor === undefined) acting.exit(fire)
    else acting.run(actor, fire)
  }

  /** The earliest timer that is due; those of a stopped process wait, however late they are. */
  #next(until: number): { readonly id: number; readonly timer: Timer } | undefined {
    let best: { readonly id: number; readonly timer: Timer } | undefined
    for (const [id, timer] of this.#timers) {
      if (timer.at > until || timer.actor?.state === 'frozen') continue
      if (best === undefined || timer.at < best.timer.at || (timer.at === best.timer.at && timer.seq < best.timer.seq)) best = { id, timer }
    }
    return best
  }

  #add(fire: () => void, ms: number, everyMs?: number): number {
    const seq = ++this.#seq
    this.#timers.set(seq, { at: this.#now + Math.max(0, ms), ms, seq, actor: acting.getStore(), fire, everyMs })
    return seq
  }

  #handle(id: number): NodeJS.Timeout {
    const timer = this.#timers.get(id)
    const refresh = () => {
      if (timer !== undefined && this.#timers.has(id)) this.#timers.set(id, { ...timer, at: this.#now + timer.ms })
      return handle
    }
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => true, refresh }
    this.#handles.set(handle, id)
    return handle as unknown as NodeJS.Timeout
  }
}

/** As Node takes a delay. */
const whole = (ms: number): number => (ms >= 1 ? Math.trunc(ms) : 1)

/** All that is ready has run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
