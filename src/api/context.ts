import type { Graph } from '../resolve/graph.ts'
import type { AppOptions } from './contract.ts'
import type { Rendering } from './render/envelope.ts'
import type { Order } from '../cache/order.ts'
import type { Turns } from './write/turns.ts'

/** What every handler works with. */
export interface Context extends Rendering, Pick<AppOptions, 'cache' | 'client' | 'authorizer' | 'peers' | 'log'> {
  readonly graph: Graph
  readonly order: Order
  /** Writes of one resource go one after another. */
  readonly turns: Turns
  readonly isProtectedManager: (manager: string) => boolean
}
