import type { InternetGateway, Network, RouteTable, SecurityGroupRule, Subnet } from '../../src/kinds/index.ts'
import type { KindDefinition } from '../../src/kinds/kind.ts'
import { isUnassigned } from '../../src/ip.ts'
import type { Capability, Desired, Observed, Other, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { pathText, targetsAt } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import type { Native } from './native.ts'
import { centerOf } from './workspace.ts'

/** A LAN keeps no block: ours is one that addresses of NICs are taken from. */
function refuseBlock({ ipv4, ipv6 }: { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined }): void {
  if (ipv6 !== undefined) throw new ProviderError('unsupported', 'cidr.ipv6: blocks of IPv6 are chosen by IONOS alone, leave it out')
  if (ipv4 === undefined || isUnassigned(ipv4.split('/')[0] ?? ''))
    throw new ProviderError('unsupported', 'cidr.ipv4: this cloud assigns no blocks, name one (10.0.1.0/24)')
}

export const subnet: Translation<typeof Subnet, Native> = {
  type: 'lans',
  capability: {
    ignores: ['zone', 'skuRef'],
    reads: ['routeTableRef.routes[].targetRef'],
    note: 'a private LAN; there is no router, so subnets of a network do not reach each other',
  },
  parent: centerOf,
  initial({ spec }) {
    refuseBlock(spec.cidr)
    return { public: false }
  },
  wants: {
    cidr: {
      notes: ({ spec }) => ({ cidr: spec.cidr.ipv4 }),
      // Not known where the answer to its creation was lost.
      isMet: (_lan, { spec }, { cidr }) => cidr === undefined || cidr === spec.cidr.ipv4,
      isFixed: true,
    },
    // NICs have the way out that the table says; here it is kept from becoming one by itself.
    routeTableRef: {
      fields: () => ({ public: false }),
      notes: (desired) => ({ table: pathText(desired, 'routeTableRef') }),
      isMet: (lan, desired, notes) =>
        lan.properties['public'] !== true && [undefined, pathText(desired, 'routeTableRef')].includes(notes['table']),
    },
  },
  status: (_lan, { spec }) => ({ cidr: spec.cidr.ipv4 === undefined ? {} : { ipv4: spec.cidr.ipv4 } }),
}

export const internetGateway: Translation<typeof InternetGateway, Native> = {
  type: 'gateways',
  capability: {
    note: 'a public LAN, in which NICs with public IPs have a second interface; egressOnly would be a NAT gateway, which is not made',
  },
  parent: centerOf,
  initial({ spec }) {
    if (spec.egressOnly) throw new ProviderError('unsupported', 'egressOnly: NAT gateways are not made here, leave it false')
    return { public: true }
  },
  wants: { egressOnly: { isMet: (lan, { spec }) => lan.properties['public'] === true && !spec.egressOnly, isFixed: true } },
}

type Items = NonNullable<Observed['items']>
const done = () => Promise.resolve({})

/** What has no object of its own here. */
function nothing<D extends KindDefinition>(
  words: string,
  say: (desired: Desired<D>) => Pick<Observed<D>, 'status' | 'items'> = () => ({ status: {} }),
): ResourceAdapter {
  const adapter: ResourceAdapter<D> = {
    observe: async (desired) => ({ drift: [], part: words, ...say(desired) }),
    create: done,
    update: done,
    delete: done,
  }
  return adapter as ResourceAdapter
}

/** A default route is the second NIC that public IPs bring; any other is not to be had. */
function refused({ spec, targets, parent }: Desired<typeof RouteTable>): Items {
  const local = (parent?.spec['cidr'] as { ipv4?: string } | undefined)?.ipv4
  const isRight = (destination: string, index: number) =>
    destination === local || (destination === '0.0.0.0/0' && targets[`routes[${index}].targetRef`]?.path.kind === 'InternetGateway')
  const message = 'this cloud has no routers: nothing but 0.0.0.0/0 through an internet gateway can be had, remove this route'
  return Object.fromEntries(
    spec.routes.flatMap(({ destinationCidrBlock }, index) =>
      isRight(destinationCidrBlock, index) ? [] : [[`routes[${index}]`, { state: 'error', message }] as const],
    ),
  )
}

/** Kinds without an object, by name. */
export const WITHOUT: Readonly<Record<string, ResourceAdapter>> = {
  Network: nothing<typeof Network>('its subnets are LANs of their own', ({ spec, isLeaving }) => {
    if (!isLeaving) refuseBlock(spec.cidr)
    return {
      status: {
        cidr: { ipv4: spec.cidr.ipv4 ?? '' },
        additionalCidrs: spec.additionalCidrs?.map(({ ipv4 }) => ({ ipv4: ipv4 ?? '' })) ?? [],
      },
    }
  }),
  RouteTable: nothing<typeof RouteTable>('NICs with public IPs have the way out by themselves', (desired) => ({
    status: {},
    items: refused(desired),
  })),
  SecurityGroupRule: nothing<typeof SecurityGroupRule>('stands in the groups that name it'),
}

/** What can be done with these: whatever they say. */
export const ABLE_WITHOUT: Readonly<Record<string, Pick<Capability, 'object' | 'updates' | 'ignores' | 'note'>>> = {
  Network: {
    object: 'none',
    updates: ['cidr', 'additionalCidrs', 'labels'],
    ignores: ['skuRef'],
    note: 'nothing of its own: each subnet is a LAN',
  },
  RouteTable: {
    object: 'none',
    updates: ['routes', 'labels'],
    note: 'a default route through an internet gateway, for NICs with public IPs',
  },
  SecurityGroupRule: {
    object: 'none',
    updates: ['direction', 'version', 'protocol', 'ports', 'icmp', 'sourceRef', 'annotations', 'labels'],
    note: 'stands in the groups that name it',
  },
}

/** The public LAN that a subnet's table leads to. */
export function gatewayOf(net: Other | undefined): string | undefined {
  const table = net?.targets['routeTableRef']
  if (table === undefined) return undefined
  const routes = (table.spec['routes'] ?? []) as readonly { readonly destinationCidrBlock: string }[]
  const found = targetsAt(table, 'routes[].targetRef').find(
    (target, index) => target?.path.kind === 'InternetGateway' && routes[index]?.destinationCidrBlock === '0.0.0.0/0',
  )
  return found?.externalId
}
