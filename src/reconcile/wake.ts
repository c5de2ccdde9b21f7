import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { WorkQueue } from '../kube/queue.ts'
import type { Change } from '../kube/store.ts'
import type { Node } from '../resolve/graph.ts'
import { nodeOf } from '../resolve/blockers.ts'
import type { Cache } from '../cache/cache.ts'
import type { EdgeChange, Edges } from '../cache/edges.ts'
import type { Controller } from './controller.ts'
import { claimOf, type Namespace } from '../cache/directory.ts'
import { isSettled, isUsable } from './outcome.ts'

export interface WakeOptions {
  readonly cache: Cache
  readonly edges: Edges
  readonly controllers: ReadonlyMap<string, Controller>
  readonly queue: WorkQueue
  /** A namespace claims a tenant or workspace that an older one stands for. */
  readonly onLostClaim: (namespace: Namespace, winner: string) => void
}

/** Key of an object in the work queue. */
const idOf = (node: Node): string => `${node.kind}|${node.key}`

/** Turns changes in the stores into work: the object itself, what waits for it, and what it uses. */
export class Waker {
  readonly #options: WakeOptions

  constructor(options: WakeOptions) {
    this.#options = options
  }

  /** Starts to listen; answers how to stop. */
  attach(): () => void {
    const { cache, edges } = this.#options
    const stops = [edges.onChange((change) => this.#onObject(change)), cache.namespaces.onChange((change) => this.#onNamespace(change))]
    return () => stops.forEach((stop) => stop())
  }

  /** Queues all objects: once all stores are filled, whatever order they were filled in and whoever listened. */
  begin(): void {
    const { cache } = this.#options
    for (const kind of cache.kinds()) for (const object of cache.all(kind.kind)) this.#wake(nodeOf(kind, object), true)
  }

  #onObject({ kind, change, before }: EdgeChange): void {
    const { queue, controllers } = this.#options
    const { graph } = this.#options.edges
    const { object, previous, initial } = change
    const node = nodeOf(kind, object)
    const isRedrawn = previous?.metadata.generation !== object.metadata.generation
    if (controllers.has(kind.kind) && concernsItself(change)) queue.add(idOf(node), { priority: initial ? 'low' : 'high' })
    const isNews = concernsOthers(kind, change)
    const isHint = !isNews && concernsWaiting(change)
    for (const { from } of isNews || isHint ? graph.dependents(node) : []) if (isNews || this.#isWaiting(from)) this.#wake(from, initial)
    if (isNews || isRedrawn) for (const edge of new Set([...before, ...graph.edges(node)])) if (edge.holds) this.#wakeHeld(edge.to, initial)
  }

  #wake(node: Node, initial: boolean): void {
    const { queue, controllers } = this.#options
    if (controllers.has(node.kind)) queue.add(idOf(node), { priority: initial ? 'low' : 'normal' })
  }

  /** Not in order, for whatever reason; what is on its way out waits for its users instead. */
  #isWaiting(node: Node): boolean {
    const object = this.#options.cache.get(node.kind, node.key)
    return object !== undefined && object.metadata.deletionTimestamp === undefined && !isSettled(object)
  }

  /** What an object uses shows its user in status, or waits for it to go. */
  #wakeHeld(node: Node, initial: boolean): void {
    const { cache, queue, controllers } = this.#options
    const controller = controllers.get(node.kind)
    const isGoing = cache.get(node.kind, node.key)?.metadata.deletionTimestamp !== undefined
    if (controller === undefined || (controller.derive === undefined && !isGoing)) return
    queue.add(idOf(node), {
      priority: initial ? 'low' : 'normal',
      ...(controller.settleMs === undefined || isGoing ? {} : { afterMs: controller.settleMs }),
    })
  }

  #onNamespace({ object, previous, type }: Change<Namespace>): void {
    const isSame = type === 'updated' && previous !== undefined && isDeepStrictEqual(traits(previous), traits(object))
    if (isSame) return
    const { cache, onLostClaim } = this.#options
    const claim = type === 'deleted' ? undefined : claimOf(object)
    const winner = claim && cache.namespaceOf(claim)
    if (winner !== undefined && winner !== object.metadata.name) onLostClaim(object, winner)
    for (const { kind, object: resource } of cache.placedBy(object, previous)) this.#wake(nodeOf(kind, resource), false)
  }
}

const traits = ({ metadata }: Namespace) => [metadata.labels, metadata.deletionTimestamp]

/** Something that a reconcile of the object itself would act on; its own status is not. */
function concernsItself({ object, previous, type }: Change<Resource>): boolean {
  if (type !== 'updated' || previous === undefined) return true
  const [a, b] = [previous.metadata, object.metadata]
  return (
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    !isDeepStrictEqual(a.annotations, b.annotations) ||
    !isDeepStrictEqual(a.labels, b.labels)
  )
}

/** Something that an object which waits or is stalled may go on with, or say: a network got a further block, an account another trouble. */
function concernsWaiting({ object, previous, type }: Change<Resource>): boolean {
  const readyOf = (one: Resource) => one.status?.conditions?.find((condition) => condition.type === 'Ready')
  return type === 'updated' && previous !== undefined && !isDeepStrictEqual(readyOf(previous), readyOf(object))
}

/** Something that what depends on the object would act on. */
function concernsOthers(kind: Kind, { object, previous, type }: Change<Resource>): boolean {
  if (type !== 'updated' || previous === undefined) return true
  return (
    isUsable(previous) !== isUsable(object) ||
    previous.status?.externalId !== object.status?.externalId ||
    previous.metadata.deletionTimestamp !== object.metadata.deletionTimestamp ||
    (kind.cloud === 'none' && previous.metadata.generation !== object.metadata.generation)
  )
}
