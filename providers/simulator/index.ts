import * as z from 'zod'
import type { KindDefinition } from '../../src/kinds/kind.ts'
import type { Account, Capability, Connection, Provider } from '../../src/provider/contract.ts'
import { tagPrefix } from '../../src/provider/tags.ts'
import { adapter, type Translation } from './adapter.ts'
import { blockStorage } from './block-storage.ts'
import { SimulatorClient } from './client.ts'
import { image } from './image.ts'
import { instance } from './instance.ts'
import { internetGateway, network } from './network.ts'
import { nic, publicIp } from './nic.ts'
import { routeTable } from './route-table.ts'
import { securityGroup, securityGroupRule } from './security-group.ts'
import { subnet } from './subnet.ts'
import { workspace } from './workspace.ts'

/** What each kind is in this cloud: the whole adapter hangs on this table. */
const TRANSLATIONS: Readonly<Record<string, Translation<KindDefinition>>> = {
  Workspace: workspace,
  BlockStorage: blockStorage,
  Image: image,
  Instance: instance,
  Network: network,
  Subnet: subnet,
  RouteTable: routeTable,
  InternetGateway: internetGateway,
  SecurityGroup: securityGroup,
  SecurityGroupRule: securityGroupRule,
  Nic: nic,
  PublicIp: publicIp,
}

function eachKind<T>(make: (translation: Translation<KindDefinition>) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(TRANSLATIONS).map(([kind, translation]) => [kind, make(translation)]))
}

/** A neat cloud: client tokens, tags of any length, reads that see every write. */
const COMMON = { object: 'own', create: 'idempotent', lookup: 'tag', settleMs: 0, lane: 'none' } as const

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/

function isSafe(endpoint: string): boolean {
  const url = URL.parse(endpoint)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

const settings = z.object({
  endpoint: z.url().refine(isSafe, 'must be an https URL; http only to this machine').describe("Where the cloud's API is."),
})
const credentials = z.object({ token: z.string().trim().min(1).describe('Bearer token of the account.') })

/** The simulated cloud: reference adapter, and what the embedded installation runs on. */
export const simulator: Provider<typeof settings, typeof credentials> = Object.freeze({
  type: 'simulator',
  settings,
  credentials,
  capabilities: eachKind(({ capability }): Capability => ({ ...COMMON, ...capability })),
  connect(account: Account<z.output<typeof settings>, z.output<typeof credentials>>): Connection {
    const client = new SimulatorClient(account)
    return {
      adapters: eachKind((translation) => adapter(client, translation)),
      check: (context) => client.check(context),
      async *inventory(installation, context) {
        for (const [kind, { type }] of Object.entries(TRANSLATIONS))
          for await (const { id, tag } of client.list(type, tagPrefix(installation), context)) yield { kind, externalId: id, tag }
      },
      close: () => client.close(),
    }
  },
})
