import { KubeClient } from './client.ts'
import type { ApiError } from './errors.ts'
import type { GroupVersionResource, KubeObject, ObjectMeta } from './gvr.ts'
import { conflict, expired, failure, noAnswer, unavailable } from './memory-errors-testing.ts'
import { type Entry, Etcd, NAMESPACES, seconds } from './memory-etcd-testing.ts'
import { appliedOf, type By, isolated, rivals, withoutDropped } from './memory-fields-testing.ts'
import { type Json, merged, operated, type Operation } from './memory-patch-testing.ts'
import { collectionOf, crdOf, gvrOf, keyOf, type Place, placeOf, selectionOf } from './memory-place-testing.ts'
import { type Event, isSelected, lineFor, lineOf, type Selection, WatchStream } from './memory-watch-testing.ts'
import type { Request, Transport } from './transport.ts'

export { conflict, failure, noAnswer, unavailable }

/** What may go wrong with one request: `before` it is carried out, or `after` (the answer is lost). Either may throw, or take its time. */
interface Fault {
  readonly before?: (request: Request) => void | Promise<void>
  readonly after?: (request: Request) => void | Promise<void>
}

interface MemoryServerOptions {
  /** Answers in the same turn of the loop; else no request is, so that requests can cross. */
  readonly isPrompt?: boolean
  /** Wall clock, epoch milliseconds. */
  readonly now?: () => number
}

/** An object as somebody writes it. */
type Body = Omit<KubeObject, 'metadata'> & { readonly metadata: Partial<ObjectMeta> & { readonly name: string } }

const CRD = 'apiextensions.k8s.io/v1/customresourcedefinitions'
const TEST = { manager: 'test', operation: 'Update' } as const

/**
 * For unit tests: a kube-apiserver in memory. One counter of versions over all kinds; 409 for stale versions, other uids, names that
 * are taken and fields that others apply; merge patch, JSON patch with `test`, server-side apply with owners of fields, the status
 * subresource; finalizers hold what is deleted; lists in pages; watches with bookmarks. No schemas, no admission, no garbage collection.
 */
export class MemoryServer {
  readonly #etcd: Etcd
  readonly #streams = new Set<WatchStream>()
  readonly #listeners = new Set<(object: KubeObject, isGone: boolean) => void>()
  /** Pages to come: token → what is left. */
  readonly #pages = new Map<string, { readonly items: readonly Entry[]; readonly version: string }>()
  /** Collections whose CRD was there and is gone. */
  readonly #unserved = new Set<string>()
  readonly #isPrompt: boolean
  /** Every request so far. */
  readonly seen: Request[] = []
  /** Every write that was tried, but of Leases and Events: `patch roleassignments t/a`, `status …`, `create …`, `delete …`. */
  readonly writes: string[] = []
  /** Called before each of those; may throw, or change the cluster behind the writer's back. */
  beforeWrite: (write: string, body: unknown) => void = () => undefined
  fault: Fault = {}
  readonly now: () => number
  /** The way in without a socket. */
  readonly transport: Pick<Transport, 'send' | 'lines' | 'close'> = {
    send: (request) => this.#send(request),
    lines: (request) => this.#watch(request),
    close: () => Promise.resolve(),
  }
  readonly client = new KubeClient(this.transport as Transport)

  constructor({ isPrompt = false, now = Date.now }: MemoryServerOptions = {}) {
    this.#isPrompt = isPrompt
    this.now = now
    this.#etcd = new Etcd({ now, happened: (event) => this.#serve(event), deliver: (event) => this.#deliver(event) })
  }

  /** What a watch would say, at once: each version of each object, and its end. Answers what ends that. */
  onChange(listener: (object: KubeObject, isGone: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Watches and listeners fall behind until the answer is called. Answers of one's own writes still come. */
  holdWatches(): () => void {
    return this.#etcd.hold()
  }

  /** All connections of watches break. */
  cutWatches(): void {
    for (const stream of this.#streams) stream.end()
  }

  /** What happened is forgotten: a watch from before now has to list again, and pages to come are gone. */
  compact(): void {
    this.#etcd.compact()
    this.#pages.clear()
  }

  /** Refuses every request, and breaks watches, until the answer is called. */
  refuse(error: () => ApiError = unavailable): () => void {
    const { fault } = this
    this.fault = {
      before: () => {
        throw error()
      },
    }
    this.cutWatches()
    return () => void (this.fault = fault)
  }

  /** Remembers the state of now; the answer takes everything back to it, versions too: etcd restored from a backup. */
  backup(): () => void {
    const restore = this.#etcd.backup()
    return () => {
      restore()
      this.#pages.clear()
      this.cutWatches()
    }
  }

  /** Puts an object there as it is, in place of another one of its name; answers it as stored. */
  add<T extends Body>(object: T, manager = 'kubectl-client-side-apply'): T & KubeObject {
    const gvr = gvrOf(object)
    const old = this.#etcd.get(collectionOf(gvr), keyOf(object.metadata.namespace, object.metadata.name))
    if (old !== undefined) this.#remove(collectionOf(gvr), old)
    return this.#place(gvr, object, manager) as unknown as T & KubeObject
  }

  /** Creates as anybody would, but as it is: with status, and whatever its metadata say. */
  put<T>(gvr: GroupVersionResource, object: Body): T {
    return this.#place(gvr, object, 'kubectl-client-side-apply') as T
  }

  /** Changes an object as somebody else would, or makes it: no version is asked for, anything may change. */
  update<T extends Body>(object: T, manager = 'test'): T {
    const collection = collectionOf(gvrOf(object))
    const stored = this.#etcd.get(collection, keyOf(object.metadata.namespace, object.metadata.name))
    return this.#store(collection, stored, structuredClone(object) as unknown as Entry, { ...TEST, manager }) as unknown as T
  }

  /** A merge patch of somebody else, at once; anything may change. */
  change(kind: string, namespace: string | undefined, name: string, body: object): void {
    const collection = collectionOf(gvrOf({ kind }))
    const stored = this.#require(collection, keyOf(namespace, name))
    this.#store(collection, stored, merged(stored, structuredClone(body)) as Entry, TEST)
  }
  changeNamespace(name: string, body: object): void {
    this.change('Namespace', undefined, name, body)
  }

  /** The stored object; undefined when there is none. */
  read<T = KubeObject>(gvr: GroupVersionResource, namespace: string | undefined, name: string): T | undefined {
    return structuredClone(this.#etcd.get(collectionOf(gvr), keyOf(namespace, name))) as T | undefined
  }

  /** All stored objects of a kind. */
  all<T = KubeObject>(gvr: GroupVersionResource): T[] {
    return structuredClone(this.#etcd.all(collectionOf(gvr))) as unknown as T[]
  }

  /** Puts a CustomResourceDefinition of this name there. */
  install(crd: string): void {
    this.add({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: crd } })
  }

  /** Deletes a CustomResourceDefinition, which deletes its objects and goes when the last of them is gone; then the kind is unknown. */
  uninstall(crd: string): void {
    const stored = this.#require(CRD, crd)
    const metadata = { ...stored.metadata, deletionTimestamp: seconds(this.now()), finalizers: ['customresourcecleanup'] }
    this.#store(CRD, stored, { ...stored, metadata }, TEST)
    for (const collection of this.#collectionsOf(crd)) for (const entry of this.#etcd.all(collection)) this.#delete(collection, entry)
    this.#cleanUp(crd)
  }

  /** What Kubernetes does with a namespace 5 s after its deletion: all in it goes, then, when nothing is left, itself. Answers whether it is gone. */
  sweep(namespace: string): boolean {
    const inside = () =>
      this.#etcd.collections.flatMap((collection) =>
        this.#etcd.all(collection).flatMap((entry) => (entry.metadata.namespace === namespace ? [{ collection, entry }] : [])),
      )
    for (const { collection, entry } of inside()) this.#delete(collection, entry)
    const home = this.#etcd.get(NAMESPACES, namespace)
    if (inside().length > 0) return false
    if (home !== undefined) this.#remove(NAMESPACES, home)
    return true
  }

  async #send(request: Request): Promise<unknown> {
    // Without a fault, a prompt answer is there before the caller waits for it.
    const arriving = this.#arrive(request)
    if (arriving !== undefined) await arriving
    this.#announce(request)
    const answer = structuredClone(this.#handle(request))
    const late = this.fault.after?.(request)
    if (late !== undefined) await late
    return answer
  }

  /** Undefined when the request is here at once. */
  #arrive(request: Request): Promise<void> | undefined {
    this.seen.push(request)
    request.signal?.throwIfAborted()
    if (this.#isPrompt && this.fault.before === undefined) return undefined
    return (async () => {
      if (!this.#isPrompt) await new Promise((resolve) => setImmediate(resolve))
      await this.fault.before?.(request)
      request.signal?.throwIfAborted()
    })()
  }

  #announce({ method, path, verb, resource, body }: Request): void {
    if (method === 'GET' || resource === 'leases' || resource === 'events') return
    const { key, subresource, namespace } = placeOf(path)
    const name = method === 'POST' ? keyOf(namespace, (body as Body).metadata.name) : key
    const write = `${subresource === 'status' ? 'status' : verb} ${resource} ${name}`
    this.writes.push(write)
    this.beforeWrite(write, body)
  }

  #handle(request: Request): unknown {
    const at = placeOf(request.path)
    this.#requireServed(at)
    if (at.name === undefined && request.method === 'GET') return this.#list(selectionOf(at), at.query)
    const by = {
      manager: at.query.get('fieldManager') ?? 'test',
      operation: request.contentType === 'application/apply-patch+yaml' ? 'Apply' : 'Update',
      ...(at.subresource === undefined ? {} : { subresource: at.subresource }),
    } as const
    // Through text, as on the wire: `undefined` is gone, numbers are what they print as.
    const body = request.body === undefined ? undefined : (JSON.parse(JSON.stringify(request.body)) as unknown)
    if (request.method === 'POST') return this.#create(at, body as Entry, by)
    const stored = this.#etcd.get(at.collection, at.key)
    if (by.operation === 'Apply') return this.#apply(at, stored, body as Entry, by)
    if (stored === undefined) throw failure(404, 'NotFound', `${at.key} not found`)
    if (request.method === 'GET') return stored
    if (request.method === 'DELETE')
      return this.#delete(at.collection, stored, (body as { preconditions?: Json } | undefined)?.preconditions)
    if (request.method === 'PUT') return this.#replace(at, stored, body as Entry, by)
    const isJson = request.contentType === 'application/json-patch+json'
    const next = isJson ? operated(stored, body as Operation[]) : merged(stored, body)
    if (next === undefined) throw failure(422, 'Invalid', 'the server rejected our request due to an error in our request')
    return this.#update(at, stored, next as Entry, by)
  }

  #requireServed({ collection }: Place): void {
    if (this.#unserved.has(collection)) throw failure(404, 'NotFound', 'the server could not find the requested resource')
  }

  #list(selection: Selection, query: URLSearchParams): unknown {
    const token = query.get('continue')
    const rest = token === null ? undefined : this.#pages.get(token)
    if (token !== null && rest === undefined) throw expired()
    const { items, version } = rest ?? { items: this.#selected(selection), version: String(this.#etcd.version) }
    const limit = Number(query.get('limit') ?? 0) || items.length
    const next = `${version}-${this.#pages.size}`
    if (items.length > limit) this.#pages.set(next, { items: items.slice(limit), version })
    const metadata = { resourceVersion: version, ...(items.length > limit ? { continue: next } : {}) }
    return { kind: 'List', apiVersion: 'v1', metadata, items: items.slice(0, limit) }
  }

  #selected(selection: Selection): Entry[] {
    const nameOf = ({ metadata: { namespace, name } }: Entry) => keyOf(namespace, name)
    return this.#etcd
      .all(selection.collection)
      .filter((entry) => isSelected(selection, entry as unknown as KubeObject))
      .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
  }

  /** A version from the future is taken without a word, as the real one does. */
  async #watch(request: Request & { signal: AbortSignal }): Promise<AsyncIterable<string[]>> {
    await this.#arrive(request)
    const at = placeOf(request.path)
    this.#requireServed(at)
    const selection = selectionOf(at)
    const bookmark = (annotations = {}) =>
      lineFor('BOOKMARK', { metadata: { resourceVersion: String(this.#etcd.version), annotations }, kind: 'x', apiVersion: 'v1' })
    const stream = new WatchStream({
      selection,
      timeoutMs: Number(at.query.get('timeoutSeconds') ?? 300) * 1_000,
      signal: request.signal,
      bookmark: () => (this.#etcd.isHeld ? undefined : bookmark()),
      onEnd: () => this.#streams.delete(stream),
    })
    this.#streams.add(stream)
    const from = at.query.get('resourceVersion')
    if (from === null) {
      for (const entry of this.#selected(selection)) stream.push(lineFor('ADDED', entry))
      stream.push(bookmark({ 'k8s.io/initial-events-end': 'true' }))
    } else if (Number(from) < this.#etcd.floor) {
      stream.push(lineFor('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: `too old resource version: ${from}` }))
      stream.end('over')
    } else for (const event of this.#etcd.since(Number(from))) stream.push(lineOf(selection, event))
    return stream
  }

  #create(at: Place, { status: _status, ...body }: Entry, by: By): Entry {
    const key = keyOf(at.namespace, body.metadata.name)
    this.#refuseClosed(at.namespace)
    if (this.#etcd.get(at.collection, key) !== undefined) throw failure(409, 'AlreadyExists', `${key} already exists`)
    const { uid: _uid, generation: _generation, creationTimestamp: _time, ...metadata } = body.metadata
    const place = at.namespace === undefined ? {} : { namespace: at.namespace }
    return this.#store(at.collection, undefined, { ...body, metadata: { ...metadata, ...place } } as unknown as Entry, by)
  }

  /** Nothing comes into a namespace that is going. */
  #refuseClosed(namespace: string | undefined): void {
    const home = namespace === undefined ? undefined : this.#etcd.get(NAMESPACES, namespace)
    if (home?.metadata.deletionTimestamp === undefined) return
    throw failure(403, 'Forbidden', `namespace ${namespace} is being terminated`, 'NamespaceTerminating')
  }

  #apply(at: Place, stored: Entry | undefined, body: Entry, by: By): Entry {
    if (stored === undefined) {
      if (at.subresource !== undefined) throw failure(404, 'NotFound', `${at.key} not found`)
      if (body.metadata.uid !== undefined) throw failure(409, 'Conflict', `${at.key} with uid ${body.metadata.uid} does not exist`)
      return this.#create(at, body, by)
    }
    const applied = appliedOf(at.subresource, body)
    const others = rivals(stored, applied, by)
    if (others.length > 0 && at.query.get('force') !== 'true')
      throw failure(409, 'Conflict', `conflicts with ${others.join(', ')}`, 'FieldManagerConflict')
    return this.#update(at, stored, merged(withoutDropped(stored, applied, by), body) as Entry, by, applied)
  }

  #replace(at: Place, stored: Entry, body: Entry, by: By): Entry {
    // A precondition only in a PUT; in a patch it is a field that does not change.
    const { uid = stored.metadata.uid, resourceVersion } = body.metadata as Partial<Entry['metadata']>
    if (uid !== stored.metadata.uid) throw failure(409, 'Conflict', `the uid of ${at.key} is ${stored.metadata.uid}, not ${uid}`)
    if (resourceVersion === undefined && !at.collection.startsWith('v1/'))
      throw failure(422, 'Invalid', 'metadata.resourceVersion: must be specified for an update')
    return this.#update(at, stored, body, by)
  }

  #update(at: Place, stored: Entry, next: Entry, by: By, applied?: Entry): Entry {
    const own = stored.metadata
    const sent: Partial<Entry['metadata']> = next.metadata
    const { uid = own.uid, resourceVersion = own.resourceVersion, finalizers = [], generation: _, ...metadata } = sent
    if (resourceVersion !== own.resourceVersion)
      throw failure(409, 'Conflict', `the version of ${at.key} is ${own.resourceVersion}, not ${resourceVersion}`)
    // A write of status takes nothing of the metadata but the version: its uid protects nothing.
    if (uid !== own.uid && at.subresource === undefined) throw failure(422, 'Invalid', 'metadata.uid: field is immutable')
    const isGoing = own.deletionTimestamp !== undefined
    const isNew = (one: string) => own.finalizers?.includes(one) !== true
    if (at.subresource === undefined && isGoing && finalizers.some(isNew))
      throw failure(422, 'Invalid', 'no new finalizers can be added if the object is being deleted')
    const kept = { generation: own.generation, deletionTimestamp: own.deletionTimestamp, finalizers: next.metadata.finalizers }
    const there = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
    const wanted = { ...next, metadata: { ...metadata, ...there } } as unknown as Entry
    return this.#store(at.collection, stored, isolated(at.subresource, stored, wanted), by, applied)
  }

  #delete(collection: string, stored: Entry, preconditions: Json = {}): unknown {
    const { metadata } = stored
    for (const [field, value] of Object.entries(preconditions))
      if (metadata[field] !== value) throw failure(409, 'Conflict', `the ${field} of ${metadata.name} is not ${String(value)}`)
    if (metadata.deletionTimestamp !== undefined) return stored
    if ((metadata.finalizers ?? []).length === 0 && collection !== NAMESPACES) {
      this.#remove(collection, stored)
      return { kind: 'Status', apiVersion: 'v1', status: 'Success', details: { uid: metadata.uid } }
    }
    const { generation } = metadata
    const going = { deletionTimestamp: seconds(this.now()), ...(generation === undefined ? {} : { generation: generation + 1 }) }
    return this.#store(collection, stored, { ...stored, metadata: { ...metadata, ...going } }, TEST)
  }

  #place(gvr: GroupVersionResource, object: Body, manager: string): Entry {
    const { namespace, name } = object.metadata
    this.#refuseClosed(namespace)
    if (this.#etcd.get(collectionOf(gvr), keyOf(namespace, name)) !== undefined)
      throw failure(409, 'AlreadyExists', `${gvr.kind} ${keyOf(namespace, name)} already exists`)
    return this.#store(collectionOf(gvr), undefined, structuredClone(object) as unknown as Entry, { manager, operation: 'Apply' })
  }

  #require(collection: string, key: string): Entry {
    const stored = this.#etcd.get(collection, key)
    if (stored === undefined) throw failure(404, 'NotFound', `${key} not found`)
    return stored
  }

  #store(collection: string, before: Entry | undefined, body: Entry, by: By, applied?: Entry): Entry {
    return this.#etcd.store(collection, before, body, by, applied)
  }

  #remove(collection: string, stored: Entry): void {
    this.#etcd.remove(collection, stored)
  }

  #deliver(event: Event): void {
    for (const stream of this.#streams) stream.push(lineOf(stream.selection, event))
    for (const listener of this.#listeners) listener(structuredClone(event.object), event.type === 'DELETED')
  }

  /** The last object of a kind that is being uninstalled lets go of its CRD, and with that the kind is served no more. */
  #serve({ type, collection, object: { metadata } }: Event): void {
    if (collection !== CRD && type === 'DELETED') this.#cleanUp(crdOf(collection))
    if (collection !== CRD || type === 'MODIFIED') return
    for (const served of this.#collectionsOf(metadata.name)) {
      if (type === 'ADDED') this.#unserved.delete(served)
      else this.#unserved.add(served)
      for (const stream of this.#streams) if (type === 'DELETED' && stream.selection.collection === served) stream.end('over')
    }
  }

  #cleanUp(crd: string): void {
    const definition = this.#etcd.get(CRD, crd)
    const isEmpty = this.#collectionsOf(crd).every((collection) => this.#etcd.all(collection).length === 0)
    if (definition?.metadata.deletionTimestamp !== undefined && isEmpty) this.#remove(CRD, definition)
  }

  #collectionsOf(crd: string): string[] {
    return this.#etcd.collections.filter((collection) => crdOf(collection) === crd)
  }
}
