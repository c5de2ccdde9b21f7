import type * as z from 'zod'
import { abilityOf, adapterOf } from '../../src/provider/adapter.ts'
import type { Account, CallContext, Capability, Connection, Provider, ResourceAdapter } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { inventoryOf, sweepOf } from '../../src/provider/inventory.ts'
import { projectPart } from './identity/part.ts'
import { Projects } from './identity/projects.ts'
import { Session } from './identity/session.ts'
import { sharedWorkspace } from './identity/workspace.ts'
import { computePart } from './compute/part.ts'
import { imagePart } from './image/part.ts'
import { storagePart } from './storage/part.ts'
import { catalogueOf } from './catalogue.ts'
import { machinesOf } from './import/compute.ts'
import { imagesOf } from './import/images.ts'
import { networksOf } from './import/network.ts'
import { networkPart } from './network/part.ts'
import type { Part } from './part.ts'
import { credentials, type Credentials, settings, type Settings } from './settings.ts'

type OpenStackAccount = Account<z.output<typeof settings>, Credentials>

/** The services that our kinds live in. */
function servicesOf(session: Session) {
  const projects = new Projects(session)
  const image = imagePart(session, projects)
  const [storage, network] = [storagePart(session, projects, image.sharing), networkPart(session, projects)]
  const compute = computePart(session, projects, network.client)
  const parts: readonly Part[] = [...(projects.isOwn ? [projectPart(session, image.sharing)] : []), storage, image, network, compute]
  return { parts, storage: storage.client, image: image.client, network: network.client, compute: compute.client }
}

/** OpenStack takes no client tokens: making again makes another. */
function capabilitiesOf(parts: readonly Part[], { settleMs }: Settings): Readonly<Record<string, Capability>> {
  const all = { object: 'own', create: 'plain', lookup: 'tag', settleMs, lane: 'none' } as const
  const ofPart = ({ translations, abilities = {}, hasLabels = false }: Part) => [
    ...Object.entries(abilities).map(([kind, ability]) => [kind, { ...all, updates: [], ...ability }] as const),
    ...Object.entries(translations).map(
      ([kind, translation]) => [kind, { ...all, ...abilityOf(translation, hasLabels), ...abilities[kind] }] as const,
    ),
  ]
  return {
    Workspace: { ...all, object: 'part', updates: [], ignores: ['labels'], note: "tags in the account's project, or a project each" },
    ...Object.fromEntries(parts.flatMap(ofPart)),
  }
}

const adaptersOf = ({ client, translations, adapters = {} }: Part): readonly (readonly [string, ResourceAdapter])[] => [
  ...Object.entries(translations).map(([kind, translation]) => [kind, adapterOf(client, translation)] as const),
  ...Object.entries(adapters),
]

async function check(session: Session, context: CallContext): Promise<{ readonly account: string }> {
  const { project, domain } = await session.token(context)
  return { account: project?.id ?? domain?.id ?? '' }
}

/** With a project for each workspace, objects are looked for in those: what is in another one would not be found again. */
function refuseProjects({ workspaces }: Pick<Settings, 'workspaces'>): void {
  if (workspaces === 'projects')
    throw new ProviderError(
      'unsupported',
      'with settings.workspaces: projects nothing can be taken over: make a CloudProvider and a region with credentials of the project itself, and import from that',
    )
}

/** An account of nobody's, for what is the same for all. */
const NOBODY: OpenStackAccount = {
  region: 'none',
  cloudRegion: 'none',
  settings: settings.parse({ cloud: { auth: { auth_url: 'https://localhost/v3' } } }),
  credentials: {},
  acquire: () => Promise.resolve(),
}

/** OpenStack, as most European sovereign clouds run it. */
export const openstack: Provider<typeof settings, typeof credentials> = Object.freeze({
  type: 'openstack',
  settings,
  credentials,
  capabilities: capabilitiesOf(servicesOf(new Session(NOBODY)).parts, NOBODY.settings),
  connect(account: OpenStackAccount): Connection {
    const session = new Session(account)
    const { parts, storage, image, network, compute } = servicesOf(session)
    return {
      capabilities: capabilitiesOf(parts, account.settings),
      adapters: { Workspace: sharedWorkspace as ResourceAdapter, ...Object.fromEntries(parts.flatMap(adaptersOf)) },
      check: (context) => check(session, context),
      async *inventory(installation, context) {
        for (const { client, translations } of parts) yield* inventoryOf(client, translations, installation, context)
      },
      catalogue: (context) => catalogueOf(session, image, context),
      async *unmanaged(context) {
        refuseProjects(account.settings)
        yield* networksOf(network, context)
        yield* machinesOf({ storage, compute, settings: account.settings }, context)
        yield* imagesOf(image, session, context)
      },
      async *sweep(kind, installation, context) {
        for (const { client, translations } of parts) yield* sweepOf(client, translations, kind, installation, context)
      },
      close: () => session.close(),
    }
  },
})
