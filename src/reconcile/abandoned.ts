import type { Cache } from '../cache/cache.ts'
import type { Kind } from '../kinds/kind.ts'
import { FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Change } from '../kube/store.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Announcer } from './announce.ts'
import { isOrphan } from './policy.ts'

export interface AbandonmentsOptions {
  readonly cache: Cache
  readonly announcer: Pick<Announcer, 'announce'>
  readonly metrics: Pick<Metrics, 'abandoned'>
  /** Whether the kind's CRD is being deleted, or gone: then its objects go on purpose, and their cloud objects stay. */
  readonly isUninstalling: (kind: Kind, signal: AbortSignal) => Promise<boolean>
  /** Whether this process works on the object; absent: on all. */
  readonly isOurs?: (kind: Kind, object: Resource) => boolean
}

/**
 * Tells, at once, of objects that disappear without our teardown: the finalizer dropped and the object deleted in one breath, taken off by
 * hand, or lost with an etcd that was restored. What is in the cloud is left behind then, and never deleted in silence.
 */
export class Abandonments {
  readonly #options: AbandonmentsOptions
  /** Uids whose teardown is done, until the news of it comes. */
  readonly #released = new Set<string>()

  constructor(options: AbandonmentsOptions) {
    this.#options = options
  }

  /** The teardown is done: from here on the object may go. */
  released({ metadata }: Resource): void {
    this.#released.add(metadata.uid)
  }

  /** Listens while this process leads, from when the stores are filled: what goes at other times was let go of by another process. */
  watch(leading: AbortSignal): void {
    const { cache } = this.#options
    if (leading.aborted) return
    const stops = [...cache.kinds()]
      .filter((kind) => kind.cloud !== 'none')
      .map((kind) => cache.store(kind.kind).onChange((change) => this.#onChange(kind, change, leading)))
    leading.addEventListener('abort', () => {
      for (const stop of stops) stop()
      this.#released.clear()
    })
  }

  #onChange(kind: Kind, { type, object, previous }: Change<Resource>, leading: AbortSignal): void {
    if (previous === undefined || type === 'added') return
    const wasLetGo = isLetGo(previous)
    if (wasLetGo || (type === 'updated' && !isLetGo(object))) return
    // Told once: what is left of such an object is of others.
    if (this.#released.delete(previous.metadata.uid) || !isLeft(previous) || this.#options.isOurs?.(kind, previous) === false) return
    void this.#tell(kind, previous, leading)
  }

  async #tell(kind: Kind, object: Resource, signal: AbortSignal): Promise<void> {
    const { announcer, metrics, isUninstalling } = this.#options
    if (await isUninstalling(kind, signal).catch(() => false)) return
    metrics.abandoned.inc({ kind: kind.kind })
    const { externalId, incarnation } = object.status ?? {}
    const what = externalId === undefined ? `what was being made (incarnation ${incarnation})` : `"${externalId}"`
    announcer.announce(
      object,
      'Warning',
      'Abandoned',
      `gone without its teardown: ${what} is left in the cloud and nothing manages it; make the object anew to take it back, or remove it in the cloud`,
    )
  }
}

/** On its way out, and not held by us any more. */
function isLetGo({ metadata }: Resource): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(FINALIZER) !== true
}

/** Something is, or may be, in the cloud that was meant to go with the object. */
function isLeft(object: Resource): boolean {
  const { externalId, incarnation } = object.status ?? {}
  return !isOrphan(object) && (externalId !== undefined || incarnation !== undefined)
}
