import { asError } from '../errors.ts'
import type { KubeObject } from './gvr.ts'

export interface Change<T> {
  readonly type: 'added' | 'updated' | 'deleted'
  readonly object: T
  readonly previous: T | undefined
  /** True for what the first synchronisation brings. */
  readonly initial: boolean
}

export interface StoreOptions<T> {
  readonly indexes?: Readonly<Record<string, (obj: T) => readonly string[]>>
  /** Sees each object that is taken, before the store drops what is large: for what has to be remembered of that. */
  readonly digest?: (obj: T) => void
}

/** A complete list on its way into a store. */
export interface Relist<T> {
  add(obj: T): void
  finish(resourceVersion: string): void
}

/** What a reflector feeds: a whole store, or a part of it that nobody else feeds. */
export type Feed<T extends KubeObject> = Pick<Store<T>, 'set' | 'remove' | 'relist' | 'relistRewound' | 'hearListenerErrors'>

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** A write's answer can come this much after the deletion's event; then no tombstone is needed any more. */
const TOMBSTONE_MS = 300_000
const MAX_TOMBSTONES = 100_000

/** `namespace/name`, or `name` for cluster-scoped objects. */
export function keyOf(obj: Pick<KubeObject, 'metadata'>): string {
  const { namespace, name } = obj.metadata
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** A part of a store is a namespace; of a kind without, one object. */
const partOf = ({ metadata: { namespace, name } }: Pick<KubeObject, 'metadata'>): string => namespace ?? name

/** Resource versions of one apiserver compare as integers (KEP-5504). */
function versionOf(obj: Pick<KubeObject, 'metadata'>): number {
  return Number(obj.metadata.resourceVersion ?? 0)
}

/**
 * The objects of one kind, fed by a reflector and by the answers to our own writes, in whatever order they come: only
 * forward, and never back from the dead. Objects are shared; nobody may change one.
 */
export class Store<T extends KubeObject> {
  readonly #objects = new Map<string, T>()
  /** Index → value → key → object. */
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>()
  readonly #indexers: [string, (obj: T) => readonly string[]][]
  readonly #digest: ((obj: T) => void) | undefined
  readonly #listeners = new Set<(change: Change<T>) => void>()
  /** uid → the version as of which it is gone, and the part that it was in. */
  readonly #tombstones = new Map<string, { version: number; at: number; part: string }>()
  /** Version of the last complete list: what it did not hold, and is not newer, does not exist. */
  #floor = -1
  /** The same of parts that have lists of their own. */
  readonly #floors = new Map<string, number>()
  #initial = true
  #onListenerError: (error: unknown) => void = (error) => process.emitWarning(asError(error))

  constructor(options: StoreOptions<T> = {}) {
    this.#indexers = Object.entries(options.indexes ?? {})
    this.#digest = options.digest
    for (const [name] of this.#indexers) this.#indexes.set(name, new Map())
  }

  get size(): number {
    return this.#objects.size
  }
  get(key: string): T | undefined {
    return this.#objects.get(key)
  }
  values(): IterableIterator<T> {
    return this.#objects.values()
  }
  /** Objects that an index files under a value. Throws for an index that was not declared. */
  by(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index)
    if (values === undefined) throw new Error(`the store has no index ${index}`)
    return [...(values.get(value)?.values() ?? [])]
  }

  /** An object of this uid was here, or would have come, and is gone for good (remembered for a while). */
  isGone(uid: string): boolean {
    return this.#tombstones.has(uid)
  }

  /** Takes an event's object or a write's answer; false when what is here is as new, or the object is known to be gone. */
  set(obj: T): boolean {
    return this.#accept(obj, this.#floors.get(partOf(obj)) ?? this.#floor)
  }

  /** The objects of one namespace, or the one of that name of a kind without, for a reflector of their own: its lists say nothing of others. */
  part(name: string): Feed<T> {
    return {
      set: (obj) => this.set(obj),
      remove: (obj) => this.remove(obj),
      relist: () => this.relist(name),
      relistRewound: () => this.relistRewound(name),
      hearListenerErrors: (listener) => this.hearListenerErrors(listener),
    }
  }

  #accept(obj: T, floor: number): boolean {
    const previous = this.#objects.get(keyOf(obj))
    const version = versionOf(obj)
    if ((previous === undefined ? floor : versionOf(previous)) >= version) return false
    if (version <= (this.#tombstones.get(obj.metadata.uid ?? '')?.version ?? -1)) return false
    this.#take(obj, previous)
    return true
  }

  #take(obj: T, previous: T | undefined): void {
    const key = keyOf(obj)
    this.#digest?.(obj)
    strip(obj)
    if (previous !== undefined && previous.metadata.uid !== obj.metadata.uid) {
      // Deleted and made again while nobody looked: two objects, two changes.
      this.#drop(key, previous, previous, versionOf(obj) - 1)
      this.#put(key, obj, undefined)
    } else this.#put(key, obj, previous)
  }

  /** Takes a DELETED event's object, whose version is the deletion's. */
  remove(obj: T): boolean {
    const key = keyOf(obj)
    const version = versionOf(obj)
    const previous = this.#objects.get(key)
    if (previous === undefined || previous.metadata.uid !== obj.metadata.uid) {
      this.#bury(obj, version)
      return false
    }
    if (versionOf(previous) > version) return false
    strip(obj)
    this.#drop(key, previous, obj, version)
    return true
  }

  /** A complete list (of a part) is coming: `add` each object of it, then `finish` with its version. Newer than the list stays. */
  relist(part?: string): Relist<T> {
    const seen = new Set<string>()
    return {
      add: (obj) => {
        seen.add(keyOf(obj))
        this.#accept(obj, -1)
      },
      finish: (resourceVersion) => {
        const version = Number(resourceVersion)
        for (const [key, obj] of this.#of(part)) if (!seen.has(key) && versionOf(obj) <= version) this.#drop(key, obj, obj, version)
        this.#listed(version, part)
      },
    }
  }

  /**
   * As {@link relist}, of an apiserver whose history went back (etcd restored from a backup): versions of what is here now mean nothing
   * any more. What the list has replaces it, what the list has not is deleted, and until then everything stays as it was.
   */
  relistRewound(part?: string): Relist<T> {
    const old = new Map(this.#of(part))
    const seen = new Set<string>()
    for (const [uid, one] of this.#tombstones) if (part === undefined || one.part === part) this.#tombstones.delete(uid)
    this.#setFloor(-1, part)
    return {
      add: (obj) => {
        const key = keyOf(obj)
        const previous = this.#objects.get(key)
        seen.add(key)
        if (previous !== undefined && previous === old.get(key)) this.#take(obj, previous)
        else this.#accept(obj, -1)
      },
      finish: (resourceVersion) => {
        const version = Number(resourceVersion)
        for (const [key, obj] of old) if (!seen.has(key) && this.#objects.get(key) === obj) this.#drop(key, obj, obj, version)
        this.#listed(version, part)
      },
    }
  }

  *#of(part: string | undefined): Iterable<[string, T]> {
    for (const entry of this.#objects) if (part === undefined || partOf(entry[1]) === part) yield entry
  }

  #listed(version: number, part: string | undefined): void {
    this.#setFloor(version, part)
    this.#initial = false
  }

  #setFloor(version: number, part: string | undefined): void {
    if (part === undefined) this.#floor = version
    else this.#floors.set(part, version)
  }

  /** Says who hears of listeners that throw; the change itself has happened, and the other listeners heard of it. */
  hearListenerErrors(listener: (error: unknown) => void): void {
    this.#onListenerError = listener
  }

  /** Calls back after each change, synchronously. Returns what ends that. */
  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #put(key: string, obj: T, previous: T | undefined): void {
    this.#objects.set(key, obj)
    this.#index(key, previous, obj)
    this.#emit({ type: previous === undefined ? 'added' : 'updated', object: obj, previous, initial: this.#initial })
  }

  #drop(key: string, previous: T, last: T, version: number): void {
    this.#objects.delete(key)
    this.#index(key, previous, undefined)
    this.#bury(previous, version)
    this.#emit({ type: 'deleted', object: last, previous, initial: this.#initial })
  }

  #bury(obj: T, version: number): void {
    const { uid } = obj.metadata
    if (uid === undefined) return
    const now = performance.now()
    // Last in is last out, so the old ones are in front.
    this.#tombstones.delete(uid)
    this.#tombstones.set(uid, { version, at: now, part: partOf(obj) })
    for (const [old, { at }] of this.#tombstones) {
      if (now - at < TOMBSTONE_MS && this.#tombstones.size <= MAX_TOMBSTONES) break
      this.#tombstones.delete(old)
    }
  }

  #index(key: string, previous: T | undefined, obj: T | undefined): void {
    for (const [name, valuesOf] of this.#indexers) {
      const values = this.#indexes.get(name)
      if (values === undefined) continue
      const next = obj === undefined ? [] : valuesOf(obj)
      for (const value of previous === undefined ? [] : valuesOf(previous)) {
        if (next.includes(value)) continue
        const keys = values.get(value)
        keys?.delete(key)
        if (keys?.size === 0) values.delete(value)
      }
      for (const value of next) {
        let keys = values.get(value)
        if (keys === undefined) values.set(value, (keys = new Map()))
        if (obj !== undefined) keys.set(key, obj)
      }
    }
  }

  #emit(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
  }
}

/** Frees what is large and of no use here. Assigned, not deleted: `delete` turns the object into a slow, large dictionary. */
function strip(obj: KubeObject): void {
  const metadata = obj.metadata as { managedFields?: unknown; annotations?: Record<string, string | undefined> }
  if (metadata.managedFields !== undefined) metadata.managedFields = undefined
  if (metadata.annotations?.[LAST_APPLIED] !== undefined) metadata.annotations[LAST_APPLIED] = undefined
}
