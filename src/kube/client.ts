import { apiVersionOf, type GroupVersionResource, type KubeObject, type ObjectMeta, pathOf } from './gvr.ts'
import type { Request, Transport } from './transport.ts'

export interface ListOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Objects per request; 500 keeps every page's `JSON.parse` below 20 ms. */
  readonly pageSize?: number
  readonly signal?: AbortSignal | undefined
}

export interface WatchOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Go on from here; absent: the initial state first, then a bookmark annotated `k8s.io/initial-events-end` (WatchList). */
  readonly resourceVersion?: string | undefined
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

/** One namespace of what there is of a kind; without a name: all. */
export interface Part {
  readonly name?: string
  readonly namespace?: string
  readonly fieldSelector?: string
}

interface ListAnswer<T> {
  readonly items: T[] | null
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
}

interface Named {
  readonly metadata: ObjectMeta
}
/** An object to be written: typed, or a literal with fields of its own. */
type Body = Named | (Named & Readonly<Record<string, unknown>>)

const PATCH = { json: 'application/json-patch+json', merge: 'application/merge-patch+json', apply: 'application/apply-patch+yaml' } as const

/** A thin typed client: plain JSON in and out, every failure an `ApiError`. */
export class KubeClient {
  readonly #transport: Transport
  /** The only namespaces that it has rights in; undefined: all. */
  readonly namespaces: readonly string[] | undefined
  constructor(transport: Transport, namespaces?: readonly string[]) {
    this.#transport = transport
    this.namespaces = namespaces
  }

  get<T = KubeObject>(gvr: GroupVersionResource, namespace: string | undefined, name: string, signal?: AbortSignal): Promise<T> {
    return this.#send<T>({
      method: 'GET',
      path: pathOf(gvr, namespace, name),
      verb: 'get',
      resource: gvr.resource,
      idempotent: true,
      signal,
    })
  }

  /**
   * Consistent pages. Throws `isGone` when a page token got too old: begin again. What is asked of all namespaces is asked of each one where
   * there are rights in some only.
   */
  async *list<T = KubeObject>(gvr: GroupVersionResource, options: ListOptions): AsyncGenerator<{ items: T[]; resourceVersion: string }> {
    const isPart = options.namespace !== undefined || (options.fieldSelector !== undefined && !gvr.namespaced)
    for (const { namespace, fieldSelector } of isPart ? [options] : this.parts(gvr))
      yield* this.#pages<T>(gvr, { ...options, namespace, fieldSelector: fieldSelector ?? options.fieldSelector })
  }

  /** What there is of a kind, in parts that there are rights to list and watch: RBAC knows a namespace by the selector of its name. */
  parts({ group, resource, namespaced }: GroupVersionResource): readonly Part[] {
    if (this.namespaces === undefined) return [{}]
    if (namespaced) return this.namespaces.map((name) => ({ name, namespace: name }))
    if (group !== '' || resource !== 'namespaces') return [{}]
    return this.namespaces.map((name) => ({ name, fieldSelector: `metadata.name=${name}` }))
  }

  async *#pages<T>(gvr: GroupVersionResource, options: ListOptions): AsyncGenerator<{ items: T[]; resourceVersion: string }> {
    const path = pathOf(gvr, options.namespace)
    const query = selectors(options)
    query.set('limit', String(options.pageSize ?? 500))
    for (;;) {
      const page = await this.#send<ListAnswer<T>>({
        method: 'GET',
        path: `${path}?${query}`,
        verb: 'list',
        resource: gvr.resource,
        idempotent: true,
        signal: options.signal,
      })
      const items = page.items ?? []
      // Lists of built-in kinds leave these out of their items.
      for (const item of items as { apiVersion?: string; kind?: string }[]) {
        item.apiVersion ??= apiVersionOf(gvr)
        item.kind ??= gvr.kind
      }
      yield { items, resourceVersion: page.metadata.resourceVersion }
      const next = page.metadata.continue
      if (next === undefined || next === '') return
      query.set('continue', next)
    }
  }

  /** How far the history of a kind is, from a small consistent read: whatever was written before has at most this version. */
  async versionOf(gvr: GroupVersionResource, options: Omit<ListOptions, 'pageSize'>): Promise<number> {
    for await (const { resourceVersion } of this.list(gvr, { ...options, pageSize: 1 })) return Number(resourceVersion)
    return Number.NaN
  }

  /** Batches of lines, each the JSON of a watch event, bookmarks included. */
  watch(gvr: GroupVersionResource, options: WatchOptions): Promise<AsyncIterable<string[]>> {
    const query = selectors(options)
    query.set('watch', 'true')
    query.set('allowWatchBookmarks', 'true')
    query.set('timeoutSeconds', String(options.timeoutSeconds))
    if (options.resourceVersion !== undefined) query.set('resourceVersion', options.resourceVersion)
    else {
      query.set('sendInitialEvents', 'true')
      query.set('resourceVersionMatch', 'NotOlderThan')
    }
    const path = `${pathOf(gvr, options.namespace)}?${query}`
    return this.#transport.lines({ method: 'GET', path, verb: 'watch', resource: gvr.resource, idempotent: true, signal: options.signal })
  }

  create<T = KubeObject>(
    gvr: GroupVersionResource,
    namespace: string | undefined,
    body: object,
    signal?: AbortSignal,
    options: { fieldManager?: string } = {},
  ): Promise<T> {
    const manager = options.fieldManager === undefined ? '' : `?fieldManager=${encodeURIComponent(options.fieldManager)}`
    return this.#send<T>({
      method: 'POST',
      path: pathOf(gvr, namespace) + manager,
      body,
      verb: 'create',
      resource: gvr.resource,
      idempotent: false,
      signal,
    })
  }

  /** PUT of the whole object; with a resourceVersion in it, refused when that is stale. */
  replace<T = KubeObject>(gvr: GroupVersionResource, body: Body, signal?: AbortSignal): Promise<T> {
    const path = pathOf(gvr, body.metadata.namespace, body.metadata.name)
    return this.#send<T>({ method: 'PUT', path, body, verb: 'update', resource: gvr.resource, idempotent: false, signal })
  }

  /** Server-side apply. Creates what is missing: never use it to touch an object that may just have been deleted. */
  apply<T = KubeObject>(
    gvr: GroupVersionResource,
    body: Body,
    options: { fieldManager: string; force?: boolean; subresource?: 'status' },
    signal?: AbortSignal,
  ): Promise<T> {
    const { name, namespace } = body.metadata
    const path = `${pathOf(gvr, namespace, name, options.subresource)}?fieldManager=${encodeURIComponent(options.fieldManager)}&force=${options.force ?? false}`
    return this.#send<T>({
      method: 'PATCH',
      path,
      body,
      contentType: PATCH.apply,
      verb: 'apply',
      resource: gvr.resource,
      idempotent: true,
      signal,
    })
  }

  /** JSON patch (an array of operations) or merge patch. */
  patch<T = KubeObject>(
    gvr: GroupVersionResource,
    namespace: string | undefined,
    name: string,
    options: { type: 'json' | 'merge'; body: object; subresource?: string; fieldManager?: string },
    signal?: AbortSignal,
  ): Promise<T> {
    const manager = options.fieldManager === undefined ? '' : `?fieldManager=${encodeURIComponent(options.fieldManager)}`
    const path = pathOf(gvr, namespace, name, options.subresource) + manager
    const request = {
      method: 'PATCH',
      path,
      body: options.body,
      contentType: PATCH[options.type],
      verb: 'patch',
      resource: gvr.resource,
    } as const
    return this.#send<T>({ ...request, idempotent: false, signal })
  }

  async delete(
    gvr: GroupVersionResource,
    namespace: string | undefined,
    name: string,
    options: { uid?: string; resourceVersion?: string; propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    const { propagationPolicy, ...preconditions } = options
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, ...(propagationPolicy !== undefined && { propagationPolicy }) }
    const path = pathOf(gvr, namespace, name)
    await this.#send({ method: 'DELETE', path, body, verb: 'delete', resource: gvr.resource, idempotent: true, signal })
  }

  /** Any path, for what is not an object: discovery, health, reviews. Text when the answer is no JSON. */
  raw<T>(
    method: Request['method'],
    path: string,
    body?: unknown,
    options: { contentType?: string; signal?: AbortSignal } = {},
  ): Promise<T> {
    return this.#send<T>({ method, path, body, verb: 'raw', resource: 'raw', idempotent: method === 'GET', ...options })
  }

  /** The apiserver's clock, epoch milliseconds, in whole seconds; NaN when it does not say. */
  serverTime(signal?: AbortSignal): Promise<number> {
    return this.#transport.serverTime(signal)
  }

  /** Aborts what is in flight. */
  close(): Promise<void> {
    return this.#transport.close()
  }

  async #send<T>(request: Request): Promise<T> {
    return (await this.#transport.send(request)) as T
  }
}

function selectors(options: { labelSelector?: string | undefined; fieldSelector?: string | undefined }): URLSearchParams {
  const query = new URLSearchParams()
  if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector)
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector)
  return query
}
