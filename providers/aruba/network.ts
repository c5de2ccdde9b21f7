import type { Network, PublicIp } from '../../src/kinds/index.ts'
import { sameIp } from '../../src/ip.ts'
import { assigned } from '../../src/provider/blocks.ts'
import type { Desired } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { type Native, textOf } from './native.ts'
import type { Settings } from './settings.ts'
import { projectOf } from './workspace.ts'

export const NO_IPV6 = 'this cloud has no IPv6: leave it out'

/** A VPC has no blocks, its subnets do: they keep to those that stand in status. */
export const networkIn = (settings: Pick<Settings, 'privateBlock'>): Translation<typeof Network, Native> => ({
  type: 'vpcs',
  capability: {
    ignores: ['cidr', 'additionalCidrs', 'skuRef'],
    note: 'a VPC, whose blocks are kept to by its subnets; IPv4 only; everything in it reaches the internet, with or without a gateway',
  },
  parent: projectOf,
  initial: ({ spec }) => {
    if (spec.cidr.ipv6 !== undefined) throw new ProviderError('unsupported', NO_IPV6)
    // One by default could only be deleted together with naming its successor.
    return { default: false, preset: false }
  },
  wants: {},
  status: (_vpc, desired) => blocksOf(desired, settings),
  items: (_vpc, { spec: { additionalCidrs = [] } }) =>
    Object.fromEntries(
      additionalCidrs.flatMap(({ ipv6 }, index) =>
        ipv6 === undefined ? [] : [[`additionalCidrs[${index}]`, { state: 'error', message: NO_IPV6 } as const]],
      ),
    ),
})

function blocksOf({ spec, tag }: Pick<Desired<typeof Network>, 'spec' | 'tag'>, settings: Pick<Settings, 'privateBlock'>) {
  const wanted = [spec.cidr, ...(spec.additionalCidrs ?? [])].map(({ ipv4 }) => ({ ipv4 }))
  const [cidr = {}, ...additionalCidrs] = assigned(wanted, tag, settings)
  return { cidr, additionalCidrs }
}

export const publicIpIn = ({ billingPeriod }: Pick<Settings, 'billingPeriod'>): Translation<typeof PublicIp, Native> => ({
  type: 'elasticIps',
  capability: { note: 'an elastic IP: IPv4, with an address that the cloud chooses; one for each instance' },
  parent: projectOf,
  initial: ({ spec }) => {
    if (spec.version === 'IPv6') throw new ProviderError('unsupported', `${NO_IPV6} (version: IPv4)`)
    if (spec.address) throw new ProviderError('unsupported', 'this cloud chooses the address itself: leave address out')
    return { billingPlan: { billingPeriod } }
  },
  wants: {
    version: { isMet: (_ip, { spec }) => spec.version === 'IPv4', isFixed: true },
    address: { isMet: (ip, { spec }) => !spec.address || sameIp(spec.address, textOf(ip, 'address')), isFixed: true },
  },
  status: (ip) => (textOf(ip, 'address') === '' ? {} : { ipAddress: textOf(ip, 'address') }),
})
