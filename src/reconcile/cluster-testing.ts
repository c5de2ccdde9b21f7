import { isDeepStrictEqual } from 'node:util'
import type { Cache } from '../cache/cache.ts'
import type { Kind } from '../kinds/kind.ts'
import { TENANT_LABEL } from '../kinds/names.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { ApiError } from '../kube/errors.ts'
import { type GroupVersionResource, type KubeObject, type ObjectMeta, pathOf } from '../kube/gvr.ts'
import type { Store } from '../kube/store.ts'

type Stored = KubeObject & { readonly spec?: unknown; readonly status?: unknown }
interface Operation {
  readonly op: 'test' | 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

/** For unit tests: a kube-apiserver in memory, as much of it as the controllers use, with watches that feed a {@link Cache}. */
export class Cluster {
  readonly #objects = new Map<string, { readonly gvr: GroupVersionResource; readonly object: Stored }>()
  readonly #cache: Cache
  readonly #now: () => number
  readonly #held: (() => void)[] = []
  #isHeld = false
  #version = 1_000
  #uids = 0
  /** Every write that changed something: `patch roleassignments t/a`. */
  readonly writes: string[] = []
  /** Called before each write; may throw, or change the cluster behind the writer's back. */
  beforeWrite: (write: string, body: unknown) => void = () => undefined

  constructor(cache: Cache, now: () => number) {
    this.#cache = cache
    this.#now = now
  }

  /** Watches fall behind until the answer is called. Answers of one's own writes still come. */
  holdWatches(): () => void {
    this.#isHeld = true
    return () => {
      this.#isHeld = false
      for (const deliver of this.#held.splice(0)) deliver()
    }
  }

  install(crd: string): void {
    this.put(KUBERNETES.CustomResourceDefinition, { apiVersion: 'v1', kind: 'CustomResourceDefinition', metadata: { name: crd } })
  }

  uninstall(crd: string): void {
    const path = pathOf(KUBERNETES.CustomResourceDefinition, undefined, crd)
    const { object } = this.#require(KUBERNETES.CustomResourceDefinition, undefined, crd)
    this.#commit(KUBERNETES.CustomResourceDefinition, path, {
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['customresourcecleanup'] },
    })
  }

  /** A merge patch of somebody else, at once. */
  change(kind: string, namespace: string | undefined, name: string, body: object): void {
    this.#merge((this.#cache.kindNamed(kind) as Kind).gvr, namespace, name, body)
  }
  changeNamespace(name: string, body: object): void {
    this.#merge(KUBERNETES.Namespace, undefined, name, body)
  }
  #merge(gvr: GroupVersionResource, namespace: string | undefined, name: string, body: object): void {
    const { path, object } = this.#require(gvr, namespace, name)
    this.#commit(gvr, path, merged(object, body) as Stored)
  }

  /** What is stored; undefined when there is no such object. */
  read<T>(gvr: GroupVersionResource, namespace: string | undefined, name: string): T | undefined {
    return structuredClone(this.#objects.get(pathOf(gvr, namespace, name))?.object) as T | undefined
  }

  /** Creates as anybody would. */
  put<T>(
    gvr: GroupVersionResource,
    body: Omit<Stored, 'metadata'> & { readonly metadata: Partial<ObjectMeta> & { readonly name: string } },
  ): T {
    const { namespace, name } = body.metadata
    const path = pathOf(gvr, namespace, name)
    if (this.#objects.has(path)) throw failure(409, 'AlreadyExists')
    const home = namespace === undefined ? undefined : this.#objects.get(pathOf(KUBERNETES.Namespace, undefined, namespace))?.object
    if (home?.metadata.deletionTimestamp !== undefined) throw failure(403, 'Forbidden', 'NamespaceTerminating')
    const creationTimestamp = new Date(this.#now()).toISOString().replace('.000', '')
    const metadata = { uid: `uid-${++this.#uids}`, creationTimestamp, generation: 1, ...body.metadata }
    return this.#commit(gvr, path, { ...body, metadata }) as T
  }

  get<T>(gvr: GroupVersionResource, namespace: string | undefined, name: string): Promise<T> {
    const object = this.read<T>(gvr, namespace, name)
    return object === undefined ? Promise.reject(failure(404, 'NotFound')) : Promise.resolve(object)
  }

  async *list<T>(gvr: GroupVersionResource, { namespace, pageSize = 500 }: { namespace?: string; pageSize?: number }) {
    const prefix = pathOf(gvr, namespace)
    const items = [...this.#objects].filter(([path]) => path.startsWith(`${prefix}/`)).map(([, { object }]) => structuredClone(object) as T)
    for (let at = 0; at === 0 || at < items.length; at += pageSize)
      yield { items: items.slice(at, at + pageSize), resourceVersion: String(this.#version) }
  }

  async create<T>(gvr: GroupVersionResource, namespace: string | undefined, body: Stored): Promise<T> {
    this.#announce('create', gvr, namespace, body.metadata.name, body)
    return this.put<T>(gvr, { ...body, metadata: { ...body.metadata, ...(namespace === undefined ? {} : { namespace }) } })
  }

  /** Of status alone: all that the controllers apply. As kube-apiserver does it there: the version counts, the uid does not. */
  async apply<T>(gvr: GroupVersionResource, body: Stored): Promise<T> {
    const { namespace, name, resourceVersion } = body.metadata
    this.#announce('status', gvr, namespace, name, body)
    const { path, object } = this.#require(gvr, namespace, name)
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) throw failure(409, 'Conflict')
    return this.#commit(gvr, path, { ...object, status: body.status }) as T
  }

  async patch<T>(
    gvr: GroupVersionResource,
    namespace: string | undefined,
    name: string,
    options: { readonly type: 'json' | 'merge'; readonly body: object },
  ): Promise<T> {
    this.#announce('patch', gvr, namespace, name, options.body)
    const { path, object } = this.#require(gvr, namespace, name)
    const next =
      options.type === 'merge'
        ? (merged(object, options.body) as Stored)
        : (options.body as readonly Operation[]).reduce<Stored>(operated, structuredClone(object))
    if (next.metadata.uid !== object.metadata.uid) throw failure(409, 'Conflict')
    if (next.metadata.resourceVersion !== object.metadata.resourceVersion) throw failure(409, 'Conflict')
    return this.#commit(gvr, path, next, object) as T
  }

  async delete(gvr: GroupVersionResource, namespace: string | undefined, name: string, { uid }: { uid?: string } = {}): Promise<void> {
    this.#announce('delete', gvr, namespace, name, { uid })
    const { path, object } = this.#require(gvr, namespace, name)
    if (uid !== undefined && uid !== object.metadata.uid) throw failure(409, 'Conflict')
    if (object.metadata.deletionTimestamp !== undefined) return
    const isLasting = gvr.resource === 'namespaces' || (object.metadata.finalizers ?? []).length > 0
    if (!isLasting) return this.#drop(gvr, path, object)
    const deletionTimestamp = new Date(this.#now()).toISOString().replace('.000', '')
    this.#commit(gvr, path, {
      ...object,
      metadata: { ...object.metadata, deletionTimestamp, generation: (object.metadata.generation ?? 1) + 1 },
    })
  }

  /** What Kubernetes does with a namespace 5 s after its deletion: all in it goes, then, when nothing is left, itself. */
  sweep(namespace: string): boolean {
    const home = this.#objects.get(pathOf(KUBERNETES.Namespace, undefined, namespace))
    for (const [path, { gvr, object }] of this.#objects) {
      if (object.metadata.namespace !== namespace || object.metadata.deletionTimestamp !== undefined) continue
      if ((object.metadata.finalizers ?? []).length === 0) this.#drop(gvr, path, object)
      else this.#commit(gvr, path, { ...object, metadata: { ...object.metadata, deletionTimestamp: new Date(this.#now()).toISOString() } })
    }
    const isEmpty = ![...this.#objects.values()].some(({ object }) => object.metadata.namespace === namespace)
    if (isEmpty && home !== undefined) this.#drop(home.gvr, pathOf(home.gvr, undefined, namespace), home.object)
    return isEmpty
  }

  #announce(verb: string, gvr: GroupVersionResource, namespace: string | undefined, name: string, body: unknown): void {
    const write = `${verb} ${gvr.resource} ${namespace === undefined ? '' : `${namespace}/`}${name}`
    this.writes.push(write)
    this.beforeWrite(write, body)
  }

  #require(gvr: GroupVersionResource, namespace: string | undefined, name: string): { path: string; object: Stored } {
    const path = pathOf(gvr, namespace, name)
    const found = this.#objects.get(path)
    if (found === undefined) throw failure(404, 'NotFound')
    return { path, object: found.object }
  }

  #commit(gvr: GroupVersionResource, path: string, next: Stored, before = this.#objects.get(path)?.object): Stored {
    if (before !== undefined && isDeepStrictEqual(before, next)) return structuredClone(before)
    const isChanged = before !== undefined && !isDeepStrictEqual(before.spec, next.spec)
    const generation = (next.metadata.generation ?? 1) + (isChanged ? 1 : 0)
    const object = { ...next, metadata: { ...next.metadata, generation, resourceVersion: String(++this.#version) } }
    const { deletionTimestamp, finalizers = [] } = object.metadata
    if (deletionTimestamp !== undefined && finalizers.length === 0 && gvr.resource !== 'namespaces') {
      this.#drop(gvr, path, object)
      return structuredClone(object)
    }
    this.#objects.set(path, { gvr, object })
    this.#tell(gvr, 'set', object)
    return structuredClone(object)
  }

  #drop(gvr: GroupVersionResource, path: string, object: Stored): void {
    this.#objects.delete(path)
    this.#tell(gvr, 'remove', { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } })
  }

  #tell(gvr: GroupVersionResource, change: 'set' | 'remove', object: Stored): void {
    const isNamespace = gvr.resource === 'namespaces'
    if (!isNamespace && this.#cache.kindNamed(gvr.kind) === undefined) return
    const store = (isNamespace ? this.#cache.namespaces : this.#cache.store(gvr.kind)) as Store<KubeObject>
    // A watch with a selector says of what leaves the selection that it is gone.
    const isSelected = !isNamespace || object.metadata.labels?.[TENANT_LABEL] !== undefined
    const deliver = () => void store[isSelected ? change : 'remove'](structuredClone(object))
    if (this.#isHeld) this.#held.push(deliver)
    else deliver()
  }
}

export function failure(status: number, reason: string, cause?: string): ApiError {
  return new ApiError(`the cluster says ${reason}`, { status, reason, causes: cause === undefined ? [] : [{ reason: cause, message: '' }] })
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}
  const entries = new Map<string, unknown>(Object.entries(base))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) entries.delete(key)
    else if (value !== undefined) entries.set(key, merged(entries.get(key), value))
  }
  return Object.fromEntries(entries)
}

/** One operation of RFC 6902, on an object that may be changed. */
function operated(object: Stored, { op, path, value }: Operation): Stored {
  const steps = path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = steps.pop() ?? ''
  const parent = steps.reduce<unknown>((inner, step) => (inner as Record<string, unknown> | undefined)?.[step], object)
  if (typeof parent !== 'object' || parent === null) throw failure(422, 'Invalid')
  const holder = parent as Record<string, unknown>
  if (op === 'test') {
    if (!isDeepStrictEqual(holder[last] ?? null, value ?? null)) throw failure(422, 'Invalid')
    return object
  }
  if (op !== 'add' && !(last in holder)) throw failure(422, 'Invalid')
  if (!Array.isArray(parent)) {
    if (op === 'remove') delete holder[last]
    else holder[last] = value
  } else if (op === 'add') parent.splice(last === '-' ? parent.length : Number(last), 0, value)
  else if (op === 'remove') parent.splice(Number(last), 1)
  else parent[Number(last)] = value
  return object
}
