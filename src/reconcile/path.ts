import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Json, ResourcePath } from '../provider/contract.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { parentName, secaName, secaPath } from '../resolve/names.ts'
import { regionOf, workspaceOf } from '../resolve/region.ts'

/** An object in SECA terms; undefined while it is not known whose it is, or which region its workspace is in. */
export function pathOf(lookup: Lookup, kind: Kind, object: Resource): ResourcePath | undefined {
  const { namespace } = object.metadata
  const scope = namespace === undefined ? { tenant: '' } : lookup.scopeOf(namespace)
  if (scope === undefined || (kind.scope === 'workspace' && workspaceOf(lookup, object) === undefined)) return undefined
  const parent = parentName(kind, object)
  const region = regionOf(lookup, kind, object)
  const full = secaName(kind, object)
  const name = kind.catalog === true && kind.scope === 'cluster' && full.startsWith(`${region}.`) ? full.slice(region.length + 1) : full
  return { api: kind.api, region, kind: kind.kind, name, ...scope, ...(parent === undefined ? {} : { parent }) }
}

/** Text form of a path, the SECA URN. */
export function urnOf(lookup: Lookup, kind: Kind, path: ResourcePath): string {
  const parentCollection = kind.parent && lookup.kindNamed(kind.parent.kind)?.collection
  return secaPath(kind, path, parentCollection)
}

/** What an adapter asked to keep. Anybody with rights on status can write it, so it is not trusted to be JSON. */
export function handleOf({ status }: Pick<Resource, 'status'>): Json | undefined {
  const text = status?.handle
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
