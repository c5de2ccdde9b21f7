import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Metrics } from '../../observe/metrics.ts'
import { Refusal } from '../problem.ts'
import { Rate } from './rate.ts'
import { Lane, Turns } from './turns.ts'

/** What one caller may use of the process (architecture §6 "No request costs others"). */
interface ShareLimits {
  readonly requestsPerSecond: number
  /** Requests that come at once after a pause. */
  readonly burst: number
  /** Requests that are worked on at a time. */
  readonly concurrency: number
}

const DEFAULT_LIMITS: ShareLimits = { requestsPerSecond: 200, burst: 400, concurrency: 10 }

/** Longest wait for the rate, and for a turn, before 429. */
const MAX_WAIT_MS = { rate: 2_000, turn: 10_000 } as const
/** Bytes of bodies that are held at a time: for one caller, and in the whole process. */
const MAX_BODIES = { caller: 16 << 20, process: 128 << 20 } as const
/** Refusals of one caller that are held back at a time. */
const MAX_REFUSED = 1_000
/** Callers and addresses that are remembered; one that is forgotten starts anew. */
const MAX_SHARES = 20_000

export interface SharesOptions {
  readonly limits?: ShareLimits
  readonly metrics?: Pick<Metrics, 'apiWaits' | 'apiRefused'>
  readonly now?: () => number
  readonly maxWaitMs?: typeof MAX_WAIT_MS | { readonly rate: number; readonly turn: number }
  readonly maxBodies?: typeof MAX_BODIES | { readonly caller: number; readonly process: number }
}

/** One caller's, or one address's, part of the process. */
export class Share {
  readonly rate: Rate
  readonly lane = new Lane()
  /** Bytes of bodies that are held for it. */
  bytes = 0
  /** Requests whose refusal is still to be told. */
  refused = 0
  constructor(rate: Rate) {
    this.rate = rate
  }
}

/** The parts of all callers, for both doors of a process. */
export class Shares {
  readonly #shares: LRUCache<string, Share>
  readonly #turns: Turns
  readonly #options: Required<Omit<SharesOptions, 'metrics'>> & Pick<SharesOptions, 'metrics'>
  #bytes = 0

  constructor(options: SharesOptions = {}) {
    this.#options = { limits: DEFAULT_LIMITS, now: () => performance.now(), maxWaitMs: MAX_WAIT_MS, maxBodies: MAX_BODIES, ...options }
    this.#turns = new Turns({ concurrency: this.#options.limits.concurrency, now: this.#options.now })
    this.#shares = new LRUCache({ max: MAX_SHARES })
  }

  of(key: string): Share {
    let share = this.#shares.get(key)
    if (share === undefined) {
      const { limits, maxWaitMs } = this.#options
      share = new Share(new Rate({ perSecond: limits.requestsPerSecond, burst: limits.burst }, maxWaitMs.rate))
      this.#shares.set(key, share)
    }
    return share
  }

  /** Waits until the share's rate lets a request through that counts for `cost`; undefined when it does at once. Throws 429. */
  arrive(share: Share, cost = 1): Promise<void> | undefined {
    const waitMs = share.rate.take(this.#options.now(), cost)
    if (waitMs === undefined) return this.#refuseLate(share)
    if (waitMs === 0) return undefined
    this.#options.metrics?.apiWaits.observe({ for: 'rate' }, waitMs / 1_000)
    return sleep(waitMs)
  }

  /** Counts what a request turned out to cost besides what it {@link arrive}d with. */
  charge(share: Share, cost: number): void {
    share.rate.charge(this.#options.now(), cost)
  }

  /** Whoever is refused waits as long as who is let through at last, and so does not come again at once; unless too many wait already. */
  async #refuseLate(share: Share): Promise<never> {
    const error = this.#refused('rate')
    if (share.refused >= MAX_REFUSED) throw error
    share.refused++
    await sleep(this.#options.maxWaitMs.rate)
    share.refused--
    throw error
  }

  /** Waits for the share's turn; undefined when it may start at once. Throws 429. What started must {@link leave}. */
  enter(share: Share, signal: { onEnd?: () => void }): Promise<void> | undefined {
    const waiting = this.#turns.enter(share.lane)
    if (waiting === undefined) return undefined
    const began = this.#options.now()
    return new Promise((resolve, reject) => {
      const giveUp = (error: Error) => {
        clearTimeout(timer)
        waiting.cancel()
        reject(error)
      }
      const timer = setTimeout(() => giveUp(this.#refused('turn')), this.#options.maxWaitMs.turn)
      signal.onEnd = () => giveUp(new Refusal('InvalidRequest', 'the client has gone'))
      void waiting.started.then(() => {
        clearTimeout(timer)
        delete signal.onEnd
        this.#options.metrics?.apiWaits.observe({ for: 'turn' }, (this.#options.now() - began) / 1_000)
        resolve()
      })
    })
  }

  leave(share: Share): void {
    this.#turns.leave(share.lane)
  }

  /** Counts bytes of a body that are held from now on. Throws 429 or, when all callers together hold too many, 503. */
  hold(share: Share, bytes: number): void {
    const { maxBodies } = this.#options
    if (share.bytes + bytes > maxBodies.caller) throw this.#refused('bodies')
    if (this.#bytes + bytes > maxBodies.process) {
      this.#options.metrics?.apiRefused.inc({ for: 'bodies' })
      throw new Refusal('NotReady', 'too many bodies are on their way at the same time; try again')
    }
    share.bytes += bytes
    this.#bytes += bytes
  }

  letGo(share: Share, bytes: number): void {
    share.bytes -= bytes
    this.#bytes -= bytes
  }

  #refused(what: keyof typeof REASONS): Refusal {
    this.#options.metrics?.apiRefused.inc({ for: what })
    return new Refusal('TooManyRequests', `${REASONS[what]}; try again after Retry-After, and less at a time`, {
      headers: { 'retry-after': '1' },
    })
  }
}

const REASONS = {
  rate: 'these are more requests a second than one caller may make',
  turn: 'too many requests of this caller are under way',
  bodies: 'too many bodies of this caller are on their way at the same time',
} as const
