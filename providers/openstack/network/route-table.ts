import type { RouteTable } from '../../../src/kinds/index.ts'
import { contains, formatBlock, isAddress, parseBlock, parseIp, sameBlock, sameIp } from '../../../src/ip.ts'
import { adapterOf } from '../../../src/provider/adapter.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import { projectOf } from '../identity/workspace.ts'
import { type Collection, listOf, type Native, textOf } from '../native.ts'
import type { NetworkClient } from './client.ts'
import { isOfSame, markOf } from './description.ts'
import type { ExternalNetwork } from './external.ts'
import { ROUTER_PORTS } from './router-ports.ts'

type D = typeof RouteTable
interface Route {
  readonly destination: string
  readonly nexthop: string
}
type Items = NonNullable<Observed['items']>

/** A router tells which blocks it reaches by itself: those of its interfaces' subnets, and which network its gateway ought to be in. */
export const routerCollection = (client: NetworkClient, external: ExternalNetwork): Collection => ({
  path: 'routers',
  singular: 'router',
  async enrich(routers, place, context) {
    const ids = routers.map(({ id }) => id)
    const owned = await client.among({ ...place, type: 'ports' }, 'device_id', ids, context)
    const interfaces = owned.filter((port) => ROUTER_PORTS.includes(textOf(port, 'device_owner')))
    const idsOf = (port: Native) => listOf<{ subnet_id: string }>(port, 'fixed_ips').map(({ subnet_id: id }) => id)
    const subnets = await client.among({ ...place, type: 'subnets' }, 'id', [...new Set(interfaces.flatMap(idsOf))], context)
    const cidrs = new Map(subnets.map((subnet) => [subnet.id, textOf(subnet, 'cidr')]))
    // Where nobody can tell which it is, no gateway is wrong.
    const outside = routers.some(hasGateway) ? await external.id(context).catch(unlessRefused) : undefined
    const reached = Map.groupBy(interfaces, (port) => textOf(port, 'device_id'))
    return routers.map((router) => ({
      ...router,
      outside,
      reaches: (reached.get(router.id) ?? []).flatMap((port) => idsOf(port).flatMap((id) => cidrs.get(id) ?? [])),
    }))
  },
})

/** What the table's routes are in Neutron: a gateway, further routes, and words on what cannot be had, or not yet. */
export function planOf(desired: Pick<Desired<D>, 'spec' | 'targets'>, reaches: readonly string[]) {
  const routes: Route[] = []
  const items: Record<string, Items[string]> = {}
  let hasGateway = false
  for (const [index, { destinationCidrBlock, targetRef }] of desired.spec.routes.entries()) {
    // Neutron takes no block with bits of a host.
    const block = parseBlock(destinationCidrBlock)
    const destination = block === undefined ? destinationCidrBlock : formatBlock(block)
    const tell = (state: 'pending' | 'error', message: string) => void (items[`routes[${index}]`] = { state, message })
    const target = desired.targets[`routes[${index}].targetRef`]
    if (target?.path.kind === 'InternetGateway') {
      const trouble = gatewayTrouble(destination, target.spec)
      if (trouble === undefined) hasGateway = true
      else tell('error', trouble)
      continue
    }
    const nexthop = isAddress(targetRef.resource) ? targetRef.resource : addressOf(target, block?.family ?? 4)
    if (nexthop === undefined) continue
    const hop = parseIp(nexthop)
    const isReached = hop !== undefined && reaches.some((cidr) => contains(parseBlock(cidr) ?? { ...hop, prefix: 129 }, hop))
    const route = { destination, nexthop }
    if (!isReached) tell('pending', `no subnet of this table holds ${nexthop}`)
    // Nor does it take one twice.
    else if (!routes.some((one) => isSame(one, route))) routes.push(route)
  }
  return { hasGateway, routes, items }
}

/** A router has one way out, for whatever it has no other route to, and lets in over IPv6 what it lets out. */
function gatewayTrouble(destination: string, gateway: Readonly<Record<string, unknown>>): string | undefined {
  if (parseBlock(destination)?.prefix !== 0)
    return `only 0.0.0.0/0 and ::/0 can go to an internet gateway in this cloud: ${destination} cannot`
  if (destination.includes(':') && gateway['egressOnly'] === true)
    return 'this cloud cannot keep IPv6 from coming in through a gateway: leave the route out, or let the gateway take both ways'
  return undefined
}

/** The first address of a NIC, or of an instance's first NIC, in the family of the route. */
function addressOf(target: Desired['targets'][string] | undefined, family: 4 | 6): string | undefined {
  const nic = target?.path.kind === 'Instance' ? target.targets['primaryNicRef'] : target
  const addresses = (nic?.status['addresses'] ?? []) as readonly string[]
  return addresses.find((address) => parseIp(address)?.family === family)
}

const isSame = (a: Route, b: Route) => sameBlock(a.destination, b.destination) && sameIp(a.nexthop, b.nexthop)
const gatewayOf = (router: Native) => (router['external_gateway_info'] ?? undefined) as { readonly network_id: string } | undefined
const hasGateway = (router: Native) => gatewayOf(router) !== undefined
const isGatewayRight = (router: Native, isWanted: boolean) =>
  hasGateway(router) === isWanted && (!isWanted || [undefined, gatewayOf(router)?.network_id].includes(outsideOf(router)))
const outsideOf = (router: Native) => textOf(router, 'outside') || undefined

function unlessRefused(thrown: unknown): undefined {
  if (!(thrown instanceof ProviderError) || thrown.failure !== 'rejected') throw thrown
}

const reachesOf = (router: Native) => listOf<string>(router, 'reaches')

export const routeTable: Translation<D, Native> = {
  type: 'routers',
  capability: {
    reads: ['holders', 'routes[].targetRef.primaryNicRef'],
    note: 'a router; one for all subnets of a network, so a network has one route table',
  },
  parent: projectOf,
  wants: {
    routes: {
      isMet(router, desired) {
        const plan = planOf(desired, reachesOf(router))
        const has = listOf<Route>(router, 'routes')
        return (
          isGatewayRight(router, plan.hasGateway) &&
          has.length === plan.routes.length &&
          plan.routes.every((route) => has.some((one) => isSame(one, route)))
        )
      },
    },
  },
  items: (router, desired) => planOf(desired, reachesOf(router)).items,
}

/** Route tables as routers. */
export class RouterAdapter implements ResourceAdapter<D> {
  readonly #client: NetworkClient
  readonly #external: ExternalNetwork
  readonly #below: ResourceAdapter<D>

  constructor(client: NetworkClient, external: ExternalNetwork) {
    this.#client = client
    this.#external = external
    this.#below = adapterOf(client, routeTable)
  }

  observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    return this.#below.observe(desired, context)
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    await this.#refuseSecond(desired, context)
    return this.#below.create(desired, context)
  }

  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    if (!seen.drift.includes('routes')) return this.#below.update?.(desired, seen, context)
    const place = { type: 'routers', parent: projectOf(desired) }
    const router = await this.#client.get(place, seen.externalId ?? '', context)
    if (router === undefined) return
    const plan = planOf(desired, reachesOf(router))
    const gateway = plan.hasGateway ? { network_id: await this.#external.id(context) } : null
    const fields = { ...(isGatewayRight(router, plan.hasGateway) ? {} : { external_gateway_info: gateway }), routes: plan.routes }
    await this.#client.change(place, router.id, { fields }, context)
  }

  /** Without its routes first: a subnet that one of them leads through could not leave the router, nor could the router go before the subnet. */
  async delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const { parent = projectOf(desired) } = (seen.handle ?? desired.handle ?? {}) as { parent?: string }
    const place = { type: 'routers', parent }
    const router = await this.#client.get(place, seen.externalId ?? desired.externalId ?? '', context)
    if (router !== undefined && listOf(router, 'routes').length > 0)
      await this.#client.change(place, router.id, { fields: { routes: [] } }, context)
    if (router !== undefined) await this.#leaveSubnets(desired, router.id, parent, context)
    return this.#below.delete(desired, seen, context)
  }

  /** A table goes whoever uses it (contract §9): out of our subnets, without the public IPs that came in by it. What is somebody else's stays, and keeps it. */
  async #leaveSubnets({ tag }: Desired<D>, router: string, parent: string | undefined, context: CallContext): Promise<void> {
    const at = (type: string) => ({ type, parent })
    const floating = await this.#client.all(at('floatingips'), { router_id: router }, context)
    for (const { id } of floating.filter((one) => isOfSame(one, tag)))
      await this.#client.change(at('floatingips'), id, { fields: { port_id: null } }, context)
    const ports = await this.#client.all(at('ports'), { device_id: router, device_owner: ROUTER_PORTS }, context)
    const ids = ports.flatMap((port) => listOf<{ subnet_id: string }>(port, 'fixed_ips').map(({ subnet_id: id }) => id))
    const subnets = await this.#client.among(at('subnets'), 'id', [...new Set(ids)], context)
    for (const { id } of subnets.filter((one) => isOfSame(one, tag)))
      await this.#client.act(at('routers'), router, 'remove_router_interface', { fields: { subnet_id: id } }, context)
  }

  /** The subnets of a network reach each other through one router: with two, the local routes of neither would hold. */
  async #refuseSecond({ tag, workspace, path }: Desired<D>, context: CallContext): Promise<void> {
    const place = { type: 'routers', parent: workspace?.externalId }
    const siblings = tag.slice(0, tag.lastIndexOf('/') + 1)
    // Of a hashed tag nothing can be told.
    if (!siblings.includes(`/networks/${path.parent}/`)) return
    const others = await this.#client.all(place, { fields: ['id', 'description'] }, context)
    const tags = others.map((other) => markOf(textOf(other, 'description')).tag)
    const other = tags.find((one) => one !== tag && one.startsWith(siblings))
    if (other !== undefined)
      throw new ProviderError(
        'unsupported',
        `network ${path.parent} has route table ${other.slice(siblings.length)} already, and in this cloud all subnets of a network share one: ` +
          'put the routes there, or make this table anew once that one is gone',
      )
  }
}
