import type { Nic } from '../../../src/kinds/index.ts'
import { contains, isUnassigned, parseBlock, parseIp, sameIp } from '../../../src/ip.ts'
import { adapterOf } from '../../../src/provider/adapter.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import { idsAt, targetAt, targetsAt } from '../../../src/provider/targets.ts'
import type { Fields, Place, Translation } from '../../../src/provider/translation.ts'
import { projectOf } from '../identity/workspace.ts'
import { type Collection, listOf, type Native, textOf } from '../native.ts'
import type { Blocks } from '../../../src/provider/blocks.ts'
import type { NetworkClient } from './client.ts'
import { markOf } from './description.ts'
import { subnetIn } from './subnet.ts'
import { closedFor } from './way-out.ts'

type D = typeof Nic
interface FixedIp {
  readonly subnet_id: string
  readonly ip_address: string
}

/** A port tells which floating IPs are bound to it. */
export const portCollection = (client: NetworkClient): Collection => ({
  path: 'ports',
  singular: 'port',
  async enrich(ports, place, context) {
    const ids = ports.map(({ id }) => id)
    const floating = Map.groupBy(await client.among({ ...place, type: 'floatingips' }, 'port_id', ids, context), (one) =>
      textOf(one, 'port_id'),
    )
    return ports.map((port) => {
      const bound = floating.get(port.id) ?? []
      // Those that carry no tag are others' business, unless they are wanted here.
      const foreign = bound.filter((one) => markOf(textOf(one, 'description')).tag === '')
      return {
        ...port,
        floating_ips: bound.map(({ id }) => id),
        floating_addresses: bound.map((one) => textOf(one, 'fixed_ip_address')),
        foreign_floating_ips: foreign.map(({ id }) => id),
      }
    })
  },
  state: (port) => (textOf(port, 'device_id') === '' ? {} : { usedBy: `server ${textOf(port, 'device_id')}` }),
})

const fixedIps = (port: Native) => listOf<FixedIp>(port, 'fixed_ips')
const familyOf = (address: string) => parseIp(address)?.family

/** Which of the port's addresses stands for each that is wanted: the very one, or one of its family where any will do. */
export function paired(wanted: readonly string[], has: readonly string[]): readonly (string | undefined)[] {
  const left = has.filter((address) => !wanted.some((one) => !isUnassigned(one) && sameIp(one, address)))
  return wanted.map((one) => {
    if (!isUnassigned(one)) return has.find((address) => sameIp(one, address))
    const index = left.findIndex((address) => familyOf(address) === familyOf(one))
    return index < 0 ? undefined : left.splice(index, 1)[0]
  })
}

/** Neutron takes nothing that is named twice. */
const once = (ids: readonly string[] | undefined) => ids && [...new Set(ids)]

/** Whether an address is named, or in the subnet: that of another one of the network is where somebody moved the port to, or where it comes from. */
export function isInPlace(address: string, desired: Pick<Desired<D>, 'spec' | 'targets'>): boolean {
  const { cidr } = (targetAt(desired, 'subnetRef')?.status ?? {}) as { cidr?: Blocks }
  const [ip, block] = [parseIp(address), parseBlock((isIpv4(address) ? cidr?.ipv4 : cidr?.ipv6) ?? '')]
  return ip === undefined || cidr === undefined || (block !== undefined && contains(block, ip)) || isNamed(address, desired.spec)
}

const isNamed = (address: string, { addresses = [] }: Pick<Desired<D>['spec'], 'addresses'>) =>
  addresses.some((one) => sameIp(one, address))

/** Groups of the NIC's own, or that of the instance that uses it; undefined while one is still being made. None at all lets nothing through. */
export function groupsOf(desired: Pick<Desired<D>, 'spec' | 'targets' | 'holders'>): readonly string[] | undefined {
  if (desired.spec.securityGroupRefs?.length) return once(idsAt(desired, 'securityGroupRefs[]'))
  const instance = desired.holders.find(({ path }) => path.kind === 'Instance')
  const group = instance?.targets['securityGroupRef']
  if (group === undefined) return []
  return group.externalId === undefined ? undefined : [group.externalId]
}

/** Floating IPs that are to be bound; undefined while one is still being made. */
function floatingOf(desired: Desired<D>): readonly string[] | undefined {
  const closed = closedFor(desired)
  return closed === undefined || closed.isUnknown ? once(idsAt(desired, 'publicIpRefs[]')) : []
}

const isIpv4 = (address: string) => familyOf(address) === 4

/** Floating IPs that are to be bound to a port, each to an IPv4 address of its own; that are to be let go of; and that no address is left for. */
export function bindings(port: Native, wanted: readonly string[]) {
  const [bound, foreign] = [listOf<string>(port, 'floating_ips'), listOf<string>(port, 'foreign_floating_ips')]
  const stays = bound.map((id) => wanted.includes(id) || foreign.includes(id))
  const taken = listOf<string>(port, 'floating_addresses').filter((_address, index) => stays[index])
  const addresses = fixedIps(port).map(({ ip_address: address }) => address)
  const free = addresses.filter((address) => isIpv4(address) && !taken.some((one) => sameIp(one, address)))
  const unbound = wanted.filter((id) => !bound.includes(id))
  return {
    missing: unbound.slice(0, free.length).map((id, index) => ({ id, address: free[index] ?? '' })),
    surplus: bound.filter((_id, index) => !stays[index]),
    homeless: unbound.slice(free.length),
  }
}

/** Floating IPs of ours that are bound to addresses which a port is not going to have. */
export function inTheWay(port: Native, fixed: readonly Fields[], wanted: readonly string[]): readonly string[] {
  const [addresses, foreign] = [listOf<string>(port, 'floating_addresses'), listOf<string>(port, 'foreign_floating_ips')]
  const isKept = (address: string) => fixed.some(({ ip_address: one }) => typeof one === 'string' && sameIp(one, address))
  return listOf<string>(port, 'floating_ips').filter(
    (id, index) => !isKept(addresses[index] ?? '') && (wanted.includes(id) || !foreign.includes(id)),
  )
}

const isSameSet = (a: readonly string[], b: readonly string[]) => a.length === b.length && new Set([...a, ...b]).size === a.length

export const nic: Translation<D, Native> = {
  type: 'ports',
  capability: {
    ignores: ['skuRef'],
    reads: ['holders', 'holders.securityGroupRef', 'subnetRef.routeTableRef.routes[].targetRef'],
    note: 'a port, which moves between subnets of its network; without a security group nothing gets through',
  },
  parent: projectOf,
  wants: {
    subnetRef: {
      isMet: (port, desired) => {
        const network = targetAt(desired, 'subnetRef')?.parent?.externalId
        return network === undefined || network === textOf(port, 'network_id')
      },
      isFixed: true,
    },
    addresses: {
      isMet: (port, desired) => {
        const { addresses } = desired.spec
        const has = fixedIps(port).map(({ ip_address: address }) => address)
        if (!has.every((address) => isInPlace(address, desired))) return false
        return addresses === undefined || (addresses.length === has.length && !paired(addresses, has).includes(undefined))
      },
    },
    securityGroupRefs: {
      fields: (desired) => ({ security_groups: groupsOf(desired) }),
      isMet: (port, desired) => {
        const wanted = groupsOf(desired)
        return wanted === undefined || isSameSet(wanted, listOf<string>(port, 'security_groups'))
      },
    },
    publicIpRefs: {
      isMet: (port, desired) => {
        const wanted = floatingOf(desired)
        if (wanted === undefined) return true
        const { missing, surplus } = bindings(port, wanted)
        return surplus.length === 0 && (missing.length === 0 || closedFor(desired) !== undefined)
      },
    },
  },
  status: (port, { spec: { addresses = [] } }) => {
    const has = fixedIps(port).map(({ ip_address: address }) => address)
    // In the order of the spec, where that names any.
    const first = paired(addresses, has).filter((one) => one !== undefined)
    return { addresses: [...first, ...has.filter((one) => !first.includes(one))], macAddress: textOf(port, 'mac_address') }
  },
  items(port, desired) {
    const closed = closedFor(desired)
    const { homeless } = bindings(port, floatingOf(desired) ?? [])
    const message =
      closed?.words ??
      'each public IP needs an IPv4 address of its own, and this NIC has none left: add 0.0.0.0 to its addresses, or leave this one out'
    const refused = targetsAt(desired, 'publicIpRefs[]').flatMap((ip, index) =>
      closed !== undefined || homeless.includes(ip?.externalId ?? '')
        ? [[`publicIpRefs[${index}]`, { state: 'error', message } as const] as const]
        : [],
    )
    return Object.fromEntries(refused)
  },
}

/** NICs as ports, with the floating IPs that are bound to them. */
export class PortAdapter implements ResourceAdapter<D> {
  readonly #client: NetworkClient
  readonly #below: ResourceAdapter<D>

  constructor(client: NetworkClient) {
    this.#client = client
    this.#below = adapterOf(client, nic)
  }

  observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    return this.#below.observe(desired, context)
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    const network = targetAt(desired, 'subnetRef')?.parent?.externalId
    if (network === undefined) throw new ProviderError('waiting', "its subnet's network is not in the cloud yet")
    const fixed_ips = await this.#fixedIps(desired, [], context)
    // What is not known yet must not mean the project's default group.
    const fields = { network_id: network, fixed_ips, security_groups: groupsOf(desired) ?? [] }
    return adapterOf(this.#client, { ...nic, initial: () => fields }).create(desired, context)
  }

  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const place = placeOf(desired)
    const id = seen.externalId ?? ''
    if (seen.drift.includes('addresses')) {
      const port = await this.#client.get(place, id, context)
      if (port === undefined) return
      const fixed_ips = await this.#fixedIps(desired, fixedIps(port), context)
      // An address with a floating IP cannot go: that is bound to another one afterwards.
      for (const one of inTheWay(port, fixed_ips, floatingOf(desired) ?? []))
        await this.#client.change({ ...place, type: 'floatingips' }, one, { fields: { port_id: null } }, context)
      return this.#client.change(place, id, { fields: { fixed_ips } }, context)
    }
    const others = seen.drift.filter((path) => path !== 'publicIpRefs')
    if (others.length > 0) return this.#below.update?.(desired, { ...seen, drift: others }, context)
    return this.#bind(desired, place, id, context)
  }

  async delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    return this.#below.delete(desired, seen, context)
  }

  /** Unbinds what is not wanted, then binds what is missing. */
  async #bind(desired: Desired<D>, place: Place, id: string, context: CallContext): Promise<void> {
    const port = await this.#client.get(place, id, context)
    const wanted = floatingOf(desired)
    if (port === undefined || wanted === undefined) return
    const { missing, surplus } = bindings(port, wanted)
    const floating = { ...place, type: 'floatingips' }
    for (const one of surplus) await this.#client.change(floating, one, { fields: { port_id: null } }, context)
    if (closedFor(desired) === undefined)
      for (const { id: one, address } of missing)
        await this.#client.change(floating, one, { fields: { port_id: id, fixed_ip_address: address } }, context)
  }

  /** Subnet and address for each that is wanted; those that the port has, and that will do, stay. */
  async #fixedIps(desired: Desired<D>, has: readonly FixedIp[], context: CallContext): Promise<readonly Fields[]> {
    const target = targetAt(desired, 'subnetRef')
    const where = { parent: projectOf(desired), network: target?.parent?.externalId, id: target?.externalId }
    const subnet = await subnetIn(this.#client, where, context)
    if (subnet === undefined) throw new ProviderError('waiting', 'its subnet is not in the cloud yet')
    const half = (family: 4 | 6) => subnet[family === 4 ? 'ipv4' : 'ipv6'] as Native | undefined
    const any = [...(half(4) ? ['0.0.0.0'] : []), ...(half(6) ? ['::'] : [])]
    const wanted = desired.spec.addresses ?? any
    const ids = new Set([half(4)?.id, half(6)?.id])
    const inside = has.filter(({ subnet_id: id }) => ids.has(id))
    const kept = paired(
      wanted,
      inside.map(({ ip_address: address }) => address),
    )
    return wanted.map((address, index) => {
      const family = familyOf(address) ?? 4
      const id = half(family)?.id
      if (id === undefined) throw new ProviderError('rejected', `the subnet has no IPv${family} block: leave ${address} out`)
      const known = kept[index] ?? (isUnassigned(address) ? undefined : address)
      return { subnet_id: id, ...(known === undefined ? {} : { ip_address: known }) }
    })
  }
}

const placeOf = (desired: Desired<D>): Place => ({ type: 'ports', parent: projectOf(desired) })
