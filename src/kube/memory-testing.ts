import { isDeepStrictEqual } from 'node:util'
import { KubeClient } from './client.ts'
import { ApiError, apiErrorFrom } from './errors.ts'
import type { KubeObject } from './gvr.ts'
import type { Request, Transport } from './transport.ts'

type Json = Record<string, unknown>
interface Entry extends Json {
  apiVersion: string
  kind: string
  metadata: Json & { name: string; uid: string; resourceVersion: string; generation: number; managedFields: ManagedFields[] }
}
interface ManagedFields {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly subresource?: string
  readonly fieldsV1: Json
}

/** What may go wrong with one request: `before` it is carried out, or `after` (the answer is lost). Either may throw, or take its time. */
interface Fault {
  readonly before?: (request: Request) => void | Promise<void>
  readonly after?: (request: Request) => void | Promise<void>
}

/**
 * For unit tests: a kube-apiserver in memory, as far as writes go. One counter of versions; 409 for stale versions, other uids and
 * names that are taken; merge patch (RFC 7386), JSON patch with `test`, server-side apply; finalizers hold what is deleted; owners of
 * fields by manager; a write that changes nothing bumps nothing. No schemas, no admission.
 */
export class MemoryServer {
  readonly #objects = new Map<string, Entry>()
  readonly #listeners = new Set<(object: KubeObject, isGone: boolean) => void>()
  #version = 1_000
  /** Every request so far. */
  readonly seen: Request[] = []
  fault: Fault = {}
  /** Of objects that are created from now on. */
  now = (): number => Date.now()

  readonly client = new KubeClient({ send: (request: Request) => this.#send(request), close: () => Promise.resolve() } as Transport)

  /** What a watch would say, at once: each version of each object, and its end. */
  onChange(listener: (object: KubeObject, isGone: boolean) => void): void {
    this.#listeners.add(listener)
  }

  /** Puts an object there as it is; answers it as stored. */
  add<T extends KubeObject>(object: T, manager = 'kubectl-client-side-apply'): T {
    const { namespace, name } = object.metadata
    const key = keyOf(object.apiVersion, `${object.kind.toLowerCase()}s`, namespace, name)
    return this.#store(key, undefined, structuredClone(object) as unknown as Entry, { manager, operation: 'Apply' }) as unknown as T
  }

  /** Changes a stored object as somebody else would: no version is asked for. */
  update<T extends KubeObject>(object: T, manager = 'test'): T {
    const { namespace, name } = object.metadata
    const key = keyOf(object.apiVersion, `${object.kind.toLowerCase()}s`, namespace, name)
    const by = { manager, operation: 'Update' } as const
    return this.#store(key, this.#objects.get(key), structuredClone(object) as unknown as Entry, by) as unknown as T
  }

  /** The stored object; undefined when there is none. */
  find<T extends KubeObject = KubeObject>(
    kind: { readonly apiVersion: string; readonly gvr: { readonly resource: string } },
    namespace: string | undefined,
    name: string,
  ) {
    return structuredClone(this.#objects.get(keyOf(kind.apiVersion, kind.gvr.resource, namespace, name))) as unknown as T | undefined
  }

  async #send(request: Request): Promise<unknown> {
    this.seen.push(request)
    // Nothing is answered in the same turn of the loop, so that requests can cross.
    await new Promise((resolve) => setImmediate(resolve))
    request.signal?.throwIfAborted()
    await this.fault.before?.(request)
    request.signal?.throwIfAborted()
    const answer = structuredClone(this.#handle(request))
    await this.fault.after?.(request)
    return answer
  }

  #handle(request: Request): unknown {
    const url = new URL(request.path, 'http://memory')
    const at = placeOf(url.pathname)
    const manager = url.searchParams.get('fieldManager') ?? 'test'
    // Through text, as on the wire: `undefined` is gone, numbers are what they print as.
    const body = request.body === undefined ? undefined : (JSON.parse(JSON.stringify(request.body)) as unknown)
    const stored = this.#objects.get(at.key)
    const by = { manager, operation: 'Update', ...(at.subresource === undefined ? {} : { subresource: at.subresource }) } as const
    if (request.method === 'POST') return this.#create(at, body as Entry, by)
    if (request.contentType === 'application/apply-patch+yaml') return this.#apply(at, stored, body as Entry, { ...by, operation: 'Apply' })
    if (stored === undefined) throw failure(404, 'NotFound', `${at.key} not found`)
    if (request.method === 'GET') return stored
    if (request.method === 'DELETE') return this.#delete(at.key, stored, body as { preconditions?: Json } | undefined)
    if (request.method === 'PUT') return this.#update(at.key, stored, body as Entry, by, false)
    const next = request.contentType === 'application/json-patch+json' ? jsonPatched(stored, body as Operation[]) : merged(stored, body)
    return this.#update(at.key, stored, next as Entry, by)
  }

  #create(at: Place, body: Entry, by: Omit<ManagedFields, 'fieldsV1'>): Entry {
    const key = `${at.key}/${body.metadata.name}`
    if (this.#objects.has(key)) throw failure(409, 'AlreadyExists', `${key} already exists`)
    return this.#store(key, undefined, body, by)
  }

  #apply(at: Place, stored: Entry | undefined, body: Entry, by: Omit<ManagedFields, 'fieldsV1'>): Entry {
    return stored === undefined ? this.#store(at.key, undefined, body, by) : this.#update(at.key, stored, merged(stored, body) as Entry, by)
  }

  #update(key: string, stored: Entry, next: Entry, by: Omit<ManagedFields, 'fieldsV1'>, isPatch = true): Entry {
    const { uid, resourceVersion } = next.metadata
    if (resourceVersion !== undefined && resourceVersion !== stored.metadata.resourceVersion)
      throw failure(409, 'Conflict', `the version of ${key} is ${stored.metadata.resourceVersion}, not ${resourceVersion}`)
    // A precondition only in a PUT; in a patch it is a field that does not change.
    if (uid !== undefined && uid !== stored.metadata.uid)
      throw failure(isPatch ? 422 : 409, isPatch ? 'Invalid' : 'Conflict', `the uid of ${key} is ${stored.metadata.uid}, not ${uid}`)
    return this.#store(key, stored, next, by)
  }

  #delete(key: string, stored: Entry, options: { preconditions?: Json } = {}): unknown {
    for (const [field, value] of Object.entries(options.preconditions ?? {}))
      if (stored.metadata[field] !== value) throw failure(409, 'Conflict', `the ${field} of ${key} is not ${String(value)}`)
    if (isHeld(stored)) {
      if (stored.metadata['deletionTimestamp'] !== undefined) return stored
      const next = { ...stored, metadata: { ...stored.metadata, deletionTimestamp: seconds(this.now()) } }
      return this.#store(key, stored, next, { manager: 'test', operation: 'Update' })
    }
    this.#remove(key, stored)
    return { kind: 'Status', apiVersion: 'v1', status: 'Success', details: { uid: stored.metadata.uid } }
  }

  #remove(key: string, stored: Entry): void {
    this.#objects.delete(key)
    const gone = { ...stored, metadata: { ...stored.metadata, resourceVersion: String(++this.#version) } }
    for (const listener of this.#listeners) listener(structuredClone(gone) as unknown as KubeObject, true)
  }

  #store(key: string, before: Entry | undefined, body: Entry, by: Omit<ManagedFields, 'fieldsV1'>): Entry {
    const own = before?.metadata
    const isSpecChanged = before !== undefined && !isDeepStrictEqual(wantedOf(before), wantedOf(body))
    const metadata = {
      ...body.metadata,
      uid: own?.uid ?? body.metadata.uid ?? `uid-${this.#version + 1}`,
      creationTimestamp: own?.['creationTimestamp'] ?? body.metadata['creationTimestamp'] ?? seconds(this.now()),
      generation: (own?.generation ?? body.metadata.generation ?? 1) + (isSpecChanged ? 1 : 0),
      resourceVersion: own?.resourceVersion ?? '',
      managedFields: own?.managedFields ?? [],
    }
    const next = { ...body, metadata } as Entry
    if (before !== undefined && isDeepStrictEqual(before, next)) return before
    metadata.managedFields = managed(before, next, by)
    metadata.resourceVersion = String(++this.#version)
    if (before !== undefined && !isHeld(next) && next.metadata['deletionTimestamp'] !== undefined) {
      this.#remove(key, next)
      return next
    }
    this.#objects.set(key, next)
    for (const listener of this.#listeners) listener(structuredClone(next) as unknown as KubeObject, false)
    return next
  }
}

/** An answer that never came: status 0, as the transport says it. */
export const noAnswer = (): ApiError => new ApiError('no answer (ECONNRESET: connection reset)', { status: 0, reason: 'ECONNRESET' })
export const conflict = (): ApiError => failure(409, 'Conflict', 'the object has been modified')
const failure = (code: number, reason: string, message: string): ApiError =>
  apiErrorFrom('memory', { status: code }, { kind: 'Status', code, reason, message })

interface Place {
  readonly key: string
  readonly subresource: string | undefined
}
const keyOf = (apiVersion: string, resource: string, namespace: string | undefined, name: string): string =>
  [apiVersion, ...(namespace === undefined ? [] : ['namespaces', namespace]), resource, name].join('/')

function placeOf(pathname: string): Place {
  const [root, ...rest] = pathname.slice(1).split('/').map(decodeURIComponent)
  const base = root === 'api' ? 1 : 2
  const isNamespaced = rest[base] === 'namespaces' && rest.length > base + 2 && rest[base + 2] !== 'status'
  const length = base + (isNamespaced ? 4 : 2)
  return { key: rest.slice(0, length).join('/'), subresource: rest[length] }
}

/** What counts for the generation. */
const wantedOf = ({ metadata: _metadata, status: _status, ...wanted }: Entry): Json => wanted
const isHeld = ({ metadata }: Entry): boolean => ((metadata['finalizers'] as unknown[] | undefined) ?? []).length > 0
const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, merged(result.get(key), value))
  }
  return Object.fromEntries(result)
}

interface Operation {
  readonly op: 'test' | 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

/** RFC 6902, as far as anybody here uses it. */
function jsonPatched(target: Entry, operations: readonly Operation[]): unknown {
  const root = structuredClone(target) as Json
  for (const { op, path, value } of operations) {
    const steps = path
      .slice(1)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = steps.pop() ?? ''
    let parent: unknown = root
    for (const step of steps) parent = (parent as Json | undefined)?.[step]
    const found = (parent as Json | undefined)?.[last]
    if (op === 'test' ? !isDeepStrictEqual(found, value) : parent === undefined || (op !== 'add' && found === undefined))
      throw failure(422, 'Invalid', `${op} ${path} does not hold`)
    if (Array.isArray(parent) && op !== 'test') {
      if (op === 'add') parent.splice(last === '-' ? parent.length : Number(last), 0, value)
      else parent.splice(Number(last), 1, ...(op === 'remove' ? [] : [value]))
    } else if (op === 'remove') delete (parent as Json)[last]
    else if (op !== 'test') (parent as Json)[last] = value
  }
  return root
}

/** Who owns what after a write: its manager owns what it changed (applied: what it sent), and nobody else does. */
function managed(before: Entry | undefined, next: Entry, by: Omit<ManagedFields, 'fieldsV1'>): ManagedFields[] {
  const old = leaves(owned(before))
  const now = leaves(owned(next))
  const changed = new Set([...now].filter(([path, value]) => !isDeepStrictEqual(old.get(path), value)).map(([path]) => path))
  const entries = (before?.metadata.managedFields ?? []).map((entry) => ({ entry, paths: pathsOf(entry.fieldsV1) }))
  const isSame = (entry: ManagedFields) =>
    entry.manager === by.manager && entry.operation === by.operation && entry.subresource === by.subresource
  const mine = entries.find(({ entry }) => isSame(entry))?.paths ?? []
  const others = entries.filter(({ entry }) => !isSame(entry))
  return [
    ...others.map(({ entry, paths }) => ({ entry, paths: paths.filter((path) => now.has(path) && !changed.has(path)) })),
    { entry: { ...by, fieldsV1: {} }, paths: [...mine.filter((path) => now.has(path)), ...changed] },
  ]
    .filter(({ paths }) => paths.length > 0)
    .map(({ entry, paths }) => ({ ...entry, fieldsV1: fieldsOf(paths) }))
}

/** What can be owned, of what matters here. */
function owned(object: Entry | undefined): Json {
  if (object === undefined) return {}
  const { labels, annotations } = object.metadata as { labels?: Json; annotations?: Json }
  return { metadata: { labels, annotations }, spec: object['spec'], extensions: object['extensions'], status: object['status'] }
}

/** JSON of the path → the leaf there. */
function leaves(value: unknown, path: readonly string[] = [], found = new Map<string, unknown>()): Map<string, unknown> {
  if (isObject(value) && Object.keys(value).length > 0)
    for (const [key, field] of Object.entries(value)) leaves(field, [...path, key], found)
  else if (value !== undefined) found.set(JSON.stringify(path), value)
  return found
}

function fieldsOf(paths: readonly string[]): Json {
  const root: Json = {}
  for (const path of paths) {
    let at = root
    for (const step of JSON.parse(path) as string[]) at = (at[`f:${step}`] ??= {}) as Json
  }
  return root
}

function pathsOf(fields: Json, path: readonly string[] = []): string[] {
  const keys = Object.keys(fields)
  if (keys.length === 0) return [JSON.stringify(path)]
  return keys.flatMap((key) => pathsOf(fields[key] as Json, [...path, key.slice(2)]))
}
