import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { type Graph, idOf, type Node } from './graph.ts'
import type { Lookup } from './lookup.ts'
import { keyOf } from './names.ts'

/** An object as a node of the {@link Graph}. */
export function nodeOf(kind: Kind, object: Resource): Node {
  return { kind: kind.kind, key: keyOf(object.metadata.namespace, object.metadata.name) }
}

/** An object with its kind. */
export interface Holder {
  readonly kind: Kind
  readonly object: Resource
}

/** Who still uses an object that is to go (contract §9, architecture §4 "Deletion"). */
interface Holders {
  /** Not being deleted: somebody has to decide first. */
  readonly staying: readonly Holder[]
  /** Being deleted: only a matter of time. */
  readonly going: readonly Holder[]
  /** Not being deleted, but dies with the object: subnets with their network. */
  readonly children: readonly Holder[]
}

/** Finds who holds an object. */
export function holdersOf(lookup: Lookup, graph: Graph, kind: Kind, object: Resource): Holders {
  const holders = { staying: [] as Holder[], going: [] as Holder[], children: [] as Holder[] }
  const seen = new Set<string>()
  for (const { from } of graph.holders(nodeOf(kind, object))) {
    const holder = lookup.get(from.kind, from.key)
    const holderKind = lookup.kindNamed(from.kind)
    const id = idOf(from)
    if (holder === undefined || holderKind === undefined || seen.has(id)) continue
    seen.add(id)
    const isChild = holderKind.parent?.kind === kind.kind && holderKind.parent.onDelete === 'cascade'
    const group = holder.metadata.deletionTimestamp !== undefined ? holders.going : isChild ? holders.children : holders.staying
    group.push({ kind: holderKind, object: holder })
  }
  return holders
}

/** `Instance "web"`: a holder as people name it. */
export function nameOf({ kind, object }: Holder): string {
  return `${kind.kind} "${object.metadata.name}"`
}
