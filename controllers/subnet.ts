import { Subnet } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'
import { isAssignable, isInside } from '../src/resolve/cidr.ts'
import { keyOf } from '../src/resolve/names.ts'

interface Cidr {
  readonly ipv4?: string
  readonly ipv6?: string
}

/** A subnet lies inside one of its network's blocks (SECA.md §8). */
export const subnet = controller(Subnet, {
  check({ spec, metadata }, { lookup }) {
    const network = lookup.get('Network', keyOf(metadata.namespace, spec.network))
    const { cidr, additionalCidrs = [] } = (network?.status ?? {}) as { cidr?: Cidr; additionalCidrs?: readonly Cidr[] }
    for (const family of ['ipv4', 'ipv6'] as const) {
      const block = spec.cidr[family]
      const blocks = [cidr, ...additionalCidrs].flatMap((one) => one?.[family] ?? [])
      if (block === undefined || block === '' || isAssignable(block) || blocks.some((outer) => isInside(block, outer))) continue
      const where = blocks.length === 0 ? `has no ${family} block` : `has ${blocks.join(', ')}`
      return {
        reason: 'OutsideNetwork',
        message: `spec.cidr.${family}: ${block} is not inside network "${spec.network}", which ${where}`,
        isFinal: true,
      }
    }
    return undefined
  },
  derive: ({ spec }) => ({ routeTableRef: spec.routeTableRef }),
})
