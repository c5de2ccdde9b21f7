import type { CallContext, Json, Unmanaged } from '../../../src/provider/contract.ts'
import { leftOut, remarked, settled, toId, toSku } from '../../../src/provider/unmanaged.ts'
import { listOf, type Native, textOf } from '../native.ts'
import type { NetworkClient } from '../network/client.ts'
import type { NeutronRule } from '../network/rules.ts'
import { ruleOf } from './rules.ts'

const GATEWAY = 'internet'
/** Neutron's own group of a project. */
const DEFAULT = 'default'
const nameOf = (object: Native, otherwise: string) => textOf(object, 'name') || otherwise
interface FixedIp {
  readonly subnet_id: string
  readonly ip_address: string
}

/** All of a project in Neutron that carries no tag, in SECA's words. What carries one is looked at, too: others refer to it. */
export async function* networksOf(client: NetworkClient, context: CallContext): AsyncGenerator<Unmanaged> {
  const all = (type: string) => client.seen({ type }, context)
  const [networks, subnets, routers] = [await all('networks'), await all('subnets'), await all('routers')]
  const [groups, floating, ports] = [await all('security-groups'), await all('floatingips'), await all('ports')]
  const free = function* (objects: readonly Native[], translate: (object: Native) => Unmanaged): Generator<Unmanaged> {
    for (const object of objects) {
      const facts = client.facts(object)
      const found = facts.tag === '' ? settled(facts, translate(object)) : undefined
      if (found !== undefined) yield found
    }
  }
  const of = Map.groupBy(subnets, (subnet) => textOf(subnet, 'network_id'))
  yield* free(
    networks.filter((network) => network['router:external'] !== true),
    (network) => networkOf(network, of.get(network.id) ?? []),
  )
  if (routers.some(({ external_gateway_info: gateway }) => gateway !== null))
    yield { kind: 'InternetGateway', name: GATEWAY, spec: { egressOnly: false } }
  const tables = new Map(routers.map((router) => [router.id, tableOf(router, subnets)]))
  yield* free(routers, ({ id }) => tables.get(id) as Unmanaged)
  const isTable = (id: string) => tables.has(id) && tables.get(id)?.isLeftOut !== true
  yield* free(subnets, (subnet) => subnetOf(subnet, isTable))
  const standard = groups.find((group) => textOf(group, 'name') === DEFAULT)?.id
  yield* free(
    groups.filter(({ id }) => id !== standard),
    groupOf,
  )
  yield* free(floating, floatingOf)
  const bySubnet = new Map(subnets.flatMap((subnet) => halvesOf(subnet).map((id) => [id, subnet] as const)))
  yield* free(ports.filter(isOfUser), (port) => nicOf(port, bySubnet, standard))
}

const floatingOf = (floating: Native): Unmanaged => ({
  kind: 'PublicIp',
  externalId: floating.id,
  name: textOf(floating, 'floating_ip_address').replaceAll('.', '-'),
  spec: { version: 'IPv4' },
})

const halvesOf = ({ ipv4, ipv6 }: Native): readonly string[] => [ipv4, ipv6].flatMap((half) => (half as Native | undefined)?.id ?? [])

/** Ports of routers, of DHCP and of load balancers are their owners' business. */
const isOfUser = (port: Native) => textOf(port, 'device_owner') === '' || textOf(port, 'device_owner').startsWith('compute:')

function networkOf(network: Native, subnets: readonly Native[]): Unmanaged {
  const blocks = subnets.map(blocksOf)
  const [cidr = { ipv4: '0.0.0.0/16' }, ...additionalCidrs] = blocks
  const spec = { cidr, ...(additionalCidrs.length === 0 ? {} : { additionalCidrs }), skuRef: toSku('NetworkSku', {}) }
  const found = { kind: 'Network', externalId: network.id, name: nameOf(network, 'network'), spec }
  return remarked(found, blocks.length === 0 ? ['it has no subnets: a block was made up'] : [])
}

const blocksOf = ({ ipv4, ipv6 }: Native): Readonly<Record<string, Json>> => ({
  ...(ipv4 === undefined ? {} : { ipv4: textOf(ipv4 as Native, 'cidr') }),
  ...(ipv6 === undefined ? {} : { ipv6: textOf(ipv6 as Native, 'cidr') }),
})

function tableOf(router: Native, subnets: readonly Native[]): Unmanaged {
  const inside = subnets.filter((subnet) => listOf<readonly string[]>(subnet, 'routers').some((ids) => ids.includes(router.id)))
  const networks = [...new Set(inside.map((subnet) => textOf(subnet, 'network_id')))]
  const out =
    router['external_gateway_info'] === null ? [] : [{ destinationCidrBlock: '0.0.0.0/0', targetRef: toId('InternetGateway', GATEWAY) }]
  const others = listOf<{ destination: string; nexthop: string }>(router, 'routes').map(({ destination, nexthop }) => ({
    destinationCidrBlock: destination,
    targetRef: { resource: nexthop },
  }))
  const routes = [...out, ...others]
  const base = { kind: 'RouteTable', externalId: router.id, name: nameOf(router, 'router') } as const
  if (networks.length !== 1) return leftOut(base, `a route table is of one network, and this router is in ${networks.length}`)
  if (routes.length === 0) return leftOut(base, 'a route table needs a route, and this router has none')
  return { ...base, parentId: networks[0] ?? '', spec: { routes } }
}

function subnetOf(subnet: Native, isTable: (id: string) => boolean): Unmanaged {
  const routers = listOf<readonly string[]>(subnet, 'routers')
  const router = routers[0]?.find((id) => isTable(id) && routers.every((ids) => ids.includes(id)))
  const base = { kind: 'Subnet', externalId: subnet.id, name: nameOf(subnet, 'subnet'), parentId: textOf(subnet, 'network_id') } as const
  if (router === undefined) return leftOut(base, 'a subnet needs a route table: put it into a router that can be taken over')
  return { ...base, spec: { cidr: blocksOf(subnet), zone: '', routeTableRef: toId('RouteTable', router) } }
}

function groupOf(group: Native): Unmanaged {
  const found = listOf<NeutronRule>(group, 'security_group_rules').map((rule) => [rule, ruleOf(rule)] as const)
  const lost = found
    .filter(([, rule]) => rule === undefined)
    .map(([{ direction, protocol }]) => `a rule for ${direction} of ${protocol} has no words in SECA`)
  const spec = { rules: found.flatMap(([, rule]) => rule ?? []) }
  return remarked(
    { kind: 'SecurityGroup', externalId: group.id, name: nameOf(group, 'group'), spec },
    lost.map((words) => `${words}: it goes when the group is enforced`),
  )
}

function nicOf(port: Native, subnets: ReadonlyMap<string, Native>, standard: string | undefined): Unmanaged {
  const ips = listOf<FixedIp>(port, 'fixed_ips')
  const [subnet, ...others] = new Set(ips.map(({ subnet_id: id }) => subnets.get(id)))
  const base = { kind: 'Nic', externalId: port.id, name: nameOf(port, `port-${port.id.slice(0, 8)}`) } as const
  if (subnet === undefined || others.length > 0) return leftOut(base, 'a NIC is in one subnet that can be taken over')
  const groups = listOf<string>(port, 'security_groups')
  const own = groups.filter((id) => id !== standard)
  const floating = listOf<string>(port, 'floating_ips')
  const spec = {
    subnetRef: toId('Subnet', subnet.id),
    addresses: ips.map(({ ip_address: address }) => address),
    ...(own.length === 0 ? {} : { securityGroupRefs: own.map((id) => toId('SecurityGroup', id)) }),
    ...(floating.length === 0 ? {} : { publicIpRefs: floating.map((id) => toId('PublicIp', id)) }),
  }
  return remarked({ ...base, spec }, own.length === groups.length ? [] : [IN_DEFAULT])
}

const IN_DEFAULT =
  "it is in the project's default security group, which nobody takes over: enforced, it is in that no more. Give it a group of its own before"
