import { EXTERNAL_ID, RESTART_REQUESTED } from '../kinds/names.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Reference } from '../kinds/ref.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Desired, ResourcePath, Target } from '../provider/contract.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { keyOf, parentName, secaName, secaPath } from '../resolve/names.ts'
import { type FoundReference, referencesOf, resolveReference } from '../resolve/references.ts'
import { regionOf, workspaceOf } from '../resolve/region.ts'
import { zoneOf } from '../resolve/zones.ts'
import { isUsable } from './outcome.ts'

/** An object in SECA terms; undefined while its namespace belongs to no tenant. */
export function pathOf(lookup: Lookup, kind: Kind, object: Resource): ResourcePath | undefined {
  const { namespace } = object.metadata
  const scope = namespace === undefined ? { tenant: '' } : lookup.scopeOf(namespace)
  if (scope === undefined || (kind.scope === 'workspace' && scope.workspace === undefined)) return undefined
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

/** What an adapter is told about one object. */
export function desiredOf(
  lookup: Lookup,
  kind: Kind,
  object: Resource,
  path: ResourcePath,
  identity: { tag: string; incarnation: string; mayAdopt: boolean },
): Desired {
  const fields = referenceIndex(kind, object)
  const targets = new Map<Reference, Target | undefined>()
  const adopted = object.metadata.annotations?.[EXTERNAL_ID]
  return {
    path,
    spec: object.spec ?? {},
    labels: object.metadata.labels ?? {},
    externalId: object.status?.externalId ?? adopted,
    tag: identity.tag,
    incarnation: identity.incarnation,
    mayAdopt: identity.mayAdopt && adopted !== undefined,
    restartRequest: object.metadata.annotations?.[RESTART_REQUESTED],
    zone: zoneOf(lookup, kind, object),
    parent: kind.parent && targetAt(lookup, kind.parent.kind, keyOf(object.metadata.namespace, parentName(kind, object) ?? '')),
    workspace: workspaceTarget(lookup, object),
    target(reference) {
      if (targets.has(reference)) return targets.get(reference)
      const field = fields().get(reference) ?? fields().get(reference.resource)
      const resolution = field && resolveReference(lookup, kind, object, field)
      const target = resolution?.state === 'found' ? targetAt(lookup, resolution.kind.kind, resolution.key) : undefined
      targets.set(reference, target)
      return target
    },
  }
}

/** References of an object by themselves and by their words; made when first asked for. */
function referenceIndex(kind: Kind, object: Resource): () => ReadonlyMap<Reference | string, FoundReference> {
  let index: Map<Reference | string, FoundReference> | undefined
  return () => {
    if (index !== undefined) return index
    index = new Map()
    for (const found of referencesOf(kind, object)) {
      index.set(found.reference, found)
      if (!index.has(found.reference.resource)) index.set(found.reference.resource, found)
    }
    return index
  }
}

function workspaceTarget(lookup: Lookup, object: Resource): Target | undefined {
  const workspace = workspaceOf(lookup, object)
  return workspace && targetAt(lookup, 'Workspace', keyOf(workspace.metadata.namespace, workspace.metadata.name))
}

function targetAt(lookup: Lookup, kindName: string, key: string): Target | undefined {
  const kind = lookup.kindNamed(kindName)
  const object = lookup.get(kindName, key)
  const path = kind && object && pathOf(lookup, kind, object)
  if (path === undefined || object === undefined || kind === undefined) return undefined
  const { externalId } = object.status ?? {}
  return { path, externalId, spec: object.spec, status: object.status ?? {}, isReady: kind.status === undefined || isUsable(object) }
}
