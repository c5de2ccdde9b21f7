import { EXTERNAL_ID, RESTART_REQUESTED } from '../kinds/names.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Desired, Other, ResourcePath } from '../provider/contract.ts'
import { tagKey } from '../provider/tags.ts'
import type { Graph } from '../resolve/graph.ts'
import { tagsOf } from '../resolve/labels.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { keyOf, parentName } from '../resolve/names.ts'
import { workspaceOf } from '../resolve/region.ts'
import { cloudRegionOf, cloudZoneOf } from '../resolve/zones.ts'
import { holdersOf, otherOf, targetsOf } from './others.ts'
import { handleOf } from './path.ts'

/** What an adapter is told of an object besides what the object says itself. */
export interface Identity {
  /** Ownership tag of any object, by its path. */
  readonly tagOf: (kind: Kind, path: ResourcePath) => string
  readonly installationKey: string
  readonly incarnation: string
  readonly mayAdopt: boolean
  /** Reference paths that the adapter looks at beyond the kind's own (`Capability.reads`). */
  readonly reads: readonly string[]
}

/** What an adapter is told about one object. */
export function desiredOf(lookup: Lookup, graph: Graph, kind: Kind, object: Resource, path: ResourcePath, identity: Identity): Desired {
  const { tagOf, installationKey, incarnation, mayAdopt, reads } = identity
  const surroundings = { lookup, graph, tagOf, made: new Map<string, Other | undefined>() }
  const adopted = object.metadata.annotations?.[EXTERNAL_ID]
  const tag = tagOf(kind, path)
  const workspace = workspaceOf(lookup, object)
  return {
    path,
    spec: object.spec ?? {},
    labels: tagsOf(object.metadata).labels,
    externalId: object.status?.externalId ?? adopted,
    handle: handleOf(object),
    tag,
    tagKey: tag === '' ? '' : tagKey(tag),
    installationKey,
    incarnation,
    mayAdopt: mayAdopt && adopted !== undefined,
    restartRequest: object.metadata.annotations?.[RESTART_REQUESTED],
    zone: cloudZoneOf(lookup, kind, object),
    region: cloudRegionOf(lookup, path.region),
    targets: targetsOf(surroundings, kind, object, reads),
    holders: holdersOf(surroundings, kind, object, reads),
    parent: kind.parent && otherOf(surroundings, kind.parent.kind, keyOf(object.metadata.namespace, parentName(kind, object) ?? '')),
    workspace: workspace && otherOf(surroundings, 'Workspace', keyOf(workspace.metadata.namespace, workspace.metadata.name)),
    isLeaving: object.metadata.deletionTimestamp !== undefined,
  }
}
