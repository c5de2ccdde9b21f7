import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Change } from '../kube/store.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { edgesOf } from '../resolve/edges.ts'
import { type Edge, Graph } from '../resolve/graph.ts'
import type { Cache } from './cache.ts'
import { claimOf } from './directory.ts'

/** A change of an object, told when the graph has it. */
export interface EdgeChange {
  readonly kind: Kind
  readonly change: Change<Resource>
  /** Edges of the object before the change. */
  readonly before: readonly Edge[]
}

/**
 * The graph of who uses whom, kept in step with the stores from the moment that it is made: for guards of deletions, and for wakes.
 * Guards alone need no more than the edges that hold.
 */
export class Edges {
  readonly graph = new Graph()
  readonly #cache: Cache
  readonly #which: 'all' | 'holding'
  readonly #listeners = new Set<(change: EdgeChange) => void>()

  constructor(cache: Cache, which: 'all' | 'holding' = 'all') {
    this.#cache = cache
    this.#which = which
    for (const kind of cache.kinds()) {
      for (const object of cache.all(kind.kind)) this.draw(kind, object)
      cache.store(kind.kind).onChange((change) => this.#onObject(kind, change))
    }
    // Namespaces say which tenant and workspace objects belong to, and may come after them.
    cache.namespaces.onChange(({ type, object, previous }) => {
      const [now, before] = [claimOf(object), previous && claimOf(previous)]
      if (type === 'updated' && now?.tenant === before?.tenant && now?.workspace === before?.workspace) return
      for (const placed of cache.placedBy(object, previous)) this.draw(placed.kind, placed.object)
    })
  }

  /** Draws the edges of one object anew: what its references lead to changes with other objects, too. */
  draw(kind: Kind, object: Resource): void {
    this.graph.set(nodeOf(kind, object), edgesOf(this.#cache, kind, object, this.#which))
  }

  /** Calls back after each change of an object, when the graph is in step with it. Returns what ends that. */
  onChange(listener: (change: EdgeChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #onObject(kind: Kind, change: Change<Resource>): void {
    const { type, object, previous } = change
    const node = nodeOf(kind, object)
    const before = this.graph.edges(node)
    if (type === 'deleted') this.graph.set(node, undefined)
    else if (previous?.metadata.generation !== object.metadata.generation) this.draw(kind, object)
    for (const listener of this.#listeners) listener({ kind, change, before })
  }
}
