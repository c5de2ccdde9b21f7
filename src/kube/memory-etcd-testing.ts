import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from './gvr.ts'
import { type By, managed, type ManagedFields } from './memory-fields-testing.ts'
import type { Json } from './memory-patch-testing.ts'
import { keyOf } from './memory-place-testing.ts'
import type { Event } from './memory-watch-testing.ts'

/** A stored object. Nobody changes one: a write stores another. */
export interface Entry extends Json {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Json & {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation?: number
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
    readonly finalizers?: readonly string[]
    readonly managedFields: readonly ManagedFields[]
  }
}

export const NAMESPACES = 'v1/namespaces'
const EVENTS_KEPT = 10_000
/** Kinds of Kubernetes itself that count no generations. */
const PLAIN = /^(v1|coordination\.k8s\.io\/v1|events\.k8s\.io\/v1|rbac\.authorization\.k8s\.io\/v1)\//

/** The objects of an apiserver in memory, one counter of versions over all of them, and what happened to them. */
export class Etcd {
  #collections = new Map<string, Map<string, Entry>>()
  #version = 1_000
  #uids = 0
  #events: Event[] = []
  #floor = 1_000
  #held: Event[] | undefined
  readonly #now: () => number
  readonly #happened: (event: Event) => void
  readonly #deliver: (event: Event) => void

  /** `happened` is called at once, `deliver` when anybody may hear of it. */
  constructor(options: { now: () => number; happened: (event: Event) => void; deliver: (event: Event) => void }) {
    this.#now = options.now
    this.#happened = options.happened
    this.#deliver = options.deliver
  }

  get version(): number {
    return this.#version
  }
  /** Watches go on from here at the earliest. */
  get floor(): number {
    return this.#floor
  }
  /** Nobody hears of what happens. */
  get isHeld(): boolean {
    return this.#held !== undefined
  }
  get collections(): readonly string[] {
    return [...this.#collections.keys()]
  }
  get(collection: string, key: string): Entry | undefined {
    return this.#collections.get(collection)?.get(key)
  }
  all(collection: string): Entry[] {
    return [...(this.#collections.get(collection)?.values() ?? [])]
  }
  /** What happened after a version, as far as anybody may hear of it. */
  since(version: number): Event[] {
    return this.#events.filter((event) => event.version > version && this.#held?.includes(event) !== true)
  }

  hold(): () => void {
    this.#held ??= []
    return () => {
      const held = this.#held ?? []
      this.#held = undefined
      for (const event of held) this.#deliver(event)
    }
  }

  compact(): void {
    this.#events = []
    this.#floor = this.#version
  }

  backup(): () => void {
    const [collections, version] = [structuredClone(this.#collections), this.#version]
    return () => {
      this.#collections = structuredClone(collections)
      this.#version = version
      this.compact()
    }
  }

  /** Stores what became of an object (undefined: it is new); answers it as it is now. What changes nothing bumps nothing. */
  store(collection: string, before: Entry | undefined, body: Entry, by: By, applied?: Entry): Entry {
    const own = before?.metadata
    const isChanged = before !== undefined && !isDeepStrictEqual(wantedOf(before), wantedOf(body))
    const generation = Math.max(own?.generation ?? 1, body.metadata.generation ?? 1) + (isChanged ? 1 : 0)
    const metadata = {
      ...body.metadata,
      uid: own?.uid ?? body.metadata.uid ?? `uid-${++this.#uids}`,
      creationTimestamp: own?.creationTimestamp ?? body.metadata.creationTimestamp ?? seconds(this.#now()),
      ...(PLAIN.test(collection) ? {} : { generation }),
      resourceVersion: own?.resourceVersion ?? '',
      managedFields: own?.managedFields ?? [],
    }
    const next = { ...body, metadata }
    const owners = managed(before, next, by, applied)
    if (before !== undefined && isDeepStrictEqual(before, next) && isDeepStrictEqual(own?.managedFields, owners)) return before
    metadata.managedFields = owners
    if (before !== undefined && !isLasting(collection, next)) return this.remove(collection, next)
    metadata.resourceVersion = String(++this.#version)
    const entries = this.#collections.get(collection) ?? new Map<string, Entry>()
    this.#collections.set(collection, entries.set(keyOf(next.metadata.namespace, next.metadata.name), next))
    this.#tell(before === undefined ? 'ADDED' : 'MODIFIED', collection, next, before)
    return next
  }

  /** The object is gone; answers it with the version of its end. */
  remove(collection: string, entry: Entry): Entry {
    const { namespace, name } = entry.metadata
    this.#collections.get(collection)?.delete(keyOf(namespace, name))
    const gone = { ...entry, metadata: { ...entry.metadata, resourceVersion: String(++this.#version) } }
    this.#tell('DELETED', collection, gone, entry)
    return gone
  }

  #tell(type: Event['type'], collection: string, object: Entry, before: Entry | undefined): void {
    const event = { type, version: this.#version, collection, object, before } as unknown as Event
    this.#events.push(event)
    if (this.#events.length > 2 * EVENTS_KEPT) this.#floor = this.#events.splice(0, EVENTS_KEPT).at(-1)?.version ?? this.#floor
    if (this.#held === undefined) this.#deliver(event)
    else this.#held.push(event)
    this.#happened(event)
  }
}

/** What counts for the generation. */
const wantedOf = ({ metadata: _metadata, status: _status, ...wanted }: Entry): Json => wanted

/** Not on its way out, or held by a finalizer; namespaces have one of their own. */
function isLasting(collection: string, { metadata }: { readonly metadata: Json }): boolean {
  const { deletionTimestamp, finalizers = [] } = metadata as Partial<KubeObject['metadata']>
  return deletionTimestamp === undefined || finalizers.length > 0 || collection === NAMESPACES
}

/** As the apiserver writes times. */
export const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
