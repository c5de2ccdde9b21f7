import type { Graph } from '../resolve/graph.ts'
import type { AppOptions } from './contract.ts'
import type { Rendering } from './render/envelope.ts'
import type { Order } from '../cache/order.ts'
import type { WriteQueue } from './write-queue.ts'

/** What every handler works with. */
export interface Context extends Rendering, Pick<AppOptions, 'cache' | 'client' | 'authorizer' | 'peers' | 'log'> {
  readonly graph: Graph
  readonly order: Order
  /** Writes of one resource go one after another. */
  readonly writes: WriteQueue
  readonly isProtectedManager: (manager: string) => boolean
}
