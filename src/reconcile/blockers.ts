import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { holdersOf, nameOf } from '../resolve/blockers.ts'
import type { Graph } from '../resolve/graph.ts'
import type { Lookup } from '../resolve/lookup.ts'
import type { Tools } from './controller.ts'
import type { Blockers } from './teardown.ts'

/** Who still uses an object that is to go; what dies with it is deleted on the way, once nothing else is in the way. */
export async function blockersOf(lookup: Lookup, graph: Graph, kind: Kind, object: Resource, tools: Tools): Promise<Blockers> {
  const { staying, going, children } = holdersOf(lookup, graph, kind, object)
  const doomed = staying.length === 0 ? children : []
  for (const child of doomed) await tools.services.deleteObject(child.kind, child.object, tools)
  return { staying: staying.map(nameOf).toSorted(), going: [...going, ...doomed].map(nameOf).toSorted() }
}
