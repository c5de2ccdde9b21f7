import type { Subnet } from '../../../src/kinds/index.ts'
import { type Block, contains, formatBlock, isUnassigned, parseBlock, parseIp, sameBlock } from '../../../src/ip.ts'
import { TAG_PATH } from '../../../src/provider/capability.ts'
import { adapterOf } from '../../../src/provider/adapter.ts'
import type { Accepted, CallContext, Desired, Observed, Other, ResourceAdapter } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import { idAt, targetAt } from '../../../src/provider/targets.ts'
import type { Fields, Place, Translation } from '../../../src/provider/translation.ts'
import { type Collection, listOf, type Native, textOf } from '../native.ts'
import { projectOf } from '../identity/workspace.ts'
import { type Blocks, freeIn } from '../../../src/provider/blocks.ts'
import type { NetworkClient } from './client.ts'
import { descriptionOf, isOfSame, markOf } from './description.ts'
import { ROUTER_PORTS } from './router-ports.ts'

type D = typeof Subnet
const FAMILIES = ['ipv4', 'ipv6'] as const
type Family = (typeof FAMILIES)[number]

/** A subnet of Neutron has one family: ours is up to two of them, with one description. */
const halfOf = (subnet: Native, family: Family) => subnet[family] as Native | undefined
const halvesOf = (subnet: Native): readonly Native[] => FAMILIES.flatMap((family) => halfOf(subnet, family) ?? [])

/** Routers that each half is in, whosever they are. */
const routersOf = (subnet: Native) => listOf<readonly string[]>(subnet, 'routers')

/** What both halves have: our mark, or the name that somebody gave them. */
const sharedField = (subnet: Native) => (markOf(textOf(subnet, 'description')).tag === '' ? 'name' : 'description')
const sharedBy = (subnet: Native) => textOf(subnet, sharedField(subnet)) || subnet.id

/** Ids of the routers that subnets of Neutron are in, by the subnet's. */
type RoutersOf = ReadonlyMap<string, readonly string[]>

/** Subnets of Neutron as ours: what shares network and description belongs together; a second one of a family is a twin. */
export function joined(subnets: readonly Native[], routers: RoutersOf): readonly Native[] {
  const groups = Map.groupBy(subnets, (one) => `${textOf(one, 'network_id')} ${sharedBy(one)}`)
  return [...groups.values()].flatMap((group) => {
    const of = (version: number) => group.filter((one) => one['ip_version'] === version).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const [four, six] = [of(4), of(6)]
    return Array.from({ length: Math.max(four.length, six.length) }, (_, i) => one(four[i], six[i], routers)).filter(
      (found) => found !== undefined,
    )
  })
}

function one(ipv4: Native | undefined, ipv6: Native | undefined, routers: RoutersOf): Native | undefined {
  const first = ipv4 ?? ipv6
  if (first === undefined) return undefined
  const attached = [ipv4, ipv6].flatMap((half) => (half === undefined ? [] : [routers.get(half.id) ?? []]))
  return { ...first, ...(ipv4 ? { ipv4 } : {}), ...(ipv6 ? { ipv6 } : {}), routers: attached }
}

export const subnetCollection = (client: NetworkClient): Collection => ({
  path: 'subnets',
  singular: 'subnet',
  async enrich(found, place, context) {
    // Of one that was asked for by id, the other half is not among what was found.
    const [first] = found
    const isHalf = found.length === 1 && first !== undefined && sharedBy(first) !== first.id
    const field = first === undefined ? 'id' : sharedField(first)
    const all = isHalf ? await client.all(place, { [field]: sharedBy(first), ...inNetworks(found) }, context) : found
    const ports = await client.all({ ...place, type: 'ports' }, { device_owner: ROUTER_PORTS, ...inNetworks(found) }, context)
    const routers = new Map<string, readonly string[]>()
    for (const port of ports)
      for (const { subnet_id: id } of listOf<{ subnet_id: string }>(port, 'fixed_ips'))
        routers.set(id, [...(routers.get(id) ?? []), textOf(port, 'device_id')])
    return joined(all, routers)
  },
})

/** One of a network's subnets with both its halves, by one request: whom it is attached to is left out. */
export async function subnetIn(
  client: Pick<NetworkClient, 'all'>,
  { parent, network, id }: { readonly parent: string | undefined; readonly network: string | undefined; readonly id: string | undefined },
  context: CallContext,
): Promise<Native | undefined> {
  const all = await client.all({ type: 'subnets', parent }, network === undefined ? {} : { network_id: network }, context)
  return joined(all, new Map()).find((subnet) => halvesOf(subnet).some((half) => half.id === id))
}

/** More of them than fit into a URL are not worth telling apart. */
function inNetworks(subnets: readonly Native[]) {
  const networks = [...new Set(subnets.map((subnet) => textOf(subnet, 'network_id')))]
  return networks.length > 40 ? {} : { network_id: networks }
}

/** The very block, or one of that size. */
function isMetBy(wanted: string | undefined, half: Native | undefined): boolean {
  if (!wanted || half === undefined) return !wanted && half === undefined
  const has = textOf(half, 'cidr')
  return isUnassigned(wanted) ? wanted.split('/')[1] === has.split('/')[1] : sameBlock(wanted, has)
}

/** The table's router, unless that is on its way out of its subnets. */
function routerFor(desired: Desired<D>): string | undefined {
  return targetAt(desired, 'routeTableRef')?.state === 'deleting' ? undefined : idAt(desired, 'routeTableRef')
}

export const subnet: Translation<D, Native> = {
  type: 'subnets',
  capability: { ignores: ['zone', 'skuRef'], note: 'a subnet of Neutron for each family' },
  parent: projectOf,
  wants: {
    cidr: { isMet: (found, { spec }) => FAMILIES.every((family) => isMetBy(spec.cidr[family], halfOf(found, family))), isFixed: true },
    routeTableRef: {
      isMet: (found, desired) => {
        const router = routerFor(desired)
        return router === undefined || routersOf(found).every((ids) => ids.includes(router))
      },
    },
  },
  status: (found) => ({
    cidr: Object.fromEntries(
      FAMILIES.flatMap((family) => (halfOf(found, family) ? [[family, textOf(halfOf(found, family) as Native, 'cidr')]] : [])),
    ),
  }),
}

/** Blocks of the network that a subnet is in. */
function blocksOf(network: Other | undefined): readonly Block[] {
  const { cidr, additionalCidrs } = (network?.status ?? {}) as { cidr?: Blocks; additionalCidrs?: readonly Blocks[] }
  return [cidr, ...(additionalCidrs ?? [])].flatMap((blocks) => FAMILIES.flatMap((family) => parseBlock(blocks?.[family] ?? '') ?? []))
}

/** Subnets, and their interfaces in the router of their table. */
export class SubnetAdapter implements ResourceAdapter<D> {
  readonly #client: NetworkClient
  readonly #below: ResourceAdapter<D>
  readonly #dnsServers: readonly string[]

  constructor(client: NetworkClient, dnsServers: readonly string[]) {
    this.#client = client
    this.#below = adapterOf(client, subnet)
    this.#dnsServers = dnsServers
  }

  observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    return this.#below.observe(desired, context)
  }

  /** Both families in one request, which makes both or none. */
  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    const place = placeOf(desired)
    const network = desired.parent?.externalId
    if (network === undefined) throw new ProviderError('waiting', 'its network is not in the cloud yet')
    const taken = await this.#client.all(place, { network_id: network, fields: ['id', 'cidr'] }, context)
    const blocks = taken.flatMap((other) => parseBlock(textOf(other, 'cidr')) ?? [])
    const halves = FAMILIES.flatMap((family) => {
      const wanted = desired.spec.cidr[family]
      return wanted ? [this.#half(desired, family, choose(wanted, family, desired.parent, blocks), network)] : []
    })
    const call = { method: 'POST', path: '/subnets', body: { subnets: halves } } as const
    const { subnets } = await this.#client.call<{ subnets: readonly Native[] }>(call, place, context).catch((thrown: unknown) => {
      throw isOvertaken(thrown, desired) ? new ProviderError('waiting', (thrown as Error).message, { cause: thrown }) : thrown
    })
    return { externalId: (subnets.find((made) => made['ip_version'] === 4) ?? subnets[0])?.id }
  }

  #half(desired: Desired<D>, family: Family, cidr: string, network: string): Fields {
    const version = family === 'ipv4' ? 4 : 6
    const servers = this.#dnsServers.filter((server) => server.includes(':') === (version === 6))
    return {
      network_id: network,
      name: desired.path.name,
      description: descriptionOf(desired),
      ip_version: version,
      cidr,
      ...(version === 6 ? { ipv6_address_mode: 'dhcpv6-stateful', ipv6_ra_mode: 'dhcpv6-stateful' } : {}),
      ...(servers.length === 0 ? {} : { dns_nameservers: servers }),
    }
  }

  /** The interfaces move from another router to the one of the table, one after the other. */
  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const router = routerFor(desired)
    const place = placeOf(desired)
    const found = await this.#client.get(place, seen.externalId ?? '', context)
    if (found === undefined) return
    if (seen.drift.includes(TAG_PATH)) {
      for (const { id } of halvesOf(found)) await this.#client.change(place, id, { mark: desired }, context)
      return
    }
    if (!seen.drift.includes('routeTableRef') || router === undefined) return this.#below.update?.(desired, seen, context)
    await this.#detach(desired, found, place, context, router)
    for (const [i, { id }] of halvesOf(found).entries())
      if (routersOf(found)[i]?.includes(router) !== true)
        await this.#client.act({ ...place, type: 'routers' }, router, 'add_router_interface', { fields: { subnet_id: id } }, context)
  }

  async delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const kept = (seen.handle ?? desired.handle ?? {}) as { parent?: string }
    const place = { ...placeOf(desired), ...(kept.parent === undefined ? {} : { parent: kept.parent }) }
    const found = await this.#client.get(place, seen.externalId ?? desired.externalId ?? '', context)
    if (found === undefined) return
    await this.#detach(desired, found, place, context)
    // The one with the id last: until then, all of it is found by that.
    for (const { id } of halvesOf(found).toReversed()) await this.#client.delete(place, id, context)
  }

  /** Takes it out of our routers. One of somebody else stays in it, and keeps it from going. */
  async #detach({ tag }: Desired<D>, found: Native, place: Place, context: CallContext, but?: string): Promise<void> {
    const ids = [...new Set(routersOf(found).flat())].filter((id) => id !== but)
    const routers = await this.#client.among({ ...place, type: 'routers' }, 'id', ids, context)
    for (const [i, half] of halvesOf(found).entries())
      for (const router of routers.filter((one) => isOfSame(one, tag) && routersOf(found)[i]?.includes(one.id) === true)) {
        await this.#dropRoutes(router, half, place, context)
        const fields = { subnet_id: half.id }
        await this.#client.act({ ...place, type: 'routers' }, router.id, 'remove_router_interface', { fields }, context)
      }
  }

  /** A route through the subnet would keep it in its router; the table's own adapter tells of it from then on. */
  async #dropRoutes(router: Native, half: Native, place: Place, context: CallContext): Promise<void> {
    const at = { ...place, type: 'routers' }
    const block = parseBlock(textOf(half, 'cidr'))
    const isThrough = ({ nexthop }: { nexthop: string }) => {
      const hop = parseIp(nexthop)
      return block !== undefined && hop !== undefined && contains(block, hop)
    }
    const routes = listOf<{ nexthop: string }>(router, 'routes').filter(isThrough)
    if (routes.length > 0) await this.#client.act(at, router.id, 'remove_extraroutes', { fields: { router: { routes } } }, context)
  }
}

const placeOf = (desired: Desired<D>): Place => ({ type: 'subnets', parent: projectOf(desired) })

/** Somebody took the block that was chosen a moment ago: another is chosen the next time. */
function isOvertaken(thrown: unknown, { spec }: Desired<D>): boolean {
  const isChosen = FAMILIES.some((family) => isUnassigned(spec.cidr[family] ?? '1'))
  return isChosen && thrown instanceof ProviderError && /overlap/i.test(thrown.message)
}

/** The block that is named, or a free one of that size inside of the network's. */
function choose(wanted: string, family: Family, network: Other | undefined, taken: readonly Block[]): string {
  if (!isUnassigned(wanted)) return wanted
  const roots = blocksOf(network).filter((block) => (block.family === 4) === (family === 'ipv4'))
  const block = freeIn(roots, Number(wanted.split('/')[1]), taken)
  if (block === undefined)
    throw new ProviderError('rejected', `the network has no free block of the size of ${wanted}: name one, or add a block to the network`)
  return formatBlock(block)
}
