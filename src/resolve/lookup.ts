import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'

/** Tenant, and workspace where there is one, that a namespace stands for (architecture §2). */
export interface Scope {
  readonly tenant: string
  readonly workspace?: string
}

/** What this folder's functions read: the informer stores, seen from outside. */
export interface Lookup {
  kindNamed(name: string): Kind | undefined
  /** By `namespace/name` or `name`. */
  get(kind: string, key: string): Resource | undefined
  /** Objects of a namespaced kind in one namespace. */
  inNamespace(kind: string, namespace: string): readonly Resource[]
  /** Objects of a nested kind in one namespace that have this SECA name, whatever they are nested in. */
  nestedNamed(kind: string, namespace: string, name: string): readonly Resource[]
  all(kind: string): Iterable<Resource>
  /** Tenant and workspace of a namespace; undefined when it has no labels of ours, or lost them to an older claim. */
  scopeOf(namespace: string): Scope | undefined
  /** Namespace of a tenant or workspace. */
  namespaceOf(scope: Scope): string | undefined
  /** An administrator opened the tenant's images to everyone. */
  isShared(tenant: string): boolean
  readonly defaultRegion: string
  /** There are namespaces that cannot be seen: what is found in none of the others is not known to be nowhere. */
  readonly isPartial?: boolean
}
