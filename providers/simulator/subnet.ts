import type { Subnet } from '../../src/kinds/index.ts'
import { idAt, skuNumber } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { type Blocks, isMetBy, toCloud, toSeca } from './cidr.ts'
import type { CloudObject } from './client.ts'

const blocksOf = ({ ipv4, ipv6 }: CloudObject) => ({ ipv4, ipv6 }) as Blocks

export const subnet: Translation<typeof Subnet, CloudObject> = {
  type: 'segments',
  capability: { note: 'blocks change only while the subnet has no NICs' },
  initial: (desired) => ({ vpc: desired.parent?.externalId }),
  wants: {
    cidr: {
      fields: ({ spec }) => ({ ipv4: null, ipv6: null, ...toCloud(spec.cidr) }),
      isMet: (segment, { spec }) => isMetBy(spec.cidr, blocksOf(segment)),
    },
    zone: { fields: ({ zone }) => ({ zone }) },
    routeTableRef: { fields: (desired) => ({ router: idAt(desired, 'routeTableRef') }) },
    skuRef: { fields: (desired) => ({ mbit_s: skuNumber(desired, 'skuRef', 'bandwidth') }) },
  },
  status: (segment) => ({ cidr: toSeca(blocksOf(segment)) }),
}
