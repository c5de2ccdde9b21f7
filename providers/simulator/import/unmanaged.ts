import type { CallContext, Unmanaged } from '../../../src/provider/contract.ts'
import { settled } from '../../../src/provider/unmanaged.ts'
import type { CloudObject, SimulatorClient } from '../client.ts'
import { projectOf, templateOf, volumeOf } from './storage.ts'
import { networkOf, portOf, routerOf, segmentOf, uplinkOf } from './network.ts'
import { firewallOf, filterOf, floatingOf } from './filtering.ts'
import { madeUp } from './parts.ts'
import { serverOf } from './server.ts'
import type { Account } from './account.ts'

/** Every kind by what it is here, in order of dependency. */
const TYPES: Readonly<Record<string, readonly [kind: string, translate: (object: CloudObject, account: Account) => Unmanaged]>> = {
  projects: ['Workspace', projectOf],
  volumes: ['BlockStorage', volumeOf],
  templates: ['Image', templateOf],
  vpcs: ['Network', networkOf],
  uplinks: ['InternetGateway', uplinkOf],
  routers: ['RouteTable', routerOf],
  segments: ['Subnet', segmentOf],
  filters: ['SecurityGroupRule', filterOf],
  firewalls: ['SecurityGroup', firewallOf],
  'floating-ips': ['PublicIp', floatingOf],
  ports: ['Nic', portOf],
  servers: ['Instance', serverOf],
}
/** There are none where ports are parts of servers. */
const NOT_IN_PARTS: ReadonlySet<string> = new Set(['routers', 'uplinks'])

/** All of an account that carries no tag, in SECA's words. What carries one is looked at, too: others refer to it. */
export async function* unmanagedIn(client: SimulatorClient, hasParts: boolean, context: CallContext): AsyncGenerator<Unmanaged> {
  const types = Object.entries(TYPES).filter(([type]) => !hasParts || !NOT_IN_PARTS.has(type))
  const all: (readonly [type: string, objects: readonly CloudObject[]])[] = []
  for (const [type] of types) all.push([type, await Array.fromAsync(client.everything(type, context))])
  const objects = new Map(all.flatMap(([type, some]) => some.map((object) => [object.id, { type, object }] as const)))
  const account: Account = {
    hasParts,
    fieldsOf: (id) => objects.get(id)?.object,
    kindOf: (id) => TYPES[objects.get(id)?.type ?? '']?.[0],
  }
  for (const [type, some] of all) {
    for (const object of some) {
      const facts = client.facts(object)
      const found = facts.tag === '' ? settled(facts, TYPES[type]?.[1](object, account) as Unmanaged) : undefined
      if (found !== undefined) yield found
    }
    if (hasParts && type === 'vpcs') yield* madeUp(some)
  }
}
