import type { Nic } from '../../../src/kinds/index.ts'
import { parseBlock } from '../../../src/ip.ts'
import type { Desired } from '../../../src/provider/contract.ts'
import { targetAt } from '../../../src/provider/targets.ts'

/** Why no public IP can be bound in a subnet. `isUnknown`: the table is not there, and what is bound is left to whoever takes it away. */
export interface Closed {
  readonly words: string
  readonly isUnknown: boolean
}

/** Whether the subnet of a NIC has a way out that lets public IPs in: a default route to an internet gateway that goes both ways. */
export function closedFor(desired: Pick<Desired<typeof Nic>, 'targets'>): Closed | undefined {
  const table = targetAt(desired, 'subnetRef')?.targets['routeTableRef']
  if (table === undefined)
    return {
      words: 'its subnet has no route table: no public IP can be bound without one that leads to an internet gateway',
      isUnknown: true,
    }
  const routes = (table.spec['routes'] ?? []) as readonly { destinationCidrBlock: string }[]
  const gateways = routes.flatMap(({ destinationCidrBlock }, index) => {
    const target = table.targets[`routes[${index}].targetRef`]
    return parseBlock(destinationCidrBlock)?.prefix === 0 && target?.path.kind === 'InternetGateway' ? [target] : []
  })
  if (gateways.length === 0)
    return {
      words: "its subnet's route table has no way out: give it a route of 0.0.0.0/0 to an internet gateway, or leave the public IP out",
      isUnknown: false,
    }
  const isEgressOnly = gateways.some(({ spec }) => spec['egressOnly'] === true)
  return isEgressOnly ? { words: "its subnet's way out is egress-only: no public IP can be bound behind it", isUnknown: false } : undefined
}
