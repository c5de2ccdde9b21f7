import { nodeOf } from '../resolve/blockers.ts'
import type { Graph } from '../resolve/graph.ts'
import type { Cache } from '../cache/cache.ts'
import type { View } from './controller.ts'

/** What hooks see of the stores. */
export function createView(cache: Cache, graph: Graph): View {
  return {
    lookup: cache,
    holders: (object, kind) =>
      [...graph.holders(nodeOf(kind, object))].flatMap(({ from, edge }) => {
        const holder = cache.get(from.kind, from.key)
        return holder === undefined ? [] : [{ kind: from.kind, object: holder, path: edge.path }]
      }),
    contents: (namespace) =>
      [...cache.kinds()]
        .filter((kind) => kind.scope === 'workspace')
        .flatMap((kind) => cache.inNamespace(kind.kind, namespace).map((object) => ({ kind, object }))),
  }
}
