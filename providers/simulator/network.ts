import type { InternetGateway, Network } from '../../src/kinds/index.ts'
import { skuNumber } from '../../src/provider/targets.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { type Blocks, isMetBy, toCloud, toSeca } from './cidr.ts'
import type { CloudObject } from './client.ts'
import { told } from './told.ts'
import { projectOf } from './workspace.ts'

const mainOf = (vpc: CloudObject) => vpc['main'] as Blocks
const extraOf = (vpc: CloudObject) => vpc['extra'] as readonly Blocks[]

export const network: Translation<typeof Network, CloudObject> = {
  type: 'vpcs',
  initial: projectOf,
  wants: {
    cidr: {
      fields: ({ spec }) => ({ main: toCloud(spec.cidr) }),
      isMet: (vpc, { spec }) => isMetBy(spec.cidr, mainOf(vpc)),
      isFixed: true,
    },
    additionalCidrs: {
      fields: ({ spec }) => ({ extra: (spec.additionalCidrs ?? []).map(toCloud) }),
      isMet: (vpc, { spec: { additionalCidrs = [] } }) =>
        extraOf(vpc).length === additionalCidrs.length && additionalCidrs.every((cidr, i) => isMetBy(cidr, extraOf(vpc)[i])),
    },
    skuRef: { ...told({ mbit_s: (desired) => skuNumber(desired, 'skuRef', 'bandwidth') }), isFixed: true },
  },
  status: (vpc) => ({ cidr: toSeca(mainOf(vpc)), additionalCidrs: extraOf(vpc).map(toSeca) }),
}

export const internetGateway: Translation<typeof InternetGateway, CloudObject> = {
  type: 'uplinks',
  initial: projectOf,
  wants: { egressOnly: { fields: ({ spec }) => ({ egress_only: spec.egressOnly }) } },
}
