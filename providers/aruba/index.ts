import type * as z from 'zod'
import type { KindDefinition } from '../../src/kinds/kind.ts'
import { abilityOf, adapterOf } from '../../src/provider/adapter.ts'
import type {
  Account,
  CallContext,
  Capability,
  Connection,
  InventoryItem,
  Json,
  Provider,
  ResourceAdapter,
  Swept,
} from '../../src/provider/contract.ts'
import { inventoryOf, sweepOf } from '../../src/provider/inventory.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { ArubaClient } from './client.ts'
import { instance } from './instance.ts'
import { factsOf, type Native, uriOf } from './native.ts'
import { networkIn, publicIpIn } from './network.ts'
import { nicAbility, nicAdapter } from './nic.ts'
import { catalogueOf } from './offers.ts'
import { ABLE_WITHOUT, WITHOUT } from './routing.ts'
import { groupsOf, securityGroup, SecurityGroupAdapter } from './security-group.ts'
import { serverAdapter } from './server-adapter.ts'
import { Session } from './session.ts'
import { credentials, type Credentials, settings, type Settings } from './settings.ts'
import { blockStorageAdapter, blockStorageIn, imageAdapter, imageIn } from './storage.ts'
import { subnet, subnetAdapter } from './subnet.ts'
import { workspace } from './workspace.ts'

type Translations = Readonly<Record<string, Translation<KindDefinition, Native>>>

/** Kinds that have objects of the cloud. */
const translationsIn = (settings: Settings): Translations => ({
  Workspace: workspace,
  BlockStorage: blockStorageIn(settings),
  Image: imageIn(settings),
  Network: networkIn(settings),
  Subnet: subnet,
  SecurityGroup: securityGroup(),
  PublicIp: publicIpIn(settings),
  Instance: instance,
})

/** The cloud takes no client tokens: making again makes another. */
function capabilitiesIn(settings: Settings): Readonly<Record<string, Capability>> {
  const all = { create: 'plain', lookup: 'key', settleMs: settings.settleMs, lane: 'none' } as const
  const own = Object.entries(translationsIn(settings)).map(([kind, one]) => [kind, { ...all, ...abilityOf(one, false) }] as const)
  const others = Object.entries({ ...ABLE_WITHOUT, Nic: nicAbility }).map(([kind, ability]) => [kind, { ...all, ...ability }] as const)
  return Object.fromEntries([...own, ...others])
}

function adaptersOf(client: ArubaClient, translations: Translations): Readonly<Record<string, ResourceAdapter>> {
  const plain = Object.entries(translations).map(([kind, one]) => [kind, adapterOf(client, one) as ResourceAdapter] as const)
  const special = {
    BlockStorage: blockStorageAdapter(client),
    Image: imageAdapter(client),
    Subnet: subnetAdapter(client),
    SecurityGroup: new SecurityGroupAdapter(client),
    Nic: nicAdapter(client),
    Instance: serverAdapter(client),
  } as unknown as Readonly<Record<string, ResourceAdapter>>
  return { ...Object.fromEntries(plain), ...WITHOUT, ...special }
}

/** Groups with all their copies as one; key pairs that no server stands for any more as what is left of their instance. */
async function* inventory(
  client: ArubaClient,
  { SecurityGroup: _groups, ...others }: Translations,
  installation: string | undefined,
  context: CallContext,
): AsyncGenerator<InventoryItem> {
  const servers = new Set<string>()
  for await (const item of inventoryOf(client, others, installation, context)) {
    if (item.kind === 'Instance') servers.add(item.tagKey ?? '')
    yield item
  }
  for await (const pair of client.list('keyPairs', installation, context))
    if (!servers.has(factsOf(pair).tag)) yield itemOf('Instance', [pair])
  for await (const copies of groupsOf(client, installation, context)) yield itemOf('SecurityGroup', copies)
}

function itemOf(kind: string, copies: readonly Native[]): InventoryItem {
  const [first, ...more] = copies.map(factsOf)
  const uris = copies.map(uriOf)
  const busy = first?.isGoing === true ? 'being deleted' : first?.busy
  return {
    kind,
    externalId: first?.id ?? '',
    tagKey: first?.tag ?? '',
    ...(first?.installationKey === undefined ? {} : { installationKey: first.installationKey }),
    ...(first?.incarnation === undefined ? {} : { incarnation: first.incarnation }),
    ...(more.length === 0 ? {} : { handle: { copies: uris } }),
    ...(busy === undefined ? {} : { busy }),
  }
}

async function* sweep(
  client: ArubaClient,
  translations: Translations,
  kind: string,
  installation: string,
  context: CallContext,
): AsyncGenerator<Swept> {
  if (kind !== 'SecurityGroup') return yield* sweepOf(client, translations, kind, installation, context)
  for await (const copies of groupsOf(client, installation, context)) {
    const { externalId, tagKey } = itemOf(kind, copies)
    yield { externalId, ...(tagKey === undefined ? {} : { tagKey }), found: copies as unknown as Json }
  }
}

/** Aruba Cloud, by the API of its management platform. */
export const aruba: Provider<typeof settings, typeof credentials> = Object.freeze({
  type: 'aruba',
  settings,
  credentials,
  capabilities: capabilitiesIn(settings.parse({})),
  connect(account: Account<z.output<typeof settings>, Credentials>): Connection {
    const session = new Session(account)
    const client = new ArubaClient(session)
    const translations = translationsIn(account.settings)
    return {
      capabilities: capabilitiesIn(account.settings),
      adapters: adaptersOf(client, translations),
      check: (context) => session.check(context),
      inventory: (installation, context) => inventory(client, translations, installation, context),
      sweep: (kind, installation, context) => sweep(client, translations, kind, installation, context),
      catalogue: () => catalogueOf(account.settings),
      close: () => session.close(),
    }
  },
})
