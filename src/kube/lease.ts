import { KUBERNETES } from './builtin.ts'
import { asError, SecaError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { KubeClient } from './client.ts'
import { type Clock, microTime, uptimeClock } from './clock.ts'
import { isConflict, isNotFound } from './errors.ts'
import type { KubeObject } from './gvr.ts'

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

export interface LeaseOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Unique per process: two that share one would both lead. */
  readonly identity: string
  readonly log: Log
  /** Others may take over this long after our last renewal. */
  readonly leaseMs?: number
  /** We give up when we could not renew for this long: less than `leaseMs`. */
  readonly renewMs?: number
  readonly retryMs?: number
  /** Work that is still not done this long after leadership ended ends the process; `leaseMs` if absent. */
  readonly graceMs?: number
  readonly clock?: Clock
  readonly random?: () => number
}

/**
 * Work went on long after leadership had ended. What it still does nobody can tell, so this process may neither lead again nor stay:
 * another one takes over, and a new one comes clean.
 */
export class StuckError extends SecaError {
  constructor(name: string, graceMs: number) {
    super(
      'Internal',
      `work under the lease ${name} did not end within ${graceMs / 1000} s after leadership: this process has to end, and be started anew`,
    )
    this.name = 'StuckError'
  }
}

/** Part of the Lease after which leadership is not sure any more: others count with a clock of their own. */
const SURE = 0.9

/**
 * Leads while it holds a Lease, as client-go's elector does: whether another's Lease has expired is judged by how long
 * we saw it unchanged, never by the times written in it, so clocks may differ.
 */
export class LeaseElector {
  readonly #options: Required<Omit<LeaseOptions, 'client' | 'log'>> & Pick<LeaseOptions, 'client' | 'log'>
  #lease: Lease | undefined
  #seenVersion: string | undefined
  #seenAt = 0
  /** When the last renewal that went through was begun. */
  #renewedAt: number | undefined
  #contender: string | undefined
  /** Until then another may lead, whatever becomes of its Lease. */
  #othersUntil = Number.NEGATIVE_INFINITY
  /** Aborted when leadership is lost. */
  #term: AbortController | undefined
  readonly #sureMs: number

  constructor(options: LeaseOptions) {
    const { leaseMs = 15_000, renewMs = 10_000 } = options
    const defaults = { retryMs: 2_000, graceMs: leaseMs, clock: uptimeClock, random: Math.random }
    this.#options = { ...defaults, ...options, leaseMs, renewMs }
    this.#sureMs = Math.min(renewMs, SURE * leaseMs)
  }

  /** How long our leadership is sure to last from now, with a margin; 0 when we do not lead. Counts time that the machine slept. */
  remainingMs(): number {
    if (this.#renewedAt === undefined || this.#term?.signal.aborted !== false) return 0
    return Math.max(0, this.#renewedAt + this.#sureMs - this.#options.clock.now())
  }

  /**
   * Whether we lead for sure, to be asked right before anything is done on the strength of it. When time is up (the process was
   * stopped, the machine slept, the apiserver is away) leadership ends here and now, not at the next renewal.
   */
  holds(): boolean {
    if (this.remainingMs() > 0) return true
    if (this.#term === undefined) return false
    this.#renewedAt = undefined
    this.#term.abort(new SecaError('KubernetesUnavailable', `the lease ${this.#options.name} was lost: another process may lead`))
    return false
  }

  /**
   * Waits for the Lease, then calls `lead`, whose signal aborts when leadership is lost or `signal` aborts. A lost
   * Lease makes it wait again, once `lead` is done. Returns (releasing the Lease) on abort or when `lead` returns, and throws what it
   * throws; a {@link StuckError} when `lead` does not end in time.
   */
  async run(options: { signal: AbortSignal; lead: (signal: AbortSignal) => Promise<void> }): Promise<void> {
    const { signal, lead } = options
    const { clock, retryMs, random, log, name, identity } = this.#options
    while (!signal.aborted) {
      if (!(await this.#attempt(signal))) {
        // Aborted while asking: the answer may have been yes.
        if (signal.aborted) await this.#release()
        await clock.sleep(retryMs * (0.8 + 0.4 * random()), signal)
        continue
      }
      log.info({ lease: name, identity }, 'leading')
      const outcome = await this.#hold(signal, lead)
      log.info({ lease: name, identity, outcome: outcome.lost ? 'lost' : 'released' }, 'no longer leading')
      if (outcome.error !== undefined) throw outcome.error
      if (!outcome.lost) return
    }
  }

  /** Leads until `lead` has returned, whatever happens to the Lease: two never lead because one is slow to stop. */
  async #hold(outer: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<{ lost: boolean; error?: Error }> {
    const term = new AbortController()
    this.#term = term
    const leading = AbortSignal.any([outer, term.signal])
    const done = new AbortController()
    let error: Error | undefined
    const work = (async () => lead(leading))().catch((thrown: unknown) => {
      if (!leading.aborted) error = asError(thrown)
    })
    const renewing = this.#renew(AbortSignal.any([done.signal, term.signal]))
    try {
      await Promise.race([work, this.#overdue(leading, done.signal)])
    } finally {
      done.abort()
      await renewing
      this.#term = undefined
    }
    const lost = term.signal.aborted
    if (!lost) await this.#release()
    return error === undefined ? { lost } : { lost, error }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, retryMs } = this.#options
    while (!signal.aborted) {
      // Never past our own deadline: whoever follows counts on it.
      await clock.sleep(Math.max(1, Math.min(retryMs, this.remainingMs() + 1)), signal)
      // Asked before, too: no renewal brings back the time in which another may have led.
      if (signal.aborted || !this.holds()) return
      await this.#attempt(signal)
      if (!signal.aborted) this.holds()
    }
  }

  /** Throws when leadership has ended, and the work has not a good while later. */
  async #overdue(leading: AbortSignal, done: AbortSignal): Promise<void> {
    const { clock, graceMs, name } = this.#options
    if (!leading.aborted) await new Promise<void>((resolve) => leading.addEventListener('abort', () => resolve(), { once: true }))
    await clock.sleep(graceMs, done)
    if (!done.aborted) throw new StuckError(name, graceMs)
  }

  /** One try to take or renew the Lease; true when it is ours. Never throws. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, clock, renewMs, log } = this.#options
    const startedAt = clock.now()
    // An attempt may not outlast what is left of our own deadline.
    const limitMs = Math.min(renewMs / 2, this.#renewedAt === undefined ? Number.POSITIVE_INFINITY : this.remainingMs() + 1)
    const attempt = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(limitMs))])
    try {
      this.#lease ??= await client.get<Lease>(KUBERNETES.Lease, namespace, name, attempt)
      const holder = this.#observe(this.#lease, startedAt)
      if (holder !== undefined) {
        this.#lease = undefined
        // Somebody else has it: whatever we believed is over.
        this.#renewedAt = undefined
        return false
      }
      this.#lease = await client.replace<Lease>(KUBERNETES.Lease, { ...this.#lease, spec: this.#spec(this.#lease) }, attempt)
    } catch (error) {
      this.#lease = undefined
      if (!isNotFound(error)) {
        if (!signal.aborted && !isConflict(error)) log.warn({ lease: name, reason: asError(error).message }, 'lease not renewed')
        return false
      }
      // Who deletes the Lease of a leader does not stop the leader.
      if (startedAt < this.#othersUntil) return false
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec: this.#spec(undefined) }
      try {
        this.#lease = await client.create<Lease>(KUBERNETES.Lease, namespace, body, attempt)
      } catch (thrown) {
        if (!signal.aborted && !isConflict(thrown)) log.warn({ lease: name, reason: asError(thrown).message }, 'lease not created')
        return false
      }
    }
    this.#renewedAt = startedAt
    return true
  }

  /** Who else holds it, or undefined when it is free, expired or ours. */
  #observe(lease: Lease, now: number): string | undefined {
    const { holderIdentity: holder, leaseDurationSeconds = 0 } = lease.spec ?? {}
    if (lease.metadata.resourceVersion !== this.#seenVersion) {
      this.#seenVersion = lease.metadata.resourceVersion
      this.#seenAt = now
    }
    if (holder === undefined || holder === '' || holder === this.#options.identity) return undefined
    if (holder !== this.#contender) this.#options.log.info({ lease: this.#options.name, holder }, 'another process leads')
    this.#contender = holder
    this.#othersUntil = this.#seenAt + leaseDurationSeconds * 1000
    return now < this.#othersUntil ? holder : undefined
  }

  #spec(lease: Lease | undefined): NonNullable<Lease['spec']> {
    const old = lease?.spec ?? {}
    const now = microTime(Date.now())
    const same = old.holderIdentity === this.#options.identity
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#options.leaseMs / 1000)),
      acquireTime: same ? (old.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (old.leaseTransitions ?? 0) + (lease === undefined || same ? 0 : 1),
    }
  }

  /** Lets the next one in at once. Failing to is no harm: the Lease expires. */
  async #release(): Promise<void> {
    const { client, log, name, namespace, identity, retryMs } = this.#options
    const held = this.#lease
    this.#renewedAt = undefined
    this.#lease = undefined
    try {
      const signal = AbortSignal.timeout(retryMs)
      const lease = held ?? (await client.get<Lease>(KUBERNETES.Lease, namespace, name, signal))
      if (lease.spec?.holderIdentity !== identity) return
      const spec = { ...this.#spec(lease), holderIdentity: '', leaseDurationSeconds: 1 }
      await client.replace(KUBERNETES.Lease, { ...lease, spec }, signal)
    } catch (error) {
      log.debug({ lease: name, reason: asError(error).message }, 'lease not released')
    }
  }
}
