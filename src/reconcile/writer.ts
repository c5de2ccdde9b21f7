import type { Kind } from '../kinds/kind.ts'
import { FIELD_MANAGER, FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { isConflict, isInvalid, isNotFound } from '../kube/errors.ts'
import { keyOf, type Store } from '../kube/store.ts'

/** Of a status, against others that write the object at the same moment. */
const TRIES = 5

/** The only writes that the engine makes to objects of ours: finalizers and status. Never spec (architecture §3). */
export class Writer {
  readonly #client: KubeClient
  readonly #storeOf: (kind: string) => Store<Resource>

  constructor(client: KubeClient, storeOf: (kind: string) => Store<Resource>) {
    this.#client = client
    this.#storeOf = storeOf
  }

  /** Adds the finalizer; answers the object with it, undefined when the object is gone or another one by now. */
  async addFinalizer(kind: Kind, object: Resource, signal: AbortSignal): Promise<Resource | undefined> {
    const { finalizers = [], resourceVersion } = object.metadata
    const isFirst = finalizers.length === 0
    // A list that is not there cannot be tested: then the whole object has to be as it was, or somebody else's first one would be lost.
    const guard = isFirst
      ? { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }
      : { op: 'test', path: '/metadata/finalizers', value: finalizers }
    const op = isFirst
      ? { op: 'add', path: '/metadata/finalizers', value: [FINALIZER] }
      : { op: 'add', path: '/metadata/finalizers/-', value: FINALIZER }
    const stored = await this.#patch(kind, object, [guard, op], signal)
    if (stored !== undefined) this.#storeOf(kind.kind).set(stored)
    return stored
  }

  /** Takes the finalizer off. An object that is gone already is fine. */
  async removeFinalizer(kind: Kind, object: Resource, signal: AbortSignal): Promise<void> {
    const finalizers = object.metadata.finalizers ?? []
    const index = finalizers.indexOf(FINALIZER)
    if (index < 0) return
    const test = { op: 'test', path: `/metadata/finalizers/${index}`, value: FINALIZER }
    await this.#patch(kind, object, [test, { op: 'remove', path: `/metadata/finalizers/${index}` }], signal)
  }

  /**
   * Applies a whole status. Answers the stored object, undefined when the object is gone. A write of status does not look at the uid, only
   * at the version: that keeps it from reaching a later object of the name, and is looked up again when others write meanwhile.
   */
  async applyStatus(kind: Kind, object: Resource, status: Record<string, unknown>, signal: AbortSignal): Promise<Resource | undefined> {
    const { name, namespace, uid } = object.metadata
    const known = this.#storeOf(kind.kind).get(keyOf(object))
    let version = known?.metadata.uid === uid ? known.metadata.resourceVersion : object.metadata.resourceVersion
    try {
      for (let tries = 1; ; tries++) {
        const body = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace, resourceVersion: version }, status }
        try {
          const options = { fieldManager: FIELD_MANAGER, force: true, subresource: 'status' } as const
          const stored = await this.#client.apply<Resource>(kind.gvr, body, options, signal)
          this.#storeOf(kind.kind).set(stored)
          return stored
        } catch (error) {
          if (!isConflict(error) || tries >= TRIES) throw error
          const live = await this.#client.get<Resource>(kind.gvr, namespace, name, signal)
          if (live.metadata.uid !== uid) throw new StaleError()
          version = live.metadata.resourceVersion
        }
      }
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** The `test` on the uid keeps a patch from reaching a later object of the same name. */
  async #patch(kind: Kind, object: Resource, operations: readonly object[], signal: AbortSignal): Promise<Resource | undefined> {
    const { name, namespace, uid } = object.metadata
    const body = [{ op: 'test', path: '/metadata/uid', value: uid }, ...operations]
    try {
      return await this.#client.patch<Resource>(kind.gvr, namespace, name, { type: 'json', body }, signal)
    } catch (error) {
      if (isNotFound(error)) return undefined
      // A failed `test` (422) or a lost race: the watch brings what changed, and with it the next reconcile.
      if (isInvalid(error) || isConflict(error)) throw new StaleError()
      throw error
    }
  }
}

/** The object changed under our feet; the reconcile is simply done again with the newer one. */
export class StaleError extends Error {
  constructor() {
    super('the object changed meanwhile')
    this.name = 'StaleError'
  }
}
