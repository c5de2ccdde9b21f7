import { openstack } from '../../providers/openstack/index.ts'
import type { KindDefinition } from '../../src/kinds/kind.ts'
import type { CallContext, Connection, Desired, Observed, Other, ResourceAdapter } from '../../src/provider/contract.ts'
import { buildTag, installationKey, tagKey } from '../../src/provider/tags.ts'
import { eventually } from '../support/harness.ts'
import type { User } from './api.ts'

const INSTALLATION = 'direct'
const REGION = 'eu-1'

interface Options {
  readonly user: Pick<User, 'authUrl' | 'project'>
  readonly credentials: Readonly<Record<string, string>>
  /** Absent: the project of the user. */
  readonly auth?: Readonly<Record<string, string>>
  readonly cloud?: object
  readonly settings?: object
  readonly cloudRegion?: string
}

/** The adapters on an OpenStack, without a cluster. */
export function connectDirectly({ user, credentials, auth, cloud = {}, settings = {}, cloudRegion = REGION }: Options): Direct {
  const scope = auth ?? { project_name: user.project, project_domain_id: 'default', user_domain_id: 'default' }
  const all = { cloud: { auth: { auth_url: user.authUrl, ...scope }, ...cloud }, settleMs: 0, ...settings }
  return new Direct(
    openstack.connect({
      region: REGION,
      cloudRegion,
      settings: openstack.settings.parse(all),
      credentials: openstack.credentials.parse(credentials),
      acquire: () => Promise.resolve(),
    }),
  )
}

export const passwordOf = ({ username, password }: User) => ({ username, password })

/** What an object needs of others. */
type More = Partial<Pick<Desired, 'targets' | 'workspace' | 'parent' | 'holders' | 'labels' | 'zone' | 'externalId' | 'handle'>> & {
  readonly tenant?: string
}

/** What the engine does for one object, in a few words. */
export class Direct {
  readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }

  get context(): CallContext {
    return { signal: AbortSignal.timeout(60_000) }
  }

  /** What is wanted of an object called `name`. */
  desired(kind: string, name: string, spec: object = {}, { tenant = 'acme', ...more }: More = {}): Desired {
    const space = kind === 'Workspace' ? '' : `/workspaces/${more.workspace?.path.name ?? 'prod'}`
    const path = `seca.direct/v1/tenants/${tenant}${space}/${kind.toLowerCase()}s/${name}`
    const tag = buildTag({
      installation: INSTALLATION,
      region: REGION,
      path: kind === 'Workspace' ? path.replace('direct', 'workspace') : path,
    })
    return {
      path: { api: 'seca.direct/v1', tenant, name, kind, region: REGION },
      spec: spec as Desired['spec'],
      labels: {},
      externalId: undefined,
      handle: undefined,
      tag,
      tagKey: tagKey(tag),
      installationKey: installationKey(INSTALLATION),
      incarnation: 'once',
      mayAdopt: false,
      restartRequest: undefined,
      zone: undefined,
      region: REGION,
      targets: {},
      holders: [],
      parent: undefined,
      workspace: undefined,
      isLeaving: false,
      ...more,
    }
  }

  adapter(kind: string): ResourceAdapter<KindDefinition> {
    const found = this.connection.adapters[kind]
    if (found === undefined) throw new Error(`no adapter of ${kind}`)
    return found
  }

  observe(desired: Desired): Promise<Observed | undefined> {
    return this.adapter(desired.path.kind).observe(desired, this.context)
  }

  /** Makes it, and changes it until nothing differs. Answers what others see of it. */
  async make(desired: Desired): Promise<Other> {
    const adapter = this.adapter(desired.path.kind)
    if ((await this.observe(desired)) === undefined) await adapter.create(desired, this.context)
    const { seen, handle } = await this.settle(desired)
    const { path, tagKey: key, spec, parent, workspace, targets } = desired
    return {
      path,
      tagKey: key,
      spec,
      targets,
      externalId: seen.externalId,
      status: seen.status,
      state: 'active',
      isReady: true,
      ...(handle === undefined ? {} : { handle }),
      ...(parent === undefined ? {} : { parent }),
      ...(workspace === undefined ? {} : { workspace }),
    }
  }

  /** Looks and changes until nothing differs. */
  async settle(desired: Desired): Promise<{ readonly seen: Observed; readonly handle: Desired['handle'] }> {
    let { handle } = desired
    return eventually(
      async () => {
        const seen = await this.observe({ ...desired, handle })
        if (seen === undefined || seen.busy !== undefined)
          throw new Error(`${desired.path.kind} ${desired.path.name}: ${seen?.busy ?? 'not there'}`)
        handle = seen.handle ?? handle
        if (seen.failed !== undefined) throw new Error(seen.failed)
        if (seen.drift.length === 0) return { seen, handle }
        const done = await this.adapter(desired.path.kind).update?.({ ...desired, handle }, seen, this.context)
        handle = done?.handle ?? handle
        throw new Error(`differs in ${seen.drift.join(', ')}`)
      },
      { timeoutMs: 60_000 },
    )
  }

  /** Deletes it, and waits until it is gone. */
  async remove(desired: Desired): Promise<void> {
    const leaving = { ...desired, isLeaving: true }
    await eventually(
      async () => {
        const seen = await this.observe(leaving)
        if (seen === undefined || seen.part !== undefined) return true
        if (seen.going !== true)
          await this.adapter(desired.path.kind).delete({ ...leaving, externalId: seen.externalId }, seen, this.context)
        return false
      },
      { timeoutMs: 60_000 },
    )
  }
}
