import { createHash } from 'node:crypto'
import type { Kind } from '../kinds/kind.ts'
import type { Reference } from '../kinds/ref.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup, Scope } from './lookup.ts'

/** Longest name of a namespace (RFC 1123 label). */
const NAMESPACE_LENGTH = 63

/** Default namespace of a tenant or workspace: readable, hashed only when it would not fit, holds a dot or could be read two ways. */
export function defaultNamespace({ tenant, workspace }: Scope): string {
  const name = workspace === undefined ? `seca-${tenant}` : `seca-${tenant}--${workspace}`
  const isPlain = !name.includes('.') && !tenant.includes('--') && !(workspace ?? '').includes('--')
  if (isPlain && name.length <= NAMESPACE_LENGTH && name !== 'seca-system') return name
  const hash = createHash('sha256')
    .update(JSON.stringify([tenant, workspace]))
    .digest('hex')
    .slice(0, 10)
  return `${name.replaceAll('.', '-').slice(0, NAMESPACE_LENGTH - hash.length - 1)}-${hash}`
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of an object in its store. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** Name of the object that `object` is nested in; undefined for kinds without parent. */
export function parentName(kind: Kind, object: Pick<Resource, 'spec'>): string | undefined {
  if (kind.parent === undefined) return undefined
  const value = (object.spec as Record<string, unknown> | undefined)?.[kind.parent.field]
  return typeof value === 'string' ? value : undefined
}

/** SECA name of an object: what follows the parent's name in `metadata.name` of nested kinds. */
export function secaName(kind: Kind, object: Pick<Resource, 'spec' | 'metadata'>): string {
  const parent = parentName(kind, object)
  const { name } = object.metadata
  return parent !== undefined && name.startsWith(`${parent}.`) ? name.slice(parent.length + 1) : name
}

/** The parts of a SECA path. */
interface PathParts extends Partial<Scope> {
  readonly parent?: string
  readonly name: string
}

/** SECA path (the URN of `metadata.ref`, contract §3): `seca.storage/v1/tenants/t/workspaces/w/block-storages/n`. */
export function secaPath(kind: Kind, parts: PathParts, parentCollection?: string): string {
  const steps = [kind.api]
  if (kind.scope !== 'cluster' && parts.tenant !== undefined) steps.push('tenants', parts.tenant)
  if (kind.scope === 'workspace' && parts.workspace !== undefined) steps.push('workspaces', parts.workspace)
  if (parts.parent !== undefined && parentCollection !== undefined) steps.push(parentCollection, parts.parent)
  return [...steps, kind.collection, parts.name].join('/')
}

/** Reference to an object by its full URN; undefined while its namespace belongs to no tenant. */
export function urnReference(lookup: Lookup, kind: Kind, object: Resource): Reference | undefined {
  const scope = lookup.scopeOf(object.metadata.namespace ?? '')
  if (scope === undefined) return undefined
  const parent = parentName(kind, object)
  const parentCollection = kind.parent && lookup.kindNamed(kind.parent.kind)?.collection
  return {
    resource: secaPath(kind, { ...scope, name: secaName(kind, object), ...(parent === undefined ? {} : { parent }) }, parentCollection),
  }
}
