import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Graph } from '../resolve/graph.ts'
import type { Cache } from './cache.ts'
import type { Tools } from './controller.ts'
import type { Blockers } from './teardown.ts'
import { nodeOf } from './wake.ts'

interface Question {
  readonly cache: Cache
  readonly graph: Graph
  readonly kind: Kind
  readonly object: Resource
  readonly tools: Tools
}

/** Who still uses an object that is to go; what dies with it (SECA.md §9: subnets with their network) is deleted on the way. */
export async function blockersOf({ cache, graph, kind, object, tools }: Question): Promise<Blockers> {
  const staying: string[] = []
  const going: string[] = []
  const children: { kind: Kind; object: Resource }[] = []
  const seen = new Set<string>()
  for (const { from } of graph.holders(nodeOf(kind, object))) {
    const name = `${from.kind} "${from.key.slice(from.key.indexOf('/') + 1)}"`
    const holder = cache.get(from.kind, from.key)
    const holderKind = cache.kindNamed(from.kind)
    if (holder === undefined || holderKind === undefined || seen.has(name)) continue
    seen.add(name)
    if (holder.metadata.deletionTimestamp !== undefined) going.push(name)
    else if (holderKind.parent?.kind === kind.kind && holderKind.parent.onDelete === 'cascade') children.push({ kind: holderKind, object: holder })
    else staying.push(name)
  }
  if (staying.length === 0)
    for (const child of children) {
      await tools.services.deleteObject(child.kind, child.object, tools)
      going.push(`${child.kind.kind} "${child.object.metadata.name}"`)
    }
  return { staying: staying.toSorted(), going: going.toSorted() }
}
