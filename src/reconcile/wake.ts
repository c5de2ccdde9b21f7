import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { WorkQueue } from '../kube/queue.ts'
import type { Change } from '../kube/store.ts'
import { type Edge, idOf, type Node } from '../resolve/graph.ts'
import { nodeOf } from '../resolve/blockers.ts'
import type { Cache } from '../cache/cache.ts'
import type { EdgeChange, Edges } from '../cache/edges.ts'
import type { Controller } from './controller.ts'
import { claimOf, type Namespace } from '../cache/directory.ts'
import { isInStep } from './in-step.ts'
import { concernsItself, isLettingGo, type News, newsOf } from './news.ts'
import { isSettled } from './outcome.ts'
import { Readers } from './reads.ts'
import { Stalled } from './stalled.ts'

export interface WakeOptions {
  readonly cache: Cache
  readonly edges: Edges
  readonly controllers: ReadonlyMap<string, Controller>
  readonly queue: WorkQueue
  /** A namespace claims a tenant or workspace that an older one stands for. */
  readonly onLostClaim: (namespace: Namespace, winner: string) => void
  /** Paths of references by which a kind's adapter looks further than at what the object itself names; absent: none does. */
  readonly reads?: (kind: Kind) => readonly string[]
  /** Whether a kind's adapter looks at what refers to the object; absent: none does. */
  readonly readsHolders?: (kind: Kind) => boolean
}

/** What is in order looks at what others say of themselves after this long, so that a burst makes one look. */
const STATUS_MS = 1_000
/** What was let go is free in the cloud a little later, and more may follow. */
const MENDED_MS = 2_000

/** Turns changes in the stores into work: the object itself, what reads it, what it uses, and what it stood in the way of. */
export class Waker {
  readonly #options: WakeOptions
  readonly #readers: Readers
  readonly #stalled: Stalled
  /** What an object took hold or let go of, until that is so in the cloud as well. */
  readonly #moving = new Map<string, Map<string, Node>>()

  constructor(options: WakeOptions) {
    this.#options = options
    this.#readers = new Readers(options.cache.kinds(), options.reads ?? (() => []))
    this.#stalled = new Stalled(options.cache)
  }

  /** Starts to listen; answers how to stop. */
  attach(): () => void {
    const { cache, edges } = this.#options
    const stops = [
      edges.onChange((change) => this.#onObject(change)),
      edges.onPlaced(({ kind, object, initial }) => this.#wake(nodeOf(kind, object), initial)),
      cache.namespaces.onChange((change) => this.#onNamespace(change)),
    ]
    return () => stops.forEach((stop) => stop())
  }

  /**
   * Queues all objects, but for those that somebody else looks at (`isLeft`): once all stores are filled, whatever order they were filled in
   * and whoever listened.
   */
  begin(isLeft: (kind: Kind, object: Resource) => boolean = () => false): void {
    const { cache, edges } = this.#options
    for (const kind of cache.kinds())
      for (const object of cache.all(kind.kind)) {
        this.#stalled.note(kind, object, false)
        if (isLeft(kind, object)) edges.draw(kind, object)
        else this.#wake(nodeOf(kind, object), true)
      }
  }

  #onObject({ kind, change, before }: EdgeChange): void {
    const { queue, controllers } = this.#options
    const { object, type, initial } = change
    const node = nodeOf(kind, object)
    if (controllers.has(kind.kind) && concernsItself(change)) queue.add(idOf(node), { priority: initial ? 'low' : 'high' })
    const news = newsOf(change, controllers.get(kind.kind)?.derives)
    if (news !== undefined) this.#tellReaders(node, news, initial)
    this.#tellUsed(node, change, before, news)
    this.#stalled.note(kind, object, type === 'deleted')
    if (isLettingGo(change)) for (const one of this.#stalled.mended(kind, object)) this.#wake(one, true, MENDED_MS)
  }

  /** Who names the object hears of it; who lives in it only of what it waits for, and of another object in its place. */
  #tellReaders(node: Node, news: News, initial: boolean): void {
    const { graph } = this.#options.edges
    const tell = (reader: Node, concernsAll: boolean, isPlace: boolean) => {
      if (this.#isWaiting(reader)) this.#wake(reader, initial)
      else if (concernsAll) this.#wake(reader, initial || isPlace, news === 'status' ? STATUS_MS : undefined)
    }
    for (const { from, edge } of graph.dependents(node))
      tell(from, edge.isPlace === true ? news === 'identity' : news !== 'words', edge.isPlace === true)
    for (const reader of this.#readers.through(graph, node)) tell(reader, news !== 'words', false)
  }

  /**
   * What the object uses: on its way out it waits for its users to go, as a place it counts what is in it, and where that shows in
   * its status it says who uses it, once that is so in the cloud.
   */
  #tellUsed(node: Node, { object, previous, type, initial }: Change<Resource>, before: readonly Edge[], news: News | undefined): void {
    const now = this.#options.edges.graph.edges(node)
    const isEnd = type !== 'updated' || previous?.metadata.deletionTimestamp !== object.metadata.deletionTimestamp
    const isRedrawn = before !== now
    if (!isEnd && !isRedrawn && previous?.status === object.status) return
    const moved = isRedrawn ? differenceOf(before, now) : []
    for (const edge of isEnd ? [...before, ...now] : moved) if (edge.holds) this.#tellHeld(edge, type !== 'updated', initial)
    if (news === 'identity')
      for (const edge of isRedrawn ? [...before, ...now] : now) if (edge.isPlace !== true) this.#tellRead(edge.to, initial)
    this.#follow(node, moved, type === 'deleted' || isInStep(object), initial)
  }

  /** Remembers what moves, and wakes it when it has moved. */
  #follow(node: Node, moved: readonly Edge[], isDone: boolean, initial: boolean): void {
    const id = idOf(node)
    let moving = this.#moving.get(id)
    for (const { to, holds, isPlace } of moved) if (holds && isPlace !== true) (moving ??= new Map<string, Node>()).set(idOf(to), to)
    if (moving === undefined) return
    if (!isDone) {
      this.#moving.set(id, moving)
      return
    }
    this.#moving.delete(id)
    for (const to of moving.values()) if (this.#options.controllers.get(to.kind)?.derive !== undefined) this.#wake(to, initial)
  }

  #tellHeld({ to, isPlace }: Edge, isCounted: boolean, initial: boolean): void {
    const { cache, controllers } = this.#options
    const controller = controllers.get(to.kind)
    const isGoing = cache.get(to.kind, to.key)?.metadata.deletionTimestamp !== undefined
    if (isGoing) this.#wake(to, initial)
    else if (isPlace === true && isCounted && controller?.derive !== undefined) this.#wake(to, initial, controller.settleMs)
  }

  /** What is used, where its adapter looks at who uses it. */
  #tellRead(to: Node, initial: boolean): void {
    const { cache, readsHolders } = this.#options
    const kind = cache.kindNamed(to.kind)
    if (kind === undefined || readsHolders?.(kind) !== true) return
    this.#wake(to, initial, this.#isWaiting(to) ? undefined : STATUS_MS)
  }

  #wake(node: Node, isLow: boolean, afterMs?: number): void {
    const { queue, controllers } = this.#options
    if (controllers.has(node.kind))
      queue.add(idOf(node), { priority: isLow ? 'low' : 'normal', ...(afterMs === undefined ? {} : { afterMs }) })
  }

  /** Not in order, for whatever reason; what is on its way out waits for its users instead. */
  #isWaiting(node: Node): boolean {
    const object = this.#options.cache.get(node.kind, node.key)
    return object !== undefined && object.metadata.deletionTimestamp === undefined && !isSettled(object)
  }

  #onNamespace({ object, previous, type }: Change<Namespace>): void {
    const { cache, onLostClaim } = this.#options
    if (type === 'updated' && previous !== undefined && isDeepStrictEqual(claimOf(previous), claimOf(object))) return
    const claim = type === 'deleted' ? undefined : claimOf(object)
    const winner = claim && cache.namespaceOf(claim)
    if (winner !== undefined && winner !== object.metadata.name) onLostClaim(object, winner)
  }
}

/** Edges that hold, and whose target only one side holds. */
function differenceOf(before: readonly Edge[], now: readonly Edge[]): readonly Edge[] {
  const [old, fresh] = [before.filter(({ holds }) => holds), now.filter(({ holds }) => holds)]
  const [wasHeld, isHeld] = [old, fresh].map((edges) => new Set(edges.map(({ to }) => idOf(to))))
  return [...old.filter(({ to }) => isHeld?.has(idOf(to)) !== true), ...fresh.filter(({ to }) => wasHeld?.has(idOf(to)) !== true)]
}
