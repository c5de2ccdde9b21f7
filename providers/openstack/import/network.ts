import type { CallContext, Json, Unmanaged } from '../../../src/provider/contract.ts'
import { listOf, type Native, textOf } from '../native.ts'
import type { NetworkClient } from '../network/client.ts'
import { markOf } from '../network/description.ts'
import type { NeutronRule } from '../network/rules.ts'
import { ruleOf } from './rules.ts'

const GATEWAY = 'internet'
const to = (kind: string, id: string) => ({ resource: `@${kind}/${id}` })
const isFree = (object: Native) => markOf(textOf(object, 'description')).tag === ''
const nameOf = (object: Native, otherwise: string) => textOf(object, 'name') || otherwise
interface FixedIp {
  readonly subnet_id: string
  readonly ip_address: string
}

/** All of a project in Neutron that carries no tag, in SECA's words. */
export async function* networksOf(client: NetworkClient, context: CallContext): AsyncGenerator<Unmanaged> {
  const all = async (type: string) => (await client.seen({ type }, context)).filter(isFree)
  const [networks, subnets, routers, groups, floating, ports] = [
    (await all('networks')).filter((network) => network['router:external'] !== true),
    await all('subnets'),
    await all('routers'),
    await all('security-groups'),
    await all('floatingips'),
    await all('ports'),
  ]
  yield* networks.map((network) => networkOf(network, subnets))
  if (routers.some(({ external_gateway_info: gateway }) => gateway !== null)) yield { kind: 'InternetGateway', name: GATEWAY, spec: {} }
  const tables = routers.map((router) => tableOf(router, subnets))
  yield* tables
  const isTable = (id: string) => tables.some((table) => table.externalId === id && table.isLeftOut !== true)
  yield* subnets.map((subnet) => subnetOf(subnet, isTable))
  yield* groups.filter((group) => textOf(group, 'name') !== 'default').map(groupOf)
  yield* floating.map((one) => ({
    kind: 'PublicIp',
    externalId: one.id,
    name: textOf(one, 'floating_ip_address').replaceAll('.', '-'),
    spec: { version: 'IPv4' },
  }))
  const standard = groups.find((group) => textOf(group, 'name') === 'default')?.id
  yield* ports.filter(isOfUser).map((port) => nicOf(port, subnets, standard))
}

/** Ports of routers, of DHCP and of load balancers are their owners' business. */
const isOfUser = (port: Native) => textOf(port, 'device_owner') === '' || textOf(port, 'device_owner').startsWith('compute:')

function networkOf(network: Native, subnets: readonly Native[]): Unmanaged {
  const blocks = subnets.filter((subnet) => textOf(subnet, 'network_id') === network.id).map(blocksOf)
  const [cidr = { ipv4: '0.0.0.0/16' }, ...additionalCidrs] = blocks
  const remarks = blocks.length === 0 ? ['it has no subnets: a block was made up'] : []
  return {
    kind: 'Network',
    externalId: network.id,
    name: nameOf(network, 'network'),
    spec: { cidr, ...(additionalCidrs.length === 0 ? {} : { additionalCidrs }), skuRef: to('NetworkSku', 'any') },
    ...(remarks.length === 0 ? {} : { remarks }),
  }
}

const blocksOf = ({ ipv4, ipv6 }: Native): Readonly<Record<string, Json>> => ({
  ...(ipv4 === undefined ? {} : { ipv4: textOf(ipv4 as Native, 'cidr') }),
  ...(ipv6 === undefined ? {} : { ipv6: textOf(ipv6 as Native, 'cidr') }),
})

function tableOf(router: Native, subnets: readonly Native[]): Unmanaged {
  const inside = subnets.filter((subnet) => listOf<readonly string[]>(subnet, 'routers').some((ids) => ids.includes(router.id)))
  const networks = [...new Set(inside.map((subnet) => textOf(subnet, 'network_id')))]
  const out =
    router['external_gateway_info'] === null ? [] : [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway', GATEWAY) }]
  const others = listOf<{ destination: string; nexthop: string }>(router, 'routes').map(({ destination, nexthop }) => ({
    destinationCidrBlock: destination,
    targetRef: { resource: nexthop },
  }))
  const routes = [...out, ...others]
  const base = { kind: 'RouteTable', externalId: router.id, name: nameOf(router, 'router') } as const
  if (networks.length !== 1)
    return { ...base, spec: {}, isLeftOut: true, remarks: [`a route table is of one network, and this router is in ${networks.length}`] }
  if (routes.length === 0) return { ...base, spec: {}, isLeftOut: true, remarks: ['a route table needs a route, and this router has none'] }
  return { ...base, parentId: networks[0] ?? '', spec: { routes } }
}

function subnetOf(subnet: Native, isTable: (id: string) => boolean): Unmanaged {
  const routers = listOf<readonly string[]>(subnet, 'routers')
  const router = routers[0]?.find((id) => isTable(id) && routers.every((ids) => ids.includes(id)))
  const base = { kind: 'Subnet', externalId: subnet.id, name: nameOf(subnet, 'subnet'), parentId: textOf(subnet, 'network_id') } as const
  if (router === undefined)
    return { ...base, spec: {}, isLeftOut: true, remarks: ['a subnet needs a route table: put it into a router that can be taken over'] }
  return { ...base, spec: { cidr: blocksOf(subnet), zone: '', routeTableRef: to('RouteTable', router) } }
}

function groupOf(group: Native): Unmanaged {
  const found = listOf<NeutronRule>(group, 'security_group_rules').map((rule) => [rule, ruleOf(rule)] as const)
  const lost = found
    .filter(([, rule]) => rule === undefined)
    .map(([{ direction, protocol }]) => `a rule for ${direction} of ${protocol} has no words in SECA`)
  return {
    kind: 'SecurityGroup',
    externalId: group.id,
    name: nameOf(group, 'group'),
    spec: { rules: found.flatMap(([, rule]) => rule ?? []) },
    ...(lost.length === 0 ? {} : { remarks: lost.map((words) => `${words}: it goes when the group is enforced`) }),
  }
}

function nicOf(port: Native, subnets: readonly Native[], standard: string | undefined): Unmanaged {
  const ips = listOf<FixedIp>(port, 'fixed_ips')
  const isIn = (subnet: Native, id: string | undefined) =>
    [subnet['ipv4'], subnet['ipv6']].some((half) => (half as Native | undefined)?.id === id)
  const subnet = subnets.find((one) => isIn(one, ips[0]?.subnet_id))
  const base = { kind: 'Nic', externalId: port.id, name: nameOf(port, `port-${port.id.slice(0, 8)}`) } as const
  if (subnet === undefined || !ips.every(({ subnet_id: id }) => isIn(subnet, id)))
    return { ...base, spec: {}, isLeftOut: true, remarks: ['a NIC is in one subnet that can be taken over'] }
  const groups = listOf<string>(port, 'security_groups')
  const own = groups.filter((id) => id !== standard)
  const floating = listOf<string>(port, 'foreign_floating_ips')
  return {
    ...base,
    spec: {
      subnetRef: to('Subnet', subnet.id),
      addresses: ips.map(({ ip_address: address }) => address),
      ...(own.length === 0 ? {} : { securityGroupRefs: own.map((id) => to('SecurityGroup', id)) }),
      ...(floating.length === 0 ? {} : { publicIpRefs: floating.map((id) => to('PublicIp', id)) }),
    },
    ...(own.length === groups.length
      ? {}
      : {
          remarks: [
            "it is in the project's default security group, which nobody takes over: enforced, it is in that no more. Give it a group of its own before",
          ],
        }),
  }
}
