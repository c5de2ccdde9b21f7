import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { readsOf } from '../provider/capability.ts'
import type { Holder, Other, ResourcePath, Targets } from '../provider/contract.ts'
import { tagKey } from '../provider/tags.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { type Graph, idOf } from '../resolve/graph.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { keyOf, parentName } from '../resolve/names.ts'
import { referencesOf, resolver } from '../resolve/references.ts'
import { workspaceOf } from '../resolve/region.ts'
import { cloudZoneOf } from '../resolve/zones.ts'
import { isUsable } from './outcome.ts'
import { handleOf, pathOf } from './path.ts'

/** Where other objects are found. */
export interface Surroundings {
  readonly lookup: Lookup
  readonly graph: Graph
  readonly tagOf: (kind: Kind, path: ResourcePath) => string
  /** What was made already: thousands of rules may name the same few objects. */
  readonly made: Map<string, Other | undefined>
}

/** Objects behind an object's own references, each with its own targets as far as `reads` goes. */
export function targetsOf(around: Surroundings, kind: Kind, object: Resource, reads: readonly string[]): Targets {
  const resolve = resolver(around.lookup, kind, object)
  const deeper = readsOf([{ reads }]).targets
  const targets: Record<string, Other> = {}
  for (const found of referencesOf(kind, object)) {
    const resolution = resolve(found)
    if (resolution.state !== 'found' || isLettingGo(found.rule.holds, resolution.object)) continue
    const rest = below(found.path, deeper)
    const target = makeOther(around, resolution.kind, resolution.object, rest)
    if (target !== undefined) targets[found.path] = target
  }
  return targets
}

/** What is going is taken out where nothing waits for its user; what its user holds stays until the user lets go (architecture §4 "Deletion"). */
function isLettingGo(holds: boolean, target: Resource): boolean {
  return !holds && target.metadata.deletionTimestamp !== undefined
}

/** What refers to an object, when `reads` asks for it. */
export function holdersOf(around: Surroundings, kind: Kind, object: Resource, reads: readonly string[]): readonly Holder[] {
  const { hasHolders, ofHolders } = readsOf([{ reads }])
  if (!hasHolders) return []
  return [...around.graph.dependents(nodeOf(kind, object))].flatMap(({ from, edge }): Holder[] => {
    const holderKind = around.lookup.kindNamed(from.kind)
    const holder = around.lookup.get(from.kind, from.key)
    if (holderKind === undefined || holder === undefined || edge.path === 'metadata') return []
    const other = makeOther(around, holderKind, holder, ofHolders)
    return other === undefined ? [] : [{ ...other, field: edge.path }]
  })
}

/** The object of a kind under a store key; undefined while it is not there. */
export function otherOf(around: Surroundings, kindName: string, key: string): Other | undefined {
  const kind = around.lookup.kindNamed(kindName)
  const object = around.lookup.get(kindName, key)
  return kind && object && makeOther(around, kind, object, [])
}

function makeOther(around: Surroundings, kind: Kind, object: Resource, reads: readonly string[]): Other | undefined {
  const id = `${idOf(nodeOf(kind, object))}|${reads.join(',')}`
  if (!around.made.has(id)) around.made.set(id, build(around, kind, object, reads))
  return around.made.get(id)
}

function build(around: Surroundings, kind: Kind, object: Resource, reads: readonly string[]): Other | undefined {
  const path = pathOf(around.lookup, kind, object)
  if (path === undefined) return undefined
  const { externalId, incarnation, state } = object.status ?? {}
  const handle = handleOf(object)
  const zone = kind.guards?.some(({ rule }) => rule === 'zone') ? cloudZoneOf(around.lookup, kind, object) : undefined
  const parent = kind.parent && otherOf(around, kind.parent.kind, keyOf(object.metadata.namespace, parentName(kind, object) ?? ''))
  const home = kind.scope === 'workspace' ? workspaceOf(around.lookup, object) : undefined
  const workspace = home && otherOf(around, 'Workspace', keyOf(home.metadata.namespace, home.metadata.name))
  return {
    path,
    externalId,
    ...(handle === undefined ? {} : { handle }),
    tagKey: kind.cloud === 'none' ? '' : tagKey(around.tagOf(kind, path)),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(zone === undefined ? {} : { zone }),
    spec: object.spec ?? {},
    status: object.status ?? {},
    state,
    isReady: kind.status === undefined || isUsable(object),
    ...(parent === undefined ? {} : { parent }),
    ...(workspace === undefined ? {} : { workspace }),
    targets: reads.length === 0 ? {} : targetsOf(around, kind, object, reads),
  }
}

/** What of `reads` goes on behind the reference at `path` (`primaryNicRef` of `primaryNicRef.subnetRef` leaves `subnetRef`). */
function below(path: string, reads: readonly string[]): readonly string[] {
  const field = path.replace(/\[\d+\]/g, '[]')
  return reads.flatMap((one) => (one.startsWith(`${field}.`) ? [one.slice(field.length + 1)] : []))
}
