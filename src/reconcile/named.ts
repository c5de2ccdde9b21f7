import type { EdgeChange, Edges } from '../cache/edges.ts'
import type { Resource } from '../kinds/resource.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { type Edge, idOf } from '../resolve/graph.ts'
import { isCurrent, type Naming } from './outcome.ts'

/**
 * Tells a user who just named something that is not there yet, and waits for it, from one who changes something else of an object of which
 * a target went. Only objects under change are remembered.
 */
export class Named {
  readonly #since = new Map<string, 'new' | 'same'>()
  readonly #edges: Pick<Edges, 'graph'>

  constructor(edges: Pick<Edges, 'graph' | 'onChange'>) {
    this.#edges = edges
    edges.onChange((change) => this.#onChange(change))
  }

  of({ metadata }: Resource): Naming {
    return this.#since.get(metadata.uid) ?? 'unknown'
  }

  #onChange({ kind, change, before }: EdgeChange): void {
    const { type, object, previous } = change
    const { uid, generation } = object.metadata
    if (type === 'deleted' || isCurrent(object)) return void this.#since.delete(uid)
    if (previous === undefined || previous.metadata.uid !== uid || previous.metadata.generation === generation) return
    const known = new Set(before.map(nameOf))
    const isNew = this.#edges.graph.edges(nodeOf(kind, object)).some((edge) => !known.has(nameOf(edge)))
    this.#since.set(uid, isNew || this.#since.get(uid) === 'new' ? 'new' : 'same')
  }
}

/** An edge wherever it stands in a list: an element that was taken out moves those behind it. */
function nameOf({ path, to }: Edge): string {
  return `${path.replaceAll(/\[\d+\]/g, '[]')} ${idOf(to)}`
}
