import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup } from './lookup.ts'
import { keyOf } from './names.ts'

/** Region of an object: its own, else its workspace's, else the default one. */
export function regionOf(lookup: Lookup, kind: Kind, object: Resource): string {
  const own = (object.spec as { region?: unknown } | undefined)?.region
  if (kind.scope !== 'workspace' || object.metadata.namespace === undefined) return typeof own === 'string' ? own : lookup.defaultRegion
  const workspace = workspaceOf(lookup, object)
  const region = (workspace?.spec as { region?: unknown } | undefined)?.region
  return typeof region === 'string' ? region : lookup.defaultRegion
}

/** The Workspace that an object in a workspace namespace belongs to. */
export function workspaceOf(lookup: Lookup, object: Resource): Resource | undefined {
  const scope = lookup.scopeOf(object.metadata.namespace ?? '')
  if (scope?.workspace === undefined) return undefined
  const namespace = lookup.namespaceOf({ tenant: scope.tenant })
  return namespace === undefined ? undefined : lookup.get('Workspace', keyOf(namespace, scope.workspace))
}

/** Name of the CloudProvider that a region is bound to; undefined while there is no such region. */
export function cloudProviderOf(lookup: Lookup, region: string): string | undefined {
  return boundTo(lookup.get('Region', region))
}

/** Name of the CloudProvider that a Region names. */
export function boundTo(region: Resource | undefined): string | undefined {
  return (region?.spec as { readonly cloudProvider?: string } | undefined)?.cloudProvider
}
