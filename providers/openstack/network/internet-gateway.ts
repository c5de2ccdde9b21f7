import type { InternetGateway } from '../../../src/kinds/index.ts'
import type { Capability, ResourceAdapter } from '../../../src/provider/contract.ts'

const nothing = () => Promise.resolve({})

/** Nothing of its own: each router whose table names it has a gateway in the external network. */
export const internetGateway: ResourceAdapter<typeof InternetGateway> = {
  observe: () => Promise.resolve({ status: {}, drift: [], part: 'is the gateway of the routers whose tables name it' }),
  create: nothing,
  update: nothing,
  delete: nothing,
}

export const internetGatewayAbility: Pick<Capability, 'object' | 'updates' | 'note'> = {
  object: 'part',
  updates: ['egressOnly'],
  note: 'the gateway of routers; with egressOnly no public IPs are bound behind it, and IPv6 has no way out',
}
