import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Accepted, CallContext, Desired, Observed } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { isNewRequest } from '../resolve/requests.ts'
import type { Announcer } from './announce.ts'
import type { Convergence } from './converge.ts'
import type { Behind, Identities } from './identity.ts'
import type { Lanes } from './lanes.ts'
import { doubtMs, type Memory } from './memory.ts'
import { exists, isSettled, type Outcome, type Problem } from './outcome.ts'
import { isObserveOnly } from './policy.ts'
import { nextStatus } from './status.ts'
import type { Removal } from './teardown.ts'
import type { Writer } from './writer.ts'

interface Options {
  readonly identities: Identities
  readonly writer: Writer
  readonly announcer: Announcer
  readonly metrics: Metrics
  readonly lanes: Lanes
  readonly roadMs: number
  readonly now: () => number
  readonly uptime: () => number
}

interface Subject {
  /** Queue key. */
  readonly id: string
  readonly kind: Kind
  readonly object: Resource
  readonly memory: Memory
  readonly behind: Behind
  readonly signal: AbortSignal
}

/** One object's cloud object, and every call about it: what was called and what came of it is remembered (architecture §4). */
export class CloudObject implements Removal {
  readonly #options: Options
  readonly #subject: Subject

  constructor(options: Options, subject: Subject) {
    this.#options = options
    this.#subject = subject
  }

  get desired(): Desired {
    return this.#subject.behind.desired
  }

  readonly observe = (desired: Desired): Promise<Observed | undefined> =>
    this.#call('observe', (context) => this.#subject.behind.adapter.observe(desired, context))

  readonly create = async (desired: Desired): Promise<Accepted> => {
    const { memory, behind, kind, object } = this.#subject
    const onLate = (made: Accepted) => this.#options.writer.recordLate(kind, object, desired.incarnation, made)
    try {
      const made = await this.#change('create', (context) => behind.adapter.create(desired, context), onLate)
      memory.made = made
      return made
    } catch (thrown) {
      memory.isRefused = isDefinite(thrown)
      throw thrown
    }
  }

  readonly delete = (desired: Desired, seen: Observed): Promise<Accepted | void> =>
    this.#change('delete', (context) => this.#subject.behind.adapter.delete(desired, seen, context))

  readonly doubtMs = (): number => {
    const { memory, object, behind } = this.#subject
    const { settleMs } = behind.capability
    return doubtMs(memory, exists(object) || memory.made !== undefined, { settleMs, roadMs: this.#options.roadMs }, this.#options.uptime())
  }

  /** What {@link converge} works with. */
  convergence(unmet: Problem | undefined): Convergence {
    const { object, memory, behind, kind } = this.#subject
    const { announcer, metrics, uptime } = this.#options
    const { adapter, desired, capability } = behind
    return {
      object,
      desired,
      capability,
      memory,
      isObserveOnly: isObserveOnly(object),
      now: uptime,
      observe: this.observe,
      create: this.create,
      update:
        adapter.update === undefined
          ? undefined
          : (wanted, seen) => this.#change('update', async (context) => adapter.update?.(wanted, seen, context)),
      delete: this.delete,
      unmet,
      doubtMs: this.doubtMs,
      begin: () => this.#begin(),
      onDrift: (paths) => {
        metrics.drift.inc({ kind: kind.kind })
        // Drift that is only observed is told once, not at every look.
        if (object.status?.conditions?.some(({ type, reason }) => type === 'Synced' && reason === 'Drifted') === true) return
        announcer.announce(object, 'Normal', 'DriftDetected', `the cloud differs in ${paths.join(', ')}`)
      },
      onTwin: (externalId) =>
        announcer.announce(object, 'Warning', 'TwinRemoved', `${externalId} carries the same tag and incarnation, and nothing uses it`),
    }
  }

  /** The nonce of what is about to be made goes into status first, on the very version that this was decided from. */
  async #begin(): Promise<Desired> {
    const { object, memory, behind, kind, signal } = this.#subject
    const { identities, writer, announcer, now, uptime } = this.#options
    const isRemake = exists(object)
    const { incarnation: known } = object.status ?? {}
    const isNew = isRemake || known === undefined
    const incarnation = isNew ? identities.nonce() : known
    if (isNew || !memory.isClaimed) {
      if (isRemake)
        announcer.announce(object, 'Warning', 'Recreating', `${object.status?.externalId} is gone from the cloud and made again`)
      const state = isRemake ? 'updating' : 'creating'
      const stamp = isNew ? { incarnationAt: new Date(now()).toISOString(), handle: null } : {}
      const outcome: Outcome = {
        state,
        reason: 'Creating',
        message: '',
        isSynced: false,
        incarnation,
        ...stamp,
        ...(isRemake ? { externalId: '' } : {}),
      }
      // Also when it says nothing new: another process may have made, and taken down, what this one still takes for missing.
      await writer.claim(kind, object, nextStatus(object, outcome, now()) ?? { ...object.status }, signal)
    }
    Object.assign(memory, {
      incarnation,
      isClaimed: true,
      isRefused: false,
      wasGoing: false,
      change: undefined,
      made: undefined,
      wroteAt: uptime(),
    })
    return { ...behind.desired, externalId: undefined, handle: isNew ? undefined : behind.desired.handle, incarnation }
  }

  /** A call that changes something: one at a time where the cloud would only queue them, and never forgotten. */
  async #change<T>(verb: string, make: (context: CallContext) => Promise<T>, onLate?: (result: T) => Promise<void>): Promise<T> {
    const { id, memory, behind } = this.#subject
    const lane = laneOf(behind)
    if (lane !== undefined && !this.#options.lanes.enter(lane, id))
      throw new ProviderError('waiting', 'another change in the same place is under way: the cloud does one at a time', {
        // Told when it is its turn: nobody asks the cloud meanwhile.
        retryAfterMs: LANE_MS,
      })
    try {
      const result = await this.#call(verb, make, onLate)
      // However long it waited for its turn: the cloud has been at it from now on.
      memory.busySince = undefined
      return result
    } catch (thrown) {
      // Nothing is under way: what has to go first may need the lane.
      if (isDefinite(thrown)) this.#options.lanes.leave(id)
      throw thrown
    } finally {
      memory.wroteAt = this.#options.uptime()
    }
  }

  #call<T>(verb: string, make: (context: CallContext) => Promise<T>, onLate?: (result: T) => Promise<void>): Promise<T> {
    const { behind, kind, object, signal } = this.#subject
    const priority = isNewRequest(object) || object.metadata.deletionTimestamp !== undefined ? 'high' : isSettled(object) ? 'low' : 'normal'
    const share = behind.desired.path.tenant
    const through = behind.link?.through ?? ((_who, context, call) => call(context))
    const work = (context: CallContext) => through(behind.desired.tag, { ...context, priority, share }, make)
    return this.#options.identities.call(behind, kind, verb, signal, work, onLate)
  }
}

/** Who waits in a lane looks after this long all the same. */
const LANE_MS = 30_000

/** The cloud answered that it did not do it. */
const DEFINITE: ReadonlySet<string> = new Set(['throttled', 'waiting', 'quota', 'rejected', 'unsupported', 'credentials', 'foreign'])

function isDefinite(thrown: unknown): boolean {
  return thrown instanceof ProviderError && (thrown.isHeld || DEFINITE.has(thrown.failure))
}

function laneOf({ capability, link, desired }: Behind): string | undefined {
  if (capability.lane === 'none' || link === undefined) return undefined
  const { tenant, workspace = '' } = desired.path
  return capability.lane === 'account' ? link.secret : `${link.secret}|${tenant}|${workspace}`
}
