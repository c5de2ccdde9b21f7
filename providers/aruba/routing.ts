import type { InternetGateway, RouteTable, SecurityGroupRule } from '../../src/kinds/index.ts'
import type { Capability, Desired, Observed, ResourceAdapter } from '../../src/provider/contract.ts'
import { nothing } from '../../src/provider/nothing.ts'
import { parseBlock } from '../../src/ip.ts'

/** Kinds that this cloud has no objects for. */

const BY_ITSELF = 'this cloud routes by itself'

/** The way out to the internet is there; any other way is not to be had. */
function refused({ spec, targets }: Desired<typeof RouteTable>): NonNullable<Observed['items']> {
  const isThere = (destination: string, index: number) =>
    parseBlock(destination)?.prefix === 0 && targets[`routes[${index}].targetRef`]?.path.kind === 'InternetGateway'
  const message = `${BY_ITSELF}: nothing but a default route to an internet gateway can be had; remove this one`
  return Object.fromEntries(
    spec.routes.flatMap(({ destinationCidrBlock }, index) =>
      isThere(destinationCidrBlock, index) ? [] : [[`routes[${index}]`, { state: 'error', message } as const]],
    ),
  )
}

export const WITHOUT = {
  RouteTable: nothing<typeof RouteTable>(BY_ITSELF, refused),
  InternetGateway: nothing<typeof InternetGateway>('every network here reaches the internet'),
  SecurityGroupRule: nothing<typeof SecurityGroupRule>('stands in the groups that name it'),
} as unknown as Readonly<Record<string, ResourceAdapter>>

export const ABLE_WITHOUT: Readonly<Record<string, Pick<Capability, 'object' | 'updates' | 'note'>>> = {
  RouteTable: {
    object: 'none',
    updates: ['routes'],
    note: `${BY_ITSELF}; a default route to an internet gateway is fulfilled, any other is refused`,
  },
  InternetGateway: {
    object: 'none',
    updates: ['egressOnly'],
    note: 'nothing of its own: every network reaches the internet, also without one; who has no public IP is reached by nobody',
  },
  SecurityGroupRule: {
    object: 'part',
    updates: ['direction', 'version', 'protocol', 'ports', 'icmp', 'sourceRef', 'annotations'],
    note: 'stands in each group that names it',
  },
}
