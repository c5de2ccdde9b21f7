import type { RouteTable } from '../../src/kinds/index.ts'
import { isIP } from 'node:net'
import type { Desired } from '../../src/provider/contract.ts'
import { idAt } from '../../src/provider/targets.ts'
import { type Translation } from './adapter.ts'
import type { CloudObject } from './client.ts'

type D = typeof RouteTable
interface CloudRoute {
  readonly destination: string
  readonly via: string
  readonly state: 'active' | 'blackhole' | 'refused'
  readonly reason?: string
}

const routesOf = (object: CloudObject) => object['routes'] as readonly CloudRoute[]

/** Routes that can be made now, with their place in the spec: a target that is not there yet has no id. */
function possible(desired: Desired<D>) {
  return desired.spec.routes.flatMap(({ destinationCidrBlock: destination, targetRef }, place) => {
    const via = isIP(targetRef.resource) ? targetRef.resource : idAt(desired, `routes[${place}].targetRef`)
    return via === undefined ? [] : [{ place, route: { destination, via } }]
  })
}

export const routeTable: Translation<D> = {
  type: 'routers',
  capability: { updates: ['routes'] },
  initial: (desired) => ({ vpc: desired.parent?.externalId }),
  wants(desired) {
    const routes = possible(desired).map(({ route }) => route)
    const isSame = (one: CloudRoute | undefined, route: Pick<CloudRoute, 'destination' | 'via'> | undefined) =>
      one?.destination === route?.destination && one?.via === route?.via
    const isMet = (object: CloudObject) =>
      routesOf(object).length === routes.length && routes.every((route, i) => isSame(routesOf(object)[i], route))
    return { routes: { fields: { routes }, isMet } }
  },
  items(object, desired) {
    const found = possible(desired).flatMap(({ place }, i) => {
      const { state, reason = state } = routesOf(object)[i] ?? { state: 'active' }
      return state === 'active'
        ? []
        : [[`routes[${place}]`, { state: state === 'refused' ? 'error' : 'pending', message: reason }] as const]
    })
    return Object.fromEntries(found)
  },
}
