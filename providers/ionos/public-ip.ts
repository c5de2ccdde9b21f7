import type { PublicIp } from '../../src/kinds/index.ts'
import { sameIp } from '../../src/ip.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { type Native, textsOf } from './native.ts'

export const publicIp: Translation<typeof PublicIp, Native> = {
  type: 'ipblocks',
  capability: { note: 'a block of one IPv4 address, which IONOS chooses, and which never comes back once it is given up' },
  initial({ spec, region }) {
    if (spec.version !== 'IPv4') throw new ProviderError('unsupported', 'version: addresses are reserved for IPv4 alone')
    if (spec.address) throw new ProviderError('unsupported', 'address: IONOS chooses the address, leave it out')
    return { location: region, size: 1 }
  },
  wants: {
    version: { isMet: (_block, { spec }) => spec.version === 'IPv4', isFixed: true },
    address: {
      isMet: (block, { spec }) => !spec.address || textsOf(block, 'ips').some((ip) => sameIp(ip, spec.address ?? '')),
      isFixed: true,
    },
  },
  status: (block) => ({ ipAddress: textsOf(block, 'ips')[0] ?? '' }),
}
