import type { InternetGateway, Network } from '../../src/kinds/index.ts'
import { projectOf, skuNumber, type Translation } from './adapter.ts'
import { type Blocks, isMetBy, toCloud, toSeca } from './cidr.ts'
import type { CloudObject } from './client.ts'

const extraOf = (object: CloudObject) => object['extra'] as readonly Blocks[]

export const network: Translation<typeof Network> = {
  type: 'vpcs',
  capability: { updates: ['additionalCidrs'] },
  initial: (desired) => ({ ...projectOf(desired), mbit_s: skuNumber(desired, 'skuRef', 'bandwidth') }),
  wants({ spec }) {
    const extra = spec.additionalCidrs ?? []
    return {
      cidr: {
        fields: { main: toCloud(spec.cidr) },
        isMet: (object) => isMetBy(spec.cidr, object['main'] as Blocks),
        fixed: 'the main blocks of a network stay as they are',
      },
      additionalCidrs: {
        fields: { extra: extra.map(toCloud) },
        isMet: (object) => extraOf(object).length === extra.length && extra.every((cidr, i) => isMetBy(cidr, extraOf(object)[i])),
      },
    }
  },
  status: (object) => ({ cidr: toSeca(object['main'] as Blocks), additionalCidrs: extraOf(object).map(toSeca) }),
}

export const internetGateway: Translation<typeof InternetGateway> = {
  type: 'uplinks',
  capability: { updates: ['egressOnly'] },
  initial: projectOf,
  wants: ({ spec }) => ({ egressOnly: { fields: { egress_only: spec.egressOnly } } }),
}
