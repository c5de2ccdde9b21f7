import { asError } from '../errors.ts'
import type { Cache } from '../cache/cache.ts'
import type { Edges } from '../cache/edges.ts'
import { isFinalized, type Kind } from '../kinds/kind.ts'
import { FINALIZER, PAUSED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { isConflict } from '../kube/errors.ts'
import type { WorkQueue } from '../kube/queue.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { nodeOf } from '../resolve/blockers.ts'
import type { Announcer } from './announce.ts'
import { blockersOf } from './blockers.ts'
import { CloudObject } from './cloud-object.ts'
import type { Controller, Services, Tools, View } from './controller.ts'
import type { Coverage } from './coverage.ts'
import { converge } from './converge.ts'
import type { Behind, Identities } from './identity.ts'
import { Lanes } from './lanes.ts'
import { Memories, type Memory } from './memory.ts'
import { Named } from './named.ts'
import { failed, type Outcome, paused, waiting } from './outcome.ts'
import { isOrphan } from './policy.ts'
import { prerequisites, unmet } from './prerequisites.ts'
import { delayMs, isAtRest, isQuiet } from './schedule.ts'
import { teardown } from './teardown.ts'
import { statusAfter, whole } from './verdict.ts'
import { StaleError, type Writer } from './writer.ts'

export interface EngineOptions {
  readonly cache: Cache
  readonly view: View
  readonly edges: Edges
  readonly controllers: ReadonlyMap<string, Controller>
  readonly queue: WorkQueue
  readonly writer: Writer
  readonly identities: Identities
  readonly announcer: Announcer
  readonly services: Services
  /** Whether the kind's CRD is being deleted right now. */
  readonly isUninstalling: (kind: Kind, signal: AbortSignal) => Promise<boolean>
  /** The very object as it is now, whatever the store says; undefined when it is gone. */
  readonly live: (kind: Kind, object: Resource, signal: AbortSignal) => Promise<Resource | undefined>
  readonly metrics: Metrics
  readonly log: Log
  /** Between two looks at an object that is in order, in milliseconds; ± 20 %. */
  readonly driftIntervalMs: number
  /** Who sees to it that objects at rest are looked at; absent: each has a time of its own. */
  readonly sweeps?: Pick<Coverage, 'covers'>
  /** The longest time that a call can be on the road after whoever made it stopped waiting, in milliseconds. */
  readonly roadMs: number
  /** What is written in status. */
  readonly now: () => number
  /** What durations are measured by: never set back or forward. */
  readonly uptime: () => number
  readonly random: () => number
}

/** Progress of an operation shorter than this is not worth a write. */
const BRIEF_MS = 2_000

/** Begins the work of a queue key, unless it is another's; with a signal of its own where the work may have to end before the engine does. */
export type Turn = (id: string, work: (signal?: AbortSignal) => Promise<void>) => Promise<void>

/** One pass over one object. */
interface Pass {
  readonly id: string
  readonly controller: Controller
  readonly object: Resource
  readonly memory: Memory
  readonly tools: Tools
}

/** The reconcile engine: one for all kinds, level-triggered, driven by keys alone (architecture §4). */
export class Engine {
  readonly #options: EngineOptions
  readonly #memories: Memories
  readonly #lanes: Lanes
  readonly #named: Named

  constructor(options: EngineOptions) {
    this.#options = options
    this.#named = new Named(options.edges)
    this.#memories = new Memories(options.uptime)
    this.#lanes = new Lanes(options.uptime, (id) => options.queue.add(id))
  }

  /** Works off the queue until `signal`; the stores must be in sync. Each reconcile is begun by `turn`, which may end it sooner. */
  async run(workers: number, signal: AbortSignal, turn: Turn): Promise<void> {
    // Another process may have led meanwhile: what was known of calls on the road is not.
    this.#memories.clear()
    await this.#options.queue.run((id) => turn(id, (own = signal) => this.reconcile(id, own)), { workers, signal })
  }

  /** Other processes work on all but what is kept from now on: what was known of it will be old. */
  retain(keep: (id: string) => boolean): void {
    this.#memories.retain(keep)
    this.#options.queue.retain(keep)
  }

  /** One reconcile of the object behind a queue key (`Kind|namespace/name`). Never throws. */
  async reconcile(id: string, signal: AbortSignal): Promise<void> {
    const { cache, controllers, queue, metrics, log, edges, view, services } = this.#options
    const [kindName = '', key = ''] = id.split('|')
    const controller = controllers.get(kindName)
    const object = cache.get(kindName, key)
    if (controller === undefined || object === undefined) return this.#forget(id)
    const stop = metrics.reconcileTime.startTimer({ kind: kindName })
    edges.draw(controller.kind, object)
    const memory = this.#memories.of(id, object.status?.incarnation)
    try {
      const pass = { id, controller, object, memory, tools: { signal, view, services } }
      const outcome = await this.#attempt(pass)
      if (outcome === undefined) this.#forget(id)
      else await this.#conclude(pass, outcome)
      metrics.reconciles.inc({ kind: kindName, outcome: outcome?.state ?? 'gone' })
    } catch (thrown) {
      if (signal.aborted) return
      const again = queue.retry(id)
      metrics.reconciles.inc({ kind: kindName, outcome: 'retried' })
      if (thrown instanceof StaleError || isConflict(thrown)) return
      log.warn({ err: asError(thrown).message, kind: kindName, key, againMs: again }, 'reconcile could not be finished')
    } finally {
      stop()
    }
  }

  #forget(id: string): void {
    this.#memories.forget(id)
    this.#lanes.leave(id)
    this.#options.queue.forget(id)
  }

  /** The outcome, failures included; throws only what no status can tell. */
  async #attempt(pass: Pass): Promise<Outcome | undefined> {
    const { id, controller, object, memory, tools } = pass
    try {
      const outcome = await this.#step(pass)
      if (outcome?.isRetried !== true) memory.failures = 0
      return outcome
    } catch (thrown) {
      if (tools.signal.aborted || thrown instanceof StaleError || isConflict(thrown)) throw thrown
      const error = asError(thrown)
      const outcome = failed(this.#current(controller.kind, object), error, memory.failures + 1, controller.isAccount)
      memory.failures = outcome.isRetried === true || outcome.isHeld === true ? memory.failures + 1 : 0
      if (outcome.reason === 'InternalError')
        this.#options.log.error({ err: error, kind: object.kind, key: id }, 'unexpected error in a reconcile')
      // What a call answered is kept, whatever failed after it.
      return { ...outcome, ...kept(memory) }
    }
  }

  /** The very object as the store has it by now: this pass may have written its status. Undefined when it is gone. */
  #stored(kind: Kind, object: Resource): Resource | undefined {
    const stored = this.#options.cache.get(kind.kind, nodeOf(kind, object).key)
    return stored?.metadata.uid === object.metadata.uid ? stored : undefined
  }

  /** With the status as it is by now. */
  #current(kind: Kind, object: Resource): Resource {
    const status = this.#stored(kind, object)?.status
    return status === undefined ? object : { ...object, status }
  }

  async #step(pass: Pass): Promise<Outcome | undefined> {
    const { cache, view, writer } = this.#options
    const { controller, object: found, tools } = pass
    const { kind } = controller
    if (found.metadata.annotations?.[PAUSED] === 'true') return paused(found)
    if (found.metadata.deletionTimestamp !== undefined) return this.#teardown(pass)
    const needsFinalizer = isFinalized(kind) && found.metadata.finalizers?.includes(FINALIZER) !== true
    const object = needsFinalizer ? await writer.addFinalizer(kind, found, tools.signal) : found
    if (object === undefined) return undefined
    const problem = prerequisites(cache, kind, object) ?? controller.check?.(object, view)
    if (problem !== undefined) return waiting(object, problem)
    return whole(cache, controller, object, view, await this.#converge({ ...pass, object }), this.#named.of(object))
  }

  async #converge(pass: Pass): Promise<Outcome> {
    const { identities, cache } = this.#options
    const { controller, object, tools } = pass
    // Before its targets are read: what is known by now has an id there.
    const unmetNow = unmet(cache, controller.kind, object)
    const behind = await identities.behind(controller, object, tools)
    const problem = await controller.prepare?.(object, behind.desired, tools)
    if (problem !== undefined) return waiting(object, problem)
    const cloud = this.#cloudObject(pass, behind)
    return identities.guard(behind, () => converge(cloud.convergence(unmetNow)))
  }

  #cloudObject({ id, controller, object, memory, tools }: Pass, behind: Behind): CloudObject {
    const { kind } = controller
    return new CloudObject({ ...this.#options, lanes: this.#lanes }, { id, kind, object, memory, behind, signal: tools.signal })
  }

  async #teardown(pass: Pass): Promise<Outcome | undefined> {
    const { identities, writer, announcer, isUninstalling, live, cache, edges } = this.#options
    const { controller, object, memory, tools } = pass
    const { kind } = controller
    if (object.metadata.finalizers?.includes(FINALIZER) !== true) return undefined
    let behind: Behind | undefined
    let confirmed: Resource | undefined
    const work = {
      object,
      memory,
      now: this.#options.now,
      blockers: async () => {
        await controller.beforeDelete?.(object, tools)
        return blockersOf(cache, edges.graph, kind, object, tools)
      },
      isOrphaned: async () => isOrphan(object) || isUninstalling(kind, tools.signal),
      confirm: async () => {
        confirmed ??= await live(kind, object, tools.signal)
        // Made or begun by somebody else since the store heard of it: looked at again.
        if (confirmed === undefined || isOther(confirmed, this.#current(kind, object))) throw new StaleError()
      },
      target: async () => {
        behind = await identities.behindIfAny(controller, object, tools)
        return behind && this.#cloudObject(pass, behind)
      },
      after: async () => controller.afterDelete?.(object, tools),
      release: async (reason: 'Deleted' | 'Orphaned') => {
        if (reason === 'Orphaned') announcer.announce(object, 'Normal', reason, 'the cloud object stays, nothing here manages it any more')
        await writer.removeFinalizer(kind, confirmed ?? object, tools.signal)
      },
    }
    return identities.guard(
      () => behind,
      () => teardown(work),
    )
  }

  /** Writes status if it says something new, tells people, and decides when to look again. */
  async #conclude(pass: Pass, outcome: Outcome): Promise<void> {
    const { view, writer, announcer, now, uptime } = this.#options
    const { id, controller, object, memory, tools } = pass
    const { kind } = controller
    if (outcome.isPolled === true) memory.busySince ??= uptime()
    else {
      memory.busySince = undefined
      this.#lanes.leave(id)
    }
    if (kind.status !== undefined && this.#stored(kind, object) !== undefined) {
      const base = this.#current(kind, object)
      const isBrief = outcome.isPolled === true && base.status?.state === outcome.state && uptime() - (memory.busySince ?? 0) < BRIEF_MS
      const status = isBrief && memory.made === undefined ? undefined : statusAfter(controller, base, view, outcome, now())
      if (status !== undefined) {
        // What was made is never thrown away, whatever was written meanwhile.
        if (memory.made === undefined) await writer.applyStatus(kind, base, status, tools.signal)
        else await writer.record(kind, base, status)
        memory.made = undefined
        announcer.transition(base, status)
      }
    }
    await this.#schedule(pass, outcome)
  }

  async #schedule({ id, controller, object, memory }: Pass, outcome: Outcome): Promise<void> {
    const { queue, uptime, random, driftIntervalMs, sweeps } = this.#options
    const current = this.#current(controller.kind, object)
    const isDone = isQuiet(outcome) && isAtRest(current)
    if (isDone) this.#memories.rest(id)
    if (isDone && (await sweeps?.covers(controller, current)) === true) return queue.forget(id)
    if (outcome.isUnhandled === true) return queue.forget(id)
    if (outcome.isRetried === true) {
      queue.retry(id, outcome.againMs)
      return
    }
    queue.forget(id)
    const busyMs = memory.busySince === undefined ? 0 : uptime() - memory.busySince
    const isOpen = outcome.isPolled === true || outcome.isHeld === true
    queue.add(id, { priority: isOpen ? 'normal' : 'low', afterMs: delayMs(outcome, busyMs, driftIntervalMs, random) })
  }
}

function kept({ made }: Memory): Partial<Outcome> {
  const { externalId, handle } = made ?? {}
  return { ...(externalId === undefined ? {} : { externalId }), ...(handle === undefined ? {} : { handle }) }
}

/** An id or a nonce that the other does not have. */
function isOther(live: Resource, known: Resource): boolean {
  return live.status?.incarnation !== known.status?.incarnation || live.status?.externalId !== known.status?.externalId
}
