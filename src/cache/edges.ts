import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../kinds/kind.ts'
import { SHARED_LABEL } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Change } from '../kube/store.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { edgesOf, scopeNode } from '../resolve/edges.ts'
import { type Edge, Graph, idOf, type Node } from '../resolve/graph.ts'
import type { Cache } from './cache.ts'
import { claimOf, type Namespace } from './directory.ts'

/** A change of an object, told when the graph has it. */
export interface EdgeChange {
  readonly kind: Kind
  readonly change: Change<Resource>
  /** Edges of the object before the change. */
  readonly before: readonly Edge[]
}

/** An object of which a namespace now says something else: whose it is, what it may name, or that it is on its way out. */
export interface Placed {
  readonly kind: Kind
  readonly object: Resource
  readonly initial: boolean
}

/**
 * The graph of who uses whom, kept in step with the stores from the moment that it is made: for guards of deletions, and for wakes.
 * Edges are drawn when an object's spec changes, or something that decides where they lead: a namespace, the workspace, a child that
 * a reference without its parent may mean. Guards alone need no more than the edges that hold.
 */
export class Edges {
  readonly graph = new Graph()
  readonly #cache: Cache
  readonly #which: 'all' | 'holding'
  /** Generation that an object's edges were drawn from, by uid. */
  readonly #drawn = new Map<string, number | undefined>()
  readonly #listeners = new Set<(change: EdgeChange) => void>()
  readonly #placedListeners = new Set<(placed: Placed) => void>()

  constructor(cache: Cache, which: 'all' | 'holding' = 'all') {
    this.#cache = cache
    this.#which = which
    for (const kind of cache.kinds()) {
      for (const object of cache.all(kind.kind)) this.#redraw(kind, object)
      cache.store(kind.kind).onChange((change) => this.#onObject(kind, change))
    }
    cache.namespaces.onChange((change) => this.#onNamespace(change))
  }

  /** Sees to it that the edges of an object are those of its spec; for who has an object that is newer than the store's. */
  draw(kind: Kind, object: Resource): void {
    const { uid, generation } = object.metadata
    if (!this.#drawn.has(uid) || this.#drawn.get(uid) !== generation) this.#redraw(kind, object)
  }

  /** Calls back after each change of an object, when the graph is in step with it. Returns what ends that. */
  onChange(listener: (change: EdgeChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls back for each object that a change of a namespace concerns, when the graph is in step with it. Returns what ends that. */
  onPlaced(listener: (placed: Placed) => void): () => void {
    this.#placedListeners.add(listener)
    return () => this.#placedListeners.delete(listener)
  }

  #redraw(kind: Kind, object: Resource): void {
    this.#drawn.set(object.metadata.uid, object.metadata.generation)
    this.graph.set(nodeOf(kind, object), edgesOf(this.#cache, kind, object, this.#which))
  }

  #onObject(kind: Kind, change: Change<Resource>): void {
    const { type, object, previous } = change
    const node = nodeOf(kind, object)
    const before = this.graph.edges(node)
    if (type === 'deleted') {
      this.graph.set(node, undefined)
      this.#drawn.delete(object.metadata.uid)
    } else if (previous?.metadata.generation !== object.metadata.generation) this.#redraw(kind, object)
    if (type !== 'updated' || previous?.metadata.generation !== object.metadata.generation)
      for (const steered of this.#steeredBy(node)) this.#redraw(steered.kind, steered.object)
    for (const listener of this.#listeners) listener({ kind, change, before })
  }

  #onNamespace({ type, object, previous, initial }: Change<Namespace>): void {
    const [before, now] = [type === 'deleted' ? (previous ?? object) : previous, type === 'deleted' ? undefined : object]
    if (before !== undefined && now !== undefined && isDeepStrictEqual(traitsOf(before), traitsOf(now))) return
    const claims = [before, now].flatMap((one) => (one && claimOf(one)) ?? [])
    const isMoved = !isDeepStrictEqual(before && claimOf(before), now && claimOf(now))
    const isGoing = before?.metadata.deletionTimestamp !== now?.metadata.deletionTimestamp
    const concerned = new Map<string, Omit<Placed, 'initial'>>()
    const take = (one: Omit<Placed, 'initial'>) => void concerned.set(idOf(nodeOf(one.kind, one.object)), one)
    // A tenant's that is only told to go, or opened to others, concerns nobody in its workspaces.
    const claimed = isMoved ? claims : claims.filter(({ workspace }) => workspace !== undefined)
    if (isMoved || isGoing) for (const one of this.#cache.placedBy(object.metadata.name, claimed)) take(one)
    for (const claim of claims) for (const one of this.#steeredBy(scopeNode(claim))) take(one)
    for (const one of concerned.values()) this.#redraw(one.kind, one.object)
    for (const one of concerned.values()) for (const listener of this.#placedListeners) listener({ ...one, initial })
  }

  /** Objects whose edges hang on a node. A list, since drawing them changes what is walked. */
  #steeredBy(node: Node): readonly Omit<Placed, 'initial'>[] {
    const found: Omit<Placed, 'initial'>[] = []
    for (const { from, edge } of this.graph.dependents(node)) {
      const kind = edge.steers === true ? this.#cache.kindNamed(from.kind) : undefined
      const object = kind && this.#cache.get(from.kind, from.key)
      if (kind !== undefined && object !== undefined) found.push({ kind, object })
    }
    return found
  }
}

const traitsOf = (namespace: Namespace) => [
  claimOf(namespace),
  namespace.metadata.labels?.[SHARED_LABEL],
  namespace.metadata.deletionTimestamp,
]
