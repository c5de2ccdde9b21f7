import type * as z from 'zod'
import type { KindDefinition } from '../../src/kinds/kind.ts'
import { abilityOf, adapterOf } from '../../src/provider/adapter.ts'
import type { CallContext, Capability, Connection, Provider, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { inventoryOf, sweepOf } from '../../src/provider/inventory.ts'
import type { Translation } from '../../src/provider/translation.ts'
import { blockStorage } from './block-storage.ts'
import { catalogueOf } from './catalogue.ts'
import { type IonosAccount, IonosClient } from './client.ts'
import { image } from './image.ts'
import { instance } from './instance.ts'
import type { Element, Native } from './native.ts'
import { ABLE_WITHOUT, internetGateway, subnet, WITHOUT } from './network.ts'
import { nic, nicAdapter } from './nic.ts'
import { publicIp } from './public-ip.ts'
import { securityGroup, securityGroupAdapter } from './security-group.ts'
import { serverAdapter } from './server-adapter.ts'
import { credentials, settings, type Settings } from './settings.ts'
import { workspace } from './workspace.ts'

type Translations = Readonly<Record<string, Translation<KindDefinition, Native>>>

/** What each kind is in this cloud. */
const translationsOf = (chosen: Settings): Translations => ({
  Workspace: workspace as Translation<KindDefinition, Native>,
  BlockStorage: blockStorage(chosen) as Translation<KindDefinition, Native>,
  Image: image as Translation<KindDefinition, Native>,
  Instance: instance(chosen) as Translation<KindDefinition, Native>,
  Subnet: subnet as Translation<KindDefinition, Native>,
  InternetGateway: internetGateway as Translation<KindDefinition, Native>,
  SecurityGroup: securityGroup as Translation<KindDefinition, Native>,
  Nic: nic as Translation<KindDefinition, Native>,
  PublicIp: publicIp as Translation<KindDefinition, Native>,
})

/** What carries labels; LANs, NICs and groups have names alone. */
const LABELLED: ReadonlySet<string> = new Set(['Workspace', 'BlockStorage', 'Image', 'Instance', 'PublicIp'])

function capabilitiesOf(chosen: Settings): Readonly<Record<string, Capability>> {
  const all = { object: 'own', create: 'plain', lookup: 'key', settleMs: chosen.settleMs, lane: 'workspace' } as const
  const own = Object.entries(translationsOf(chosen)).map(([kind, translation]) => {
    const ability = abilityOf(translation, LABELLED.has(kind))
    return [kind, { ...all, ...ability, ignores: [...(translation.capability?.ignores ?? []), ...(LABELLED.has(kind) ? [] : ['labels'])] }]
  })
  return {
    ...Object.fromEntries(own),
    ...Object.fromEntries(Object.entries(ABLE_WITHOUT).map(([kind, ability]) => [kind, { ...all, ...ability }])),
  }
}

async function check(client: IonosClient, context: CallContext): Promise<{ readonly account: string }> {
  const { items = [] } = await client.http.call<{ items?: readonly Element[] }>(
    { method: 'GET', path: '/contracts', query: { depth: 1 } },
    context,
  )
  const number = items[0]?.properties?.['contractNumber']
  if (number === undefined)
    throw new ProviderError('rejected', 'what answers at spec.settings.endpoint is no Compute API, or has no contract for this user')
  return { account: String(number) }
}

/** IONOS Cloud, by its Compute API v6. */
export const ionos: Provider<typeof settings, typeof credentials> = Object.freeze({
  type: 'ionos',
  settings,
  credentials,
  capabilities: capabilitiesOf(settings.parse({})),
  connect(account: IonosAccount & { readonly credentials: z.output<typeof credentials> }): Connection {
    const client = new IonosClient(account)
    const translations = translationsOf(account.settings)
    const adapters = Object.entries(translations).map(([kind, translation]) => [kind, adapterOf(client, translation)])
    const special = {
      Instance: serverAdapter(client, account.settings) as ResourceAdapter,
      Nic: nicAdapter(client) as ResourceAdapter,
      SecurityGroup: securityGroupAdapter(client) as ResourceAdapter,
    }
    return {
      capabilities: capabilitiesOf(account.settings),
      adapters: { ...(Object.fromEntries(adapters) as Record<string, ResourceAdapter>), ...special, ...WITHOUT },
      check: (context) => check(client, context),
      inventory: (installation, context) => inventoryOf(client, translations, installation, context),
      sweep: (kind, installation, context) => sweepOf(client, translations, kind, installation, context),
      catalogue: (context) => catalogueOf(client, account.cloudRegion, context),
      close: () => client.close(),
    }
  },
})
