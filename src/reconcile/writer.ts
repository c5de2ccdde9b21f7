import { isDeepStrictEqual } from 'node:util'
import { deadline } from '../deadline.ts'
import { asError } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import { FIELD_MANAGER, FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { ifNotFound, isConflict, isInvalid, isNotFound } from '../kube/errors.ts'
import { keyOf, type Store } from '../kube/store.ts'
import type { Log } from '../observe/log.ts'
import type { Accepted } from '../provider/contract.ts'

type Status = Readonly<Record<string, unknown>>

export interface WriterExtras {
  /** Hears of what the cloud made and nobody could write down. */
  readonly log?: Log
  /** Hears of each object that is about to lose our finalizer because its teardown is done. */
  readonly onRelease?: (object: Resource) => void
}

/** Status fields that a call returned, and that nothing but another call would bring back. */
const RETURNED = ['externalId', 'handle'] as const
/** Writes of a status that others keep getting in the way of: users edit specs all the time, and one version counts for the whole object. */
const TRIES = 5
/** What a call returned is tried for as long as this, however often others get in the way. */
const RECORD_MS = 10_000

/** The only writes that the engine makes to objects of ours: finalizers and status. Never spec (architecture §3). */
export class Writer {
  readonly #client: KubeClient
  readonly #storeOf: (kind: string) => Store<Resource>
  readonly #extras: WriterExtras

  constructor(client: KubeClient, storeOf: (kind: string) => Store<Resource>, extras: WriterExtras = {}) {
    this.#client = client
    this.#storeOf = storeOf
    this.#extras = extras
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
    // Before the write: the news of the object's end may be here before the answer is.
    this.#extras.onRelease?.(object)
    const test = { op: 'test', path: `/metadata/finalizers/${index}`, value: FINALIZER }
    await this.#patch(kind, object, [test, { op: 'remove', path: `/metadata/finalizers/${index}` }], signal)
  }

  /**
   * The status write before a call that makes something: only onto the very version that the decision was made from. Answers the
   * stored object, which the rest of the pass goes on from. Anything else is {@link StaleError}, which ends the pass: a process that lost
   * the Lease, or that reads an old store, cannot take an incarnation back.
   */
  async claim(kind: Kind, object: Resource, status: Status, signal: AbortSignal): Promise<Resource> {
    const stored = await this.#apply(kind, object, status, signal).catch((error: unknown) => {
      throw isConflict(error) ? new StaleError() : error
    })
    if (stored === undefined) throw new StaleError()
    return stored
  }

  /**
   * Writes down what a call returned; `object` is as {@link claim} left it. Whatever was written meanwhile, id and handle go onto the newest
   * version as long as the object and its incarnation are the same; also while the process ends or has lost the Lease, hence without a
   * signal. Undefined when the object is gone; {@link StaleError} when it has another incarnation. Then the log has the id.
   */
  async record(kind: Kind, object: Resource, status: Status): Promise<Resource | undefined> {
    const returned = Object.fromEntries(RETURNED.flatMap((field) => (status[field] === undefined ? [] : [[field, status[field]]])))
    const limit = deadline(new AbortController().signal, RECORD_MS)
    const rebase = (live: Resource) => (live.status?.incarnation === status['incarnation'] ? { ...live.status, ...returned } : undefined)
    try {
      const stored = await this.#persist(kind, object, status, rebase, Infinity, limit.signal)
      if (stored === undefined) this.#lost(object, returned, 'the object is gone')
      return stored
    } catch (error) {
      this.#lost(object, returned, error instanceof StaleError ? 'the object has another incarnation now' : asError(error).message)
      throw error
    } finally {
      limit.end()
    }
  }

  /** {@link record} for an answer that nobody waited for any more: the object may have gone on, or have been found by its tag meanwhile. */
  async recordLate(kind: Kind, object: Resource, incarnation: string, returned: Accepted): Promise<void> {
    const known = this.#storeOf(kind.kind).get(keyOf(object))
    if (known?.metadata.uid !== object.metadata.uid || known.status?.incarnation !== incarnation)
      return this.#lost(object, { ...returned }, 'the object is gone, or has another incarnation now')
    if (known.status.externalId === undefined) await this.record(kind, known, { ...known.status, ...returned })
  }

  /**
   * Writes the whole status at the end of a pass, onto the status that it was computed from: `object.status`. A spec that somebody
   * edited meanwhile is no hindrance (status says which generation it speaks of), or a storm of edits would keep status from ever being
   * written; a status that somebody else wrote, or another object of the name, is {@link StaleError}: nothing newer is undone, incarnation
   * and id least of all. Costs a second look only when there was such an edit that the store does not know yet.
   * Answers the stored object, undefined when it is gone.
   */
  applyStatus(kind: Kind, object: Resource, status: Status, signal: AbortSignal): Promise<Resource | undefined> {
    const rebase = (live: Resource) => (isDeepStrictEqual(live.status, object.status) ? status : undefined)
    return this.#persist(kind, object, status, rebase, TRIES, signal)
  }

  /** Writes onto the newest version for which `rebase` has a status. */
  async #persist(
    kind: Kind,
    object: Resource,
    status: Status,
    rebase: (live: Resource) => Status | undefined,
    tries: number,
    signal: AbortSignal,
  ): Promise<Resource | undefined> {
    const { namespace, name, uid } = object.metadata
    const known = this.#storeOf(kind.kind).get(keyOf(object))
    const isSame = known?.metadata.uid === uid && (known.status === object.status || isDeepStrictEqual(known.status, object.status))
    let onto = isSame ? known : object
    let next: Status | undefined = status
    for (let left = tries; next !== undefined && left > 0; left--) {
      try {
        return await this.#apply(kind, onto, next, signal)
      } catch (error) {
        if (!isConflict(error)) throw error
      }
      const live = await this.#client.get<Resource>(kind.gvr, namespace, name, signal).catch(ifNotFound)
      if (live?.metadata.uid !== uid) return undefined
      onto = live
      next = rebase(live)
    }
    throw new StaleError()
  }

  /** One try, onto exactly this version; undefined when the object is gone. The apiserver heeds no uid here: the version says which object is meant. */
  async #apply(kind: Kind, { metadata }: Resource, status: Status, signal: AbortSignal): Promise<Resource | undefined> {
    const { name, namespace, resourceVersion } = metadata
    const body = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace, resourceVersion }, status }
    const options = { fieldManager: FIELD_MANAGER, force: true, subresource: 'status' } as const
    const stored = await this.#client.apply<Resource>(kind.gvr, body, options, signal).catch(ifNotFound)
    if (stored !== undefined) this.#storeOf(kind.kind).set(stored)
    return stored
  }

  #lost({ kind, metadata, status }: Resource, returned: Status, reason: string): void {
    const { namespace, name, uid } = metadata
    this.#extras.log?.error(
      { kind, namespace, name, uid, incarnation: status?.incarnation, ...returned, reason },
      'what the cloud made could not be written down: its tag names the object',
    )
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
