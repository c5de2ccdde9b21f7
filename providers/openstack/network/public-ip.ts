import type { PublicIp } from '../../../src/kinds/index.ts'
import { sameIp } from '../../../src/ip.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import { projectOf } from '../identity/workspace.ts'
import { type Collection, type Native, textOf } from '../native.ts'
import type { ExternalNetwork } from './external.ts'

type D = typeof PublicIp

export const floatingIpCollection = (external: ExternalNetwork): Collection => ({
  path: 'floatingips',
  singular: 'floatingip',
  isNameless: true,
  defaults: async (context) => ({ floating_network_id: await external.id(context) }),
  state: (floating) => ({
    ...(textOf(floating, 'port_id') === '' ? {} : { usedBy: `port ${textOf(floating, 'port_id')}` }),
    ...(textOf(floating, 'status') === 'ERROR' ? { failed: 'Neutron calls it ERROR' } : {}),
  }),
})

export const publicIp: Translation<D, Native> = {
  type: 'floatingips',
  capability: {
    note: 'a floating IP; an address of your own has to be free in the external network, and the project needs the right to choose it',
  },
  parent: projectOf,
  wants: {
    version: {
      fields({ spec }) {
        if (spec.version === 'IPv4') return {}
        throw new ProviderError(
          'unsupported',
          'this cloud has public IPs of IPv4 only: leave the object out, and give the subnet a routed IPv6 block',
        )
      },
      isMet: (_floating, { spec }) => spec.version === 'IPv4',
      isFixed: true,
    },
    address: {
      fields: ({ spec }) => (spec.address ? { floating_ip_address: spec.address } : {}),
      isMet: (floating, { spec }) => !spec.address || sameIp(spec.address, textOf(floating, 'floating_ip_address')),
      isFixed: true,
    },
  },
  status: (floating) => ({ ipAddress: textOf(floating, 'floating_ip_address') }),
}
