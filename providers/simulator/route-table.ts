import { isIP } from 'node:net'
import type { RouteTable } from '../../src/kinds/index.ts'
import type { Desired } from '../../src/provider/contract.ts'
import { idAt } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { CloudObject } from './client.ts'

type D = typeof RouteTable
interface CloudRoute {
  readonly destination: string
  readonly via: string
  readonly state: 'active' | 'blackhole' | 'refused'
  readonly reason?: string
}

const routesOf = (router: CloudObject) => router['routes'] as readonly CloudRoute[]

/** Routes that can be made now, with their place in the spec: a target that is not there yet has no id. */
function possible(desired: Desired<D>) {
  return desired.spec.routes.flatMap(({ destinationCidrBlock: destination, targetRef }, place) => {
    const via = isIP(targetRef.resource) ? targetRef.resource : idAt(desired, `routes[${place}].targetRef`)
    return via === undefined ? [] : [{ place, route: { destination, via } }]
  })
}

export const routeTable: Translation<D, CloudObject> = {
  type: 'routers',
  initial: (desired) => ({ vpc: desired.parent?.externalId }),
  wants: {
    routes: {
      fields: (desired) => ({ routes: possible(desired).map(({ route }) => route) }),
      isMet: (router, desired) => {
        const wanted = possible(desired)
        const isThere = ({ destination, via }: Pick<CloudRoute, 'destination' | 'via'>, one: CloudRoute | undefined) =>
          one?.destination === destination && one.via === via
        return routesOf(router).length === wanted.length && wanted.every(({ route }, i) => isThere(route, routesOf(router)[i]))
      },
    },
  },
  items(router, desired) {
    const found = possible(desired).flatMap(({ place }, i) => {
      const { state, reason = state } = routesOf(router)[i] ?? { state: 'active' }
      return state === 'active'
        ? []
        : [[`routes[${place}]`, { state: state === 'refused' ? 'error' : 'pending', message: reason }] as const]
    })
    return Object.fromEntries(found)
  },
}
