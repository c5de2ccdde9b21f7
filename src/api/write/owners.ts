import { API_FIELD_MANAGER, FIELD_MANAGER } from '../../kinds/names.ts'
import type { KubeObject } from '../../kube/gvr.ts'

/** Leaves of an object that one field manager owns. */
interface Owned {
  readonly manager: string
  readonly paths: readonly (readonly string[])[]
}

/** Kept beside the object, since stores drop `managedFields`; nothing is kept of the managers that are never protected. */
const owners = new WeakMap<object, readonly Owned[]>()
const NOBODY: readonly Owned[] = Object.freeze([])

/** All but people with kubectl and this operator: GitOps controllers, Terraform, other operators (architecture §6). */
export function isForeignManager(manager: string): boolean {
  return !manager.startsWith('kubectl') && manager !== FIELD_MANAGER && manager !== API_FIELD_MANAGER
}

/** Digest of the API's cache (`new Cache(…, { digest: keepOwners })`): remembers who owns what before the store drops it. */
export function keepOwners(object: KubeObject): void {
  const { managedFields } = object.metadata
  if (managedFields === undefined) return
  const found = managedFields.flatMap((entry) => owned(entry as ManagedFields))
  owners.set(object, found.length === 0 ? NOBODY : found)
}

/** Who owns which leaves; undefined when that was not kept. */
export function ownersOf(object: KubeObject): readonly Owned[] | undefined {
  return owners.get(object)
}

interface ManagedFields {
  readonly manager?: string
  readonly subresource?: string
  readonly fieldsV1?: Fields
}
interface Fields {
  readonly [key: string]: Fields
}

function owned({ manager = '', subresource, fieldsV1 }: ManagedFields): Owned[] {
  if (!isForeignManager(manager) || (subresource !== undefined && subresource !== '') || fieldsV1 === undefined) return []
  const { 'f:metadata': metadata, 'f:spec': spec, 'f:extensions': extensions } = fieldsV1
  const paths = [
    ...(spec ? leaves(spec, ['spec']) : []),
    ...(extensions ? leaves(extensions, ['extensions']) : []),
    ...['labels', 'annotations'].flatMap((field) => {
      const fields = metadata?.[`f:${field}`]
      return fields ? leaves(fields, ['metadata', field]) : []
    }),
  ]
  return paths.length === 0 ? [] : [{ manager, paths }]
}

/** A list of keyed items counts as one leaf: it is written as a whole. `.` stands for the object itself, which nobody can take away. */
function leaves(fields: Fields, path: readonly string[]): string[][] {
  const names = Object.keys(fields).filter((key) => key.startsWith('f:'))
  if (names.length === 0) return Object.keys(fields).some((key) => key !== '.') || !('.' in fields) ? [[...path]] : []
  return names.flatMap((key) => leaves(fields[key] ?? {}, [...path, key.slice(2)]))
}

/** The first change that touches what a protected manager owns. */
export function conflictOf(
  all: readonly Owned[],
  changes: readonly (readonly string[])[],
  isProtected: (manager: string) => boolean,
): { readonly manager: string; readonly path: readonly string[] } | undefined {
  for (const { manager, paths } of all) {
    if (!isProtected(manager)) continue
    const owned = new Set(paths.map(idOf))
    const above = new Set(paths.flatMap((path) => prefixesOf(path).map(idOf)))
    const path = changes.find((change) => {
      const id = idOf(change)
      return owned.has(id) || above.has(id) || prefixesOf(change).some((prefix) => owned.has(idOf(prefix)))
    })
    if (path !== undefined) return { manager, path }
  }
  return undefined
}

const idOf = (path: readonly string[]): string => JSON.stringify(path)
/** Every path that leads to a path, without itself. */
const prefixesOf = (path: readonly string[]): string[][] => path.map((_step, length) => path.slice(0, length))
