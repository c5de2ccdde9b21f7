import type { Cache } from './cache.ts'
import { claimOf } from './directory.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { edgesOf } from '../resolve/edges.ts'
import { Graph } from '../resolve/graph.ts'

/** The graph of who uses whom, kept in step with the stores: what DELETE's guards ask. */
export function trackEdges(cache: Cache): Graph {
  const graph = new Graph()
  const draw = (kind: Kind, object: Resource) => graph.set(nodeOf(kind, object), edgesOf(cache, kind, object))
  for (const kind of cache.kinds()) {
    for (const object of cache.all(kind.kind)) draw(kind, object)
    cache.store(kind.kind).onChange(({ type, object, previous }) => {
      if (type === 'deleted') graph.set(nodeOf(kind, object), undefined)
      else if (previous?.metadata.generation !== object.metadata.generation) draw(kind, object)
    })
  }
  // Namespaces say which tenant and workspace objects belong to, and may come after them.
  cache.namespaces.onChange(({ type, object, previous }) => {
    const [now, before] = [claimOf(object), previous && claimOf(previous)]
    if (type === 'updated' && now?.tenant === before?.tenant && now?.workspace === before?.workspace) return
    for (const placed of cache.placedBy(object, previous)) draw(placed.kind, placed.object)
  })
  return graph
}
