import { KUBERNETES } from './builtin.ts'
import { asError, SecaError } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { KubeClient } from './client.ts'
import { type Clock, microTime, systemClock } from './clock.ts'
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
  readonly clock?: Clock
  readonly random?: () => number
}

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

  constructor(options: LeaseOptions) {
    this.#options = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000, clock: systemClock, random: Math.random, ...options }
  }

  /** How long our leadership is sure to last from now; 0 when we do not lead. */
  remainingMs(): number {
    if (this.#renewedAt === undefined) return 0
    return Math.max(0, this.#renewedAt + this.#options.leaseMs - this.#options.clock.now())
  }

  /**
   * Waits for the Lease, then calls `lead`, whose signal aborts when leadership is lost or `signal` aborts. A lost
   * Lease makes it wait again, once `lead` is done. Returns (releasing the Lease) on abort or when `lead` returns, and throws what it throws.
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
    const { clock, renewMs, retryMs } = this.#options
    const leading = new AbortController()
    const finished = new AbortController()
    const stop = () => leading.abort(outer.reason)
    if (outer.aborted) stop()
    outer.addEventListener('abort', stop)
    let error: Error | undefined
    const work = (async () => lead(leading.signal))()
      .catch((thrown: unknown) => {
        if (!leading.signal.aborted) error = asError(thrown)
      })
      .finally(() => finished.abort())
    let lost = false
    while (!lost) {
      // Never past our own deadline: whoever follows counts on it.
      const leftMs = (this.#renewedAt ?? 0) + renewMs - clock.now() + 1
      await clock.sleep(Math.max(1, Math.min(retryMs, leftMs)), finished.signal)
      if (finished.signal.aborted) break
      await this.#attempt(finished.signal)
      lost = this.#renewedAt === undefined || clock.now() - this.#renewedAt > renewMs
    }
    if (lost) {
      this.#renewedAt = undefined
      leading.abort(new SecaError('KubernetesUnavailable', `the lease ${this.#options.name} was lost: another process takes over`))
    }
    await work
    outer.removeEventListener('abort', stop)
    if (!lost) await this.#release()
    return error === undefined ? { lost } : { lost, error }
  }

  /** One try to take or renew the Lease; true when it is ours. Never throws. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, clock, renewMs, log } = this.#options
    const startedAt = clock.now()
    // An attempt may not outlast what is left of our own deadline.
    const limitMs =
      this.#renewedAt === undefined ? renewMs / 2 : Math.min(renewMs / 2, Math.max(1, this.#renewedAt + renewMs - startedAt + 1))
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
    return now - this.#seenAt < leaseDurationSeconds * 1000 ? holder : undefined
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
