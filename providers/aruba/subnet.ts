import type { Subnet } from '../../src/kinds/index.ts'
import { type Block, contains, formatBlock, formatIp, isUnassigned, parseBlock, sameBlock } from '../../src/ip.ts'
import { adapterOf } from '../../src/provider/adapter.ts'
import { type Blocks, freeIn } from '../../src/provider/blocks.ts'
import type { CallContext, Desired, Other, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import type { Fields, Translation } from '../../src/provider/translation.ts'
import type { ArubaClient } from './client.ts'
import { type Native, property } from './native.ts'
import { NO_IPV6 } from './network.ts'

type D = typeof Subnet

/** What this cloud has room for (RFC 1918). */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].flatMap((text) => parseBlock(text) ?? [])
/** Network, gateway, the address behind it, broadcast. */
const NOT_GIVEN = 4n

const cidrOf = (subnet: Native): string => (property(subnet, 'network') as { address?: string } | null | undefined)?.address ?? ''

export const subnet: Translation<D, Native> = {
  type: 'subnets',
  capability: {
    ignores: ['zone', 'routeTableRef', 'skuRef'],
    note: 'a subnet of the Advanced type, which is in all zones; private IPv4 blocks only',
  },
  parent: (desired) => desired.parent?.externalId,
  wants: {
    cidr: {
      isMet: (found, { spec }) => {
        const wanted = spec.cidr.ipv4
        if (wanted === undefined || spec.cidr.ipv6 !== undefined) return false
        return isUnassigned(wanted) ? wanted.split('/')[1] === cidrOf(found).split('/')[1] : sameBlock(wanted, cidrOf(found))
      },
      isFixed: true,
    },
  },
  status: (found) => ({ cidr: { ipv4: cidrOf(found) } }),
}

/** Subnets, with a block that is named or free. */
export function subnetAdapter(client: ArubaClient): ResourceAdapter<D> {
  const below = adapterOf(client, subnet)
  return {
    ...bound(below),
    async create(desired, context) {
      const vpc = desired.parent?.externalId
      await client.settled(vpc, 'its network', context)
      const fields = await fieldsFor(client, desired, context)
      return adapterOf(client, { ...subnet, initial: () => fields }).create(desired, context)
    },
  }
}

/** An adapter's calls, to be put into another one. */
export function bound<A extends ResourceAdapter<never>>(adapter: A): A {
  return {
    observe: adapter.observe.bind(adapter),
    create: adapter.create.bind(adapter),
    update: adapter.update?.bind(adapter),
    delete: adapter.delete.bind(adapter),
  } as A
}

async function fieldsFor(client: ArubaClient, desired: Desired<D>, context: CallContext): Promise<Fields> {
  const { cidr } = desired.spec
  if (cidr.ipv6 !== undefined || cidr.ipv4 === undefined) throw new ProviderError('unsupported', NO_IPV6)
  const others = await client.all({ type: 'subnets', parent: desired.parent?.externalId }, context)
  const block = choose(
    cidr.ipv4,
    desired.parent,
    others.flatMap((one) => parseBlock(cidrOf(one)) ?? []),
  )
  if (!PRIVATE.some((one) => contains(one, block)))
    throw new ProviderError('unsupported', `this cloud takes private blocks only (${PRIVATE.map(formatBlock).join(', ')})`)
  const { dnsServers } = client.session.settings
  const hosts = (1n << BigInt(32 - block.prefix)) - NOT_GIVEN
  const range = { start: formatIp({ family: 4, value: block.value + 2n }), count: Number(hosts < 1n ? 1n : hosts) }
  const dhcp = { enabled: true, range, ...(dnsServers.length === 0 ? {} : { dns: dnsServers }) }
  return { type: 'Advanced', default: false, network: { address: formatBlock(block) }, dhcp }
}

/** The block that is named, or a free one of that size inside of the network's. */
function choose(wanted: string, network: Other | undefined, taken: readonly Block[]): Block {
  const named = isUnassigned(wanted) ? undefined : parseBlock(wanted)
  if (named !== undefined) return named
  const { cidr, additionalCidrs = [] } = (network?.status ?? {}) as { cidr?: Blocks; additionalCidrs?: readonly Blocks[] }
  const roots = [cidr, ...additionalCidrs].flatMap((blocks) => parseBlock(blocks?.ipv4 ?? '') ?? [])
  const block = freeIn(roots, Number(wanted.split('/')[1]), taken)
  if (block === undefined) throw new ProviderError('rejected', `the network has no free block of the size of ${wanted}: name one`)
  return block
}
