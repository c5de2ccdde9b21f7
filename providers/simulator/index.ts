import * as z from 'zod'
import type { KindDefinition } from '../../src/kinds/kind.ts'
import type { Account, Capability, Connection, Provider, ResourceAdapter } from '../../src/provider/contract.ts'
import { abilityOf, adapterOf } from '../../src/provider/adapter.ts'
import { certificates, safeUrl } from '../../src/provider/fields.ts'
import { inventoryOf, sweepOf } from '../../src/provider/inventory.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { blockStorage } from './block-storage.ts'
import { CHARACTER_NAMES, type Switches, switchesOf } from './cloud/characters.ts'
import { type CloudObject, SimulatorClient } from './client.ts'
import { catalogueOf } from './offers.ts'
import { image } from './image.ts'
import { unmanagedIn } from './import/unmanaged.ts'
import { instance } from './instance.ts'
import { internetGateway, network } from './network.ts'
import { nic, publicIp } from './nic.ts'
import { ABLE_WITHOUT, flatSubnet, groupInNetwork, nicInServer, serverWithPorts, WITHOUT } from './parts.ts'
import { routeTable } from './route-table.ts'
import { securityGroup, securityGroupRule } from './security-group.ts'
import { ServerAdapter } from './server-adapter.ts'
import { subnet } from './subnet.ts'
import { workspace } from './workspace.ts'

/** What each kind is in this cloud: the whole adapter hangs on this table. */
const TRANSLATIONS: Readonly<Record<string, Translation<KindDefinition, CloudObject>>> = {
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

/** The same where ports are parts of servers, and firewalls of networks. */
const { RouteTable: _router, InternetGateway: _uplink, ...OTHERS } = TRANSLATIONS
const IN_PARTS: Translations = {
  ...OTHERS,
  Instance: serverWithPorts,
  Subnet: flatSubnet,
  SecurityGroup: groupInNetwork,
  Nic: nicInServer,
}

type Translations = Readonly<Record<string, Translation<KindDefinition, CloudObject>>>

const translationsOf = ({ parts }: Pick<Switches, 'parts'>) => (parts ? IN_PARTS : TRANSLATIONS)

function eachKind<T>(
  translations: Translations,
  make: (translation: Translation<KindDefinition, CloudObject>) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(translations).map(([kind, translation]) => [kind, make(translation)]))
}

/** What holds for every kind, by what kind of cloud it is: a neat one has client tokens, tags of any length, and reads that see every write. */
function common({ clientTokens, shortTags, serial, readLagMs, listLagMs }: Switches, settleMs = Math.max(readLagMs, listLagMs)) {
  return {
    object: 'own',
    create: clientTokens ? 'idempotent' : 'plain',
    lookup: shortTags ? 'key' : 'tag',
    settleMs,
    lane: serial ? 'workspace' : 'none',
  } as const
}

function capabilitiesOf(switches: Switches, settleMs?: number): Readonly<Record<string, Capability>> {
  const all = common(switches, settleMs)
  const without = switches.parts ? Object.entries(ABLE_WITHOUT).map(([kind, ability]) => [kind, { ...all, ...ability }]) : []
  return { ...eachKind(translationsOf(switches), (translation) => ({ ...all, ...abilityOf(translation) })), ...Object.fromEntries(without) }
}

/** Of a neat cloud, with what adapters of any kind of it look at: wakes are the same for all accounts. */
const CAPABILITIES: Readonly<Record<string, Capability>> = Object.fromEntries(
  Object.entries(capabilitiesOf(switchesOf(['neat']))).map(([kind, one]) => {
    const reads = IN_PARTS[kind]?.capability?.reads
    return [kind, reads === undefined ? one : { ...one, reads }]
  }),
)

const settings = z.strictObject({
  endpoint: safeUrl().describe("Where the cloud's API is."),
  ca: certificates(),
  characters: z.array(z.enum(CHARACTER_NAMES)).default(['neat']).describe('What kind of cloud it is; several add up.'),
  settleMs: z
    .int()
    .min(0)
    .max(600_000)
    .optional()
    .describe('How long its reads may lag behind writes, in milliseconds; absent = as of its kind.'),
})
const credentials = z.object({ token: z.string().trim().min(1).describe('Bearer token of the account.') })

/** The simulated cloud: reference adapter, and what the embedded installation runs on. */
export const simulator: Provider<typeof settings, typeof credentials> = Object.freeze({
  type: 'simulator',
  settings,
  credentials,
  capabilities: CAPABILITIES,
  connect(account: Account<z.output<typeof settings>, z.output<typeof credentials>>): Connection {
    const switches = switchesOf(account.settings.characters)
    const client = new SimulatorClient(account, switches)
    const translations = translationsOf(switches)
    const inParts = switches.parts ? { Instance: new ServerAdapter(client) as ResourceAdapter, ...WITHOUT } : {}
    return {
      capabilities: capabilitiesOf(switches, account.settings.settleMs),
      adapters: { ...eachKind(translations, (translation) => adapterOf(client, translation)), ...inParts },
      check: (context) => client.check(context),
      inventory: (installation, context) => inventoryOf(client, translations, installation, context),
      catalogue: (context) => catalogueOf(client, context),
      unmanaged: (context) => unmanagedIn(client, switches.parts, context),
      sweep: (kind, installation, context) => sweepOf(client, translations, kind, installation, context),
      close: () => client.close(),
    }
  },
})
