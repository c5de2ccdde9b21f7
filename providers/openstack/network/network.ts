import type { Network } from '../../../src/kinds/index.ts'
import type { Desired } from '../../../src/provider/contract.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import { assigned } from '../../../src/provider/blocks.ts'
import type { Native } from '../native.ts'
import type { Settings } from '../settings.ts'
import { projectOf } from '../identity/workspace.ts'

type D = typeof Network

/** A network of Neutron has no blocks, its subnets do: the subnets' own adapter keeps to those that stand in status. */
export const networkIn = (settings: Pick<Settings, 'privateBlock'>): Translation<D, Native> => ({
  type: 'networks',
  capability: { ignores: ['cidr', 'additionalCidrs', 'skuRef'], note: 'its blocks are kept to by its subnets; its SKU limits no speed' },
  parent: projectOf,
  wants: {},
  status: (_network, desired) => blocksOf(desired, settings),
})

function blocksOf({ spec, tag }: Pick<Desired<D>, 'spec' | 'tag'>, settings: Pick<Settings, 'privateBlock'>) {
  const [cidr = {}, ...additionalCidrs] = assigned([spec.cidr, ...(spec.additionalCidrs ?? [])], tag, settings)
  return { cidr, additionalCidrs }
}
