import type { Workspace } from '../../../src/kinds/index.ts'
import { adapterOf } from '../../../src/provider/adapter.ts'
import { TAG_PATH } from '../../../src/provider/capability.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import type { Translation } from '../../../src/provider/translation.ts'
import type { Sharing } from '../image/sharing.ts'
import type { Native } from '../native.ts'
import type { ProjectClient } from './client.ts'
import type { Session } from './session.ts'

type D = typeof Workspace

/** The project that an object goes to, where each workspace has one. */
export const projectOf = (desired: Pick<Desired, 'workspace'>): string | undefined => desired.workspace?.externalId

/** In a shared project a workspace is nothing but the tags of what is in it. */
export const sharedWorkspace: ResourceAdapter<D> = {
  observe: () => Promise.resolve({ status: {}, drift: [], part: "its objects are tagged in the account's project" }),
  create: () => Promise.resolve({}),
  delete: () => Promise.resolve(),
}

/** Keystone takes 64 characters. */
const NAME_LENGTH = 64
const KEY_LENGTH = 10

/** Unique in the domain, and readable. */
export function projectName({ path: { tenant, name }, tagKey }: Pick<Desired, 'path' | 'tagKey'>): string {
  return `${`${tenant}-${name}`.slice(0, NAME_LENGTH - KEY_LENGTH - 1)}-${tagKey.slice(-KEY_LENGTH)}`
}

export const workspace: Translation<D, Native> = {
  type: 'projects',
  capability: { ignores: ['labels'], note: 'a project' },
  wants: {},
  initial: (desired) => ({ name: projectName(desired) }),
}

/** Whose loss would go unnoticed when a project is deleted: Keystone asks nobody. */
const CONTENTS = [
  { service: 'compute', path: '/servers', list: 'servers' },
  { service: 'volume', path: '/volumes', list: 'volumes' },
  { service: 'network', path: '/networks', list: 'networks' },
  { service: 'network', path: '/floatingips', list: 'floatingips' },
] as const

/** A project for each workspace, in which the user of the credentials has the roles that the settings name. */
export class ProjectAdapter implements ResourceAdapter<D> {
  readonly #session: Session
  readonly #sharing: Sharing
  readonly #below: ResourceAdapter<D>

  constructor(session: Session, client: ProjectClient, sharing: Sharing) {
    this.#session = session
    this.#sharing = sharing
    this.#below = adapterOf(client, workspace)
  }

  async observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined> {
    const seen = await this.#below.observe(desired, context)
    if (seen?.externalId === undefined || seen.drift.length > 0) return seen
    const missing = await this.#missingRoles(seen.externalId, context)
    return missing.length === 0 ? seen : { ...seen, drift: [TAG_PATH] }
  }

  async create(desired: Desired<D>, context: CallContext): Promise<Accepted> {
    return this.#below.create(desired, context)
  }

  async update(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const missing = await this.#missingRoles(seen.externalId ?? '', context)
    const { user } = await this.#session.token(context)
    for (const role of missing) {
      const path = `/projects/${seen.externalId ?? ''}/users/${user.id}/roles/${await this.#roleId(role, context)}`
      await this.#session.call('identity', { method: 'PUT', path }, context)
    }
    if (missing.length === 0) return this.#below.update?.(desired, seen, context)
  }

  async delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<Accepted | void> {
    const id = desired.externalId ?? seen.externalId ?? ''
    const left = await this.#contents(id, context)
    if (left !== undefined)
      throw new ProviderError('waiting', `its project ${id} still holds ${left}: remove it from the cloud, or move it`)
    await this.#sharing.leave(id, context)
    await this.#below.delete(desired, seen, context)
    await this.#dropDefaultGroup(id, context)
  }

  /** Names of roles that are missing. */
  async #missingRoles(project: string, context: CallContext): Promise<readonly string[]> {
    const { user } = await this.#session.token(context)
    const path = `/projects/${project}/users/${user.id}/roles`
    const { roles = [] } =
      (await this.#session.callIfThere<{ roles: readonly { name: string }[] }>('identity', { method: 'GET', path }, context)) ?? {}
    return this.#session.settings.projectRoles.filter((name) => !roles.some((role) => role.name === name))
  }

  async #roleId(name: string, context: CallContext): Promise<string> {
    const call = { method: 'GET', path: '/roles', query: { name } } as const
    const { roles } = await this.#session.call<{ roles: readonly { id: string }[] }>('identity', call, context)
    if (roles[0] === undefined) throw new ProviderError('rejected', `the cloud has no role "${name}": name others in settings.projectRoles`)
    return roles[0].id
  }

  async #contents(project: string, context: CallContext): Promise<string | undefined> {
    for (const { service, path, list } of CONTENTS) {
      const call = { method: 'GET', path, query: { limit: 1, ...(service === 'network' ? { project_id: project } : {}) } } as const
      const answer = await this.#session.call<Readonly<Record<string, readonly Native[]>>>(service, call, context, project)
      const [first] = answer[list] ?? []
      if (first !== undefined) return `${list} ${first.id}`
    }
    return undefined
  }

  /** Neutron makes one for whoever looks into a project, and keeps it when the project goes: nobody looks any more then. */
  async #dropDefaultGroup(project: string, context: CallContext): Promise<void> {
    const path = '/security-groups'
    const call = { method: 'GET', path, query: { project_id: project, name: 'default' } } as const
    const { security_groups: groups } = await this.#session.call<{ security_groups: readonly Native[] }>('network', call, context)
    for (const { id } of groups) await this.#session.callIfThere('network', { method: 'DELETE', path: `${path}/${id}` }, context)
  }
}
