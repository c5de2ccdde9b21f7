import type { InternetGateway } from '../../../src/kinds/index.ts'
import type { Capability } from '../../../src/provider/contract.ts'
import { nothing } from '../../../src/provider/nothing.ts'

/** Nothing of its own: each router whose table names it has a gateway in the external network. */
export const internetGateway = nothing<typeof InternetGateway>('is the gateway of the routers whose tables name it')

export const internetGatewayAbility: Pick<Capability, 'object' | 'updates' | 'note'> = {
  object: 'part',
  updates: ['egressOnly'],
  note: 'the gateway of routers; with egressOnly no public IPs are bound behind it, and IPv6 has no way out',
}
