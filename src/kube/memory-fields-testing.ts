import { isDeepStrictEqual } from 'node:util'
import { isObject, type Json } from './memory-patch-testing.ts'

/** An entry of `metadata.managedFields`. */
export interface ManagedFields {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly subresource?: string
  readonly fieldsV1: Json
}

/** Who writes. */
export type By = Omit<ManagedFields, 'fieldsV1'>

interface Owned {
  readonly metadata: Json & { readonly managedFields?: readonly ManagedFields[] }
  readonly [field: string]: unknown
}

/** Who owns what after a write: its manager owns what it changed (applied: what it sent), others keep what it did not change. */
export function managed(before: Owned | undefined, next: Owned, by: By, applied?: Owned): ManagedFields[] {
  const old = leaves(partsOf(before))
  const now = leaves(partsOf(next))
  const changed = new Set([...now].filter(([path, value]) => !isDeepStrictEqual(old.get(path), value)).map(([path]) => path))
  const entries = entriesOf(before)
  const mine = entries.find(({ entry }) => isSame(entry, by))?.paths ?? []
  const wanted = applied === undefined ? [...mine, ...changed] : [...leaves(partsOf(applied)).keys()]
  return [
    ...entries
      .filter(({ entry }) => !isSame(entry, by))
      .map(({ entry, paths }) => ({ entry, paths: paths.filter((path) => now.has(path) && !changed.has(path)) })),
    { entry: { ...by, fieldsV1: {} }, paths: [...new Set(wanted)].filter((path) => now.has(path)) },
  ]
    .filter(({ paths }) => paths.length > 0)
    .map(({ entry, paths }) => ({ ...entry, fieldsV1: fieldsOf(paths) }))
}

/** Managers that own what an apply would change. */
export function rivals(stored: Owned, applied: Owned, by: By): string[] {
  const now = leaves(partsOf(stored))
  const differs = [...leaves(partsOf(applied))].filter(([path, value]) => now.has(path) && !isDeepStrictEqual(now.get(path), value))
  return entriesOf(stored)
    .filter(({ entry, paths }) => !isSame(entry, by) && differs.some(([path]) => paths.includes(path)))
    .map(({ entry }) => entry.manager)
}

/** The object without what this manager applied before, does not apply any more, and nobody else owns. */
export function withoutDropped<T extends Owned>(stored: T, applied: Owned, by: By): T {
  const entries = entriesOf(stored)
  const kept = new Set([
    ...leaves(partsOf(applied)).keys(),
    ...entries.filter(({ entry }) => !isSame(entry, by)).flatMap(({ paths }) => paths),
  ])
  const dropped = (entries.find(({ entry }) => isSame(entry, by))?.paths ?? []).filter((path) => !kept.has(path))
  if (dropped.length === 0) return stored
  const next = structuredClone(stored)
  for (const path of dropped) prune(next, JSON.parse(path) as string[])
  return next
}

/** Takes a leaf out, and the objects that are empty then. */
function prune(object: Json, [step = '', ...rest]: readonly string[]): void {
  const inner = object[step]
  if (rest.length > 0 && isObject(inner)) prune(inner, rest)
  if (rest.length === 0 || (isObject(inner) && Object.keys(inner).length === 0)) delete object[step]
}

const isSame = (one: By, other: By): boolean =>
  one.manager === other.manager && one.operation === other.operation && one.subresource === other.subresource

const entriesOf = (object: Owned | undefined) =>
  (object?.metadata.managedFields ?? []).map((entry) => ({ entry, paths: pathsOf(entry.fieldsV1) }))

/** What can be owned, of what matters here. */
function partsOf(object: Owned | undefined): Json {
  if (object === undefined) return {}
  const { metadata, apiVersion: _apiVersion, kind: _kind, ...fields } = object
  const { labels, annotations } = metadata as { labels?: Json; annotations?: Json }
  return { metadata: { labels, annotations }, ...fields }
}

/** JSON of the path → the leaf there; a list is one leaf. */
function leaves(value: unknown, path: readonly string[] = [], found = new Map<string, unknown>()): Map<string, unknown> {
  if (isObject(value) && Object.keys(value).length > 0)
    for (const [key, field] of Object.entries(value)) leaves(field, [...path, key], found)
  else if (value !== undefined && path.length > 0) found.set(JSON.stringify(path), value)
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

/** A write of status changes nothing but status, and any other write leaves status alone. */
export function isolated<T extends Json>(subresource: string | undefined, stored: T, next: T): T {
  return subresource === 'status' ? withStatus(stored, next['status']) : withStatus(next, stored['status'])
}

function withStatus<T extends Json>({ status: _status, ...object }: T, status: unknown): T {
  return { ...object, ...(status === undefined ? {} : { status }) } as unknown as T
}

/** What an apply speaks of: the rest of its body only says which object. */
export function appliedOf<T extends Json>(subresource: string | undefined, { status, ...body }: T): T {
  return (subresource === 'status' ? { metadata: {}, status } : body) as unknown as T
}
