import { asError } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import { DRIFT_POLICY, FINALIZER, PAUSED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { isConflict } from '../kube/errors.ts'
import type { WorkQueue } from '../kube/queue.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { nodeOf } from '../resolve/blockers.ts'
import type { Cache } from '../cache/cache.ts'
import type { Edges } from '../cache/edges.ts'
import type { Controller, Services, Tools, View } from './controller.ts'
import { converge } from './converge.ts'
import type { Behind, Identities } from './identity.ts'
import { failed, type Outcome, waiting } from './outcome.ts'
import { prerequisites } from './prerequisites.ts'
import { nextStatus } from './status.ts'
import { teardown } from './teardown.ts'
import type { Announcer } from './announce.ts'
import { blockersOf } from './blockers.ts'
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
  /** Whether the very object is still there, whatever the store says. */
  readonly isThere: (kind: Kind, object: Resource, signal: AbortSignal) => Promise<boolean>
  readonly metrics: Metrics
  readonly log: Log
  /** Between two looks at an object that is in order, in milliseconds; ± 20 %. */
  readonly driftIntervalMs: number
  readonly now: () => number
  readonly random: () => number
}

/** What is remembered about a key between reconciles; losing it costs nothing but a delay. */
interface Memory {
  failures: number
  busySince: number | undefined
}

/** While the cloud is busy it is asked again after a quarter of the time that it took so far, within these bounds. */
const POLL_MIN_MS = 100
const POLL_MAX_MS = 5_000
/** Progress of an operation shorter than this is not worth a write. */
const BRIEF_MS = 2_000

/** The reconcile engine: one for all kinds, level-triggered, driven by keys alone (architecture §4). */
export class Engine {
  readonly #options: EngineOptions
  readonly #memory = new Map<string, Memory>()

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /** Works off the queue until `signal`; the stores must be in sync. Each reconcile is begun by `turn`. */
  async run(workers: number, signal: AbortSignal, turn: (id: string, work: () => Promise<void>) => Promise<void>): Promise<void> {
    await this.#options.queue.run((id) => turn(id, () => this.reconcile(id, signal)), { workers, signal })
  }

  /** One reconcile of the object behind a queue key (`Kind|namespace/name`). Never throws. */
  async reconcile(id: string, signal: AbortSignal): Promise<void> {
    const { cache, controllers, queue, metrics, log, edges } = this.#options
    const [kindName = '', key = ''] = id.split('|')
    const controller = controllers.get(kindName)
    const object = cache.get(kindName, key)
    if (controller === undefined || object === undefined) return this.#forget(id)
    const stop = metrics.reconcileTime.startTimer({ kind: kindName })
    edges.draw(controller.kind, object)
    try {
      const outcome = await this.#attempt(id, controller, object, signal)
      if (outcome === undefined) this.#forget(id)
      else await this.#conclude(id, controller, object, outcome, signal)
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
    this.#memory.delete(id)
    this.#options.queue.forget(id)
  }

  #remember(id: string): Memory {
    const known = this.#memory.get(id)
    if (known) return known
    const fresh: Memory = { failures: 0, busySince: undefined }
    this.#memory.set(id, fresh)
    return fresh
  }

  /** The outcome, failures included; throws only what no status can tell. */
  async #attempt(id: string, controller: Controller, object: Resource, signal: AbortSignal): Promise<Outcome | undefined> {
    const memory = this.#remember(id)
    try {
      const outcome = await this.#step(controller, object, signal)
      if (outcome?.isRetried !== true) memory.failures = 0
      return outcome
    } catch (thrown) {
      if (signal.aborted || thrown instanceof StaleError || isConflict(thrown)) throw thrown
      memory.failures += 1
      const error = asError(thrown)
      const outcome = failed(object, error, memory.failures, controller.isAccount)
      if (outcome.reason === 'InternalError')
        this.#options.log.error({ err: error, kind: object.kind, key: id }, 'unexpected error in a reconcile')
      return outcome
    }
  }

  async #step(controller: Controller, found: Resource, signal: AbortSignal): Promise<Outcome | undefined> {
    const { cache, view, writer, services } = this.#options
    const { kind } = controller
    if (found.metadata.annotations?.[PAUSED] === 'true') return paused(found)
    const tools: Tools = { signal, view, services }
    if (found.metadata.deletionTimestamp !== undefined) return this.#teardown(controller, found, tools)
    const needsFinalizer = kind.cloud !== 'none' || kind.isGuarded === true
    const hasFinalizer = found.metadata.finalizers?.includes(FINALIZER) === true
    const object = needsFinalizer && !hasFinalizer ? await writer.addFinalizer(kind, found, signal) : found
    if (object === undefined) return undefined
    const problem = prerequisites(cache, kind, object) ?? controller.check?.(object, view)
    if (problem !== undefined) return waiting(object, problem)
    const outcome = await this.#converge(controller, object, tools)
    return { ...outcome, ...(isPlain(outcome) ? controller.remark?.(object, view) : undefined) }
  }

  async #converge(controller: Controller, object: Resource, tools: Tools): Promise<Outcome> {
    const { identities, writer, announcer, metrics, now } = this.#options
    const { kind } = controller
    const behind = await identities.behind(controller, object, tools)
    const problem = await controller.prepare?.(object, behind.desired, tools)
    if (problem !== undefined) return waiting(object, problem)
    return identities.guard(behind, () =>
      converge({
        object,
        desired: behind.desired,
        adapter: behind.adapter,
        isObserveOnly: object.metadata.annotations?.[DRIFT_POLICY] === 'Observe',
        call: (verb, make) => identities.call(behind, kind, verb, tools.signal, make),
        begin: async () => {
          const isRemake = object.status?.externalId !== undefined
          const incarnation = isRemake || object.status?.incarnation === undefined ? identities.nonce() : object.status.incarnation
          if (isRemake)
            announcer.announce(object, 'Warning', 'Recreating', `${object.status?.externalId} is gone from the cloud and made again`)
          const outcome: Outcome = {
            state: isRemake ? 'updating' : 'creating',
            reason: 'Creating',
            message: '',
            isSynced: false,
            incarnation,
            ...(isRemake ? { externalId: '' } : {}),
          }
          const status = nextStatus(object, outcome, now())
          if (status !== undefined && (await writer.applyStatus(kind, object, status, tools.signal)) === undefined) throw new StaleError()
          return { ...behind.desired, externalId: undefined, incarnation }
        },
        onDrift: (paths) => {
          metrics.drift.inc({ kind: kind.kind })
          // Drift that is only observed is told once, not at every look.
          if (object.status?.conditions?.some(({ type, reason }) => type === 'Synced' && reason === 'Drifted') === true) return
          announcer.announce(object, 'Normal', 'DriftDetected', `the cloud differs in ${paths.join(', ')}`)
        },
      }),
    )
  }

  async #teardown(controller: Controller, object: Resource, tools: Tools): Promise<Outcome | undefined> {
    const { identities, writer, announcer, isUninstalling, isThere, cache, edges } = this.#options
    const { kind } = controller
    if (object.metadata.finalizers?.includes(FINALIZER) !== true) return undefined
    let behind: Behind | undefined
    let isConfirmed = false
    const work = {
      object,
      now: this.#options.now,
      blockers: async () => {
        await controller.beforeDelete?.(object, tools)
        return blockersOf(cache, edges.graph, kind, object, tools)
      },
      isOrphaned: async () => identities.isOrphan(object) || isUninstalling(kind, tools.signal),
      confirm: async () => {
        isConfirmed ||= await isThere(kind, object, tools.signal)
        if (!isConfirmed) throw new StaleError()
      },
      target: async () => (behind = await identities.behindIfAny(controller, object, tools)),
      call: <T>(verb: string, make: Parameters<typeof identities.call<T>>[4]) => {
        if (behind === undefined) throw new StaleError()
        return identities.call(behind, kind, verb, tools.signal, make)
      },
      after: async () => controller.afterDelete?.(object, tools),
      release: async (reason: 'Deleted' | 'Orphaned') => {
        if (reason === 'Orphaned') announcer.announce(object, 'Normal', reason, 'the cloud object stays, nothing here manages it any more')
        await writer.removeFinalizer(kind, object, tools.signal)
      },
    }
    return identities.guard(
      () => behind,
      () => teardown(work),
    )
  }

  /** Writes status if it says something new, tells people, and decides when to look again. */
  async #conclude(id: string, controller: Controller, object: Resource, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { cache, view, writer, announcer, now } = this.#options
    const { kind } = controller
    const current = cache.get(kind.kind, nodeOf(kind, object).key)
    const memory = this.#remember(id)
    if (outcome.isPolled === true) memory.busySince ??= now()
    else memory.busySince = undefined
    if (current !== undefined && current.metadata.uid === object.metadata.uid && kind.status !== undefined) {
      const base: Resource = { ...object, ...(current.status === undefined ? {} : { status: current.status }) }
      const isBrief = outcome.isPolled === true && base.status?.state === outcome.state && now() - (memory.busySince ?? 0) < BRIEF_MS
      const isLeaving = outcome.state === 'deleting' || outcome.isUnhandled === true
      const derived = isLeaving ? {} : controller.derive?.(base, view, outcome)
      const status = isBrief ? undefined : nextStatus(base, { ...outcome, own: { ...outcome.own, ...derived } }, now())
      if (status !== undefined) {
        await writer.applyStatus(kind, object, status, signal)
        announcer.transition(base, status)
      }
    }
    this.#schedule(id, outcome, memory)
  }

  #schedule(id: string, outcome: Outcome, memory: Memory): void {
    const { queue, now, random, driftIntervalMs } = this.#options
    const jittered = (ms: number) => ms * (0.8 + 0.4 * random())
    if (outcome.isUnhandled === true) return queue.forget(id)
    if (outcome.isRetried === true) return void queue.retry(id)
    queue.forget(id)
    if (outcome.isPolled === true) {
      const waited = (now() - (memory.busySince ?? now())) / 4
      return queue.add(id, { priority: 'normal', afterMs: jittered(Math.min(POLL_MAX_MS, Math.max(POLL_MIN_MS, waited))) })
    }
    queue.add(id, { priority: 'low', afterMs: jittered(outcome.againMs ?? driftIntervalMs) })
  }
}

/** In order, with nothing to say about it. */
const isPlain = ({ state, reason }: Outcome): boolean => state === 'active' && reason === 'Available'

function paused(object: Resource): Outcome {
  const sync = { reason: 'ReconcilePaused', message: `annotation ${PAUSED} is "true"` }
  return { state: object.status?.state ?? 'pending', reason: sync.reason, message: sync.message, isSynced: false, sync, isUnhandled: true }
}
