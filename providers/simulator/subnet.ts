import type { Subnet } from '../../src/kinds/index.ts'
import { idAt } from '../../src/provider/targets.ts'
import { skuNumber, type Translation } from './adapter.ts'
import { type Blocks, isMetBy, toCloud, toSeca } from './cidr.ts'
import type { CloudObject } from './client.ts'

const blocksOf = ({ ipv4, ipv6 }: CloudObject) => ({ ipv4, ipv6 }) as Blocks

export const subnet: Translation<typeof Subnet> = {
  type: 'segments',
  capability: { updates: ['cidr', 'zone', 'routeTableRef', 'skuRef'], note: 'blocks change only while the subnet has no NICs' },
  initial: (desired) => ({ vpc: desired.parent?.externalId }),
  wants(desired) {
    const { cidr } = desired.spec
    return {
      cidr: { fields: { ipv4: null, ipv6: null, ...toCloud(cidr) }, isMet: (object) => isMetBy(cidr, blocksOf(object)) },
      zone: { fields: { zone: desired.zone } },
      routeTableRef: { fields: { router: idAt(desired, 'routeTableRef') } },
      skuRef: { fields: { mbit_s: skuNumber(desired, 'skuRef', 'bandwidth') } },
    }
  },
  status: (object) => ({ cidr: toSeca(blocksOf(object)) }),
}
