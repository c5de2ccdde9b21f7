import { isAddress } from '../../../src/ip.ts'
import type { Json, Unmanaged } from '../../../src/provider/contract.ts'
import { leftOut, toId, toSku } from '../../../src/provider/unmanaged.ts'
import { type Blocks, toSeca } from '../cidr.ts'
import type { CloudObject } from '../client.ts'
import { type Account, base, toAll, unlessEmpty } from './account.ts'
import { WAY_OUT } from './parts.ts'

/** A speed, where the cloud tells one. */
const speedOf = ({ mbit_s: speed }: CloudObject): Readonly<Record<string, Json>> =>
  speed === undefined ? {} : { skuRef: toSku('NetworkSku', { bandwidth: speed as number }) }

export const networkOf = (vpc: CloudObject, account: Account): Unmanaged => ({
  ...base('Network', vpc, account),
  spec: {
    cidr: toSeca(vpc['main'] as Blocks),
    ...unlessEmpty('additionalCidrs', (vpc['extra'] as readonly Blocks[]).map(toSeca)),
    skuRef: toSku('NetworkSku', { bandwidth: vpc['mbit_s'] as number | undefined }),
  },
})

export const uplinkOf = (uplink: CloudObject, account: Account): Unmanaged => ({
  ...base('InternetGateway', uplink, account),
  spec: { egressOnly: uplink['egress_only'] === true },
})

export function routerOf(router: CloudObject, account: Account): Unmanaged {
  const about = { ...base('RouteTable', router, account), parentId: String(router['vpc']) }
  const routes = (router['routes'] as readonly { readonly destination: string; readonly via: string }[]).map(({ destination, via }) => ({
    destinationCidrBlock: destination,
    targetRef: isAddress(via) ? { resource: via } : toId(account.kindOf(via) ?? 'Nic', via),
  }))
  return routes.length === 0 ? leftOut(about, 'a route table needs a route, and this router has none') : { ...about, spec: { routes } }
}

export function segmentOf(segment: CloudObject, account: Account): Unmanaged {
  const vpc = String(segment['vpc'])
  const router = account.hasParts ? `${vpc}/${WAY_OUT}` : segment['router']
  const about = { ...base('Subnet', segment, account), parentId: vpc }
  if (typeof router !== 'string') return leftOut(about, 'a subnet needs a route table: give the segment a router')
  const cidr = toSeca({ ipv4: segment['ipv4'] as string | null, ipv6: segment['ipv6'] as string | null })
  return { ...about, spec: { cidr, zone: String(segment['zone']), routeTableRef: toId('RouteTable', router), ...speedOf(segment) } }
}

export const portOf = (port: CloudObject, account: Account): Unmanaged => ({
  ...base('Nic', port, account),
  spec: {
    subnetRef: toId('Subnet', String(port['segment'])),
    ...unlessEmpty('addresses', (port['addresses'] ?? []) as readonly string[]),
    ...unlessEmpty('publicIpRefs', toAll('PublicIp', port['floating_ips'])),
    ...unlessEmpty('securityGroupRefs', toAll('SecurityGroup', port['firewalls'])),
    ...speedOf(port),
  },
})
