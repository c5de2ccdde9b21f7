import type { Condition } from '../kinds/common.ts'
import type { Resource } from '../kinds/resource.ts'
import type { EventRecorder } from '../kube/events.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { workspaceOf } from '../resolve/region.ts'
import type { Cache } from '../cache/cache.ts'

export interface AnnouncerOptions {
  readonly recorder: EventRecorder
  readonly log: Log
  readonly metrics: Metrics
  readonly cache: Cache
  readonly now: () => number
}

/** Tells people what happens to an object: one log line and one event per transition, none when nothing changes. */
export class Announcer {
  readonly #options: AnnouncerOptions

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  announce(object: Resource, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { recorder, log } = this.#options
    const { namespace, name, generation } = object.metadata
    log[type === 'Warning' ? 'warn' : 'info']({ kind: object.kind, namespace, name, generation, reason, message }, 'resource event')
    const regarding = this.#regarding(object)
    if (regarding === undefined) return
    const note = regarding === object ? message : `${object.kind} "${name}": ${message}`
    recorder.record(regarding, { type, reason, action: 'Reconcile', message: note })
  }

  /** Announces what a status write changed. */
  transition(object: Resource, status: Record<string, unknown>): void {
    const before = readyOf(object.status?.conditions)
    const after = readyOf(status['conditions'] as readonly Condition[] | undefined)
    if (after === undefined || (before?.status === after.status && before.reason === after.reason && before.message === after.message))
      return
    const isStalled = (status['conditions'] as readonly Condition[]).some(({ type }) => type === 'Stalled')
    if (after.status === 'True' && before?.status !== 'True') this.#ready(object, status, after)
    else if (isStalled || after.reason === 'DeletionBlocked' || after.reason === 'PartlyApplied')
      this.announce(object, 'Warning', after.reason, after.message)
    else if (!QUIET.has(after.reason) && before?.reason !== after.reason) this.announce(object, 'Normal', after.reason, after.message)
  }

  #ready(object: Resource, status: Record<string, unknown>, ready: Condition): void {
    const { metrics, now } = this.#options
    const wasReady = object.status?.history?.some(({ state }) => state === 'active') === true
    if (!wasReady) metrics.timeToReady.observe({ kind: object.kind }, (now() - Date.parse(object.metadata.creationTimestamp)) / 1000)
    const id = typeof status['externalId'] === 'string' ? ` as ${status['externalId']}` : ''
    this.announce(object, 'Normal', 'Ready', ready.message === '' ? `available${id}` : ready.message)
  }

  /** A namespace on its way out takes no events (architecture §2): what happens in it is told on the Workspace. */
  #regarding(object: Resource): Resource | undefined {
    const { cache } = this.#options
    const isClosed = (one: Resource) => one.metadata.namespace !== undefined && cache.directory.isTerminating(one.metadata.namespace)
    if (!isClosed(object)) return object
    const workspace = workspaceOf(cache, object)
    return workspace === undefined || isClosed(workspace) ? undefined : workspace
  }
}

/** Reasons of steps that are seen in status and are no news. */
const QUIET: ReadonlySet<string> = new Set(['Creating', 'Updating', 'Deleting', 'Available'])

function readyOf(conditions: readonly Condition[] | undefined): Condition | undefined {
  return conditions?.find(({ type }) => type === 'Ready')
}
