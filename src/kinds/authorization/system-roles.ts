import { KINDS } from '../index.ts'
import type { Kind, Spec } from '../kind.ts'
import { Role } from './role.ts'

/** A role that every tenant has without anybody storing it (SECA.md §7.3). */
export interface SystemRole {
  readonly name: string
  readonly description: string
  readonly spec: Spec<typeof Role>
}

const ALL = ['get', 'list', 'put', 'delete', 'post']
const READ = ['get', 'list']

const permission = (provider: string, resources: readonly string[], verb: readonly string[]) => ({
  provider,
  resources: [...resources],
  verb: [...verb],
})
const REGION = permission('seca.region/v1', ['regions/*'], READ)
const access = (verb: readonly string[]) => permission('seca.authorization/v1', ['roles/*', 'role-assignments/*'], verb)
const workspaces = (verb: readonly string[]) => permission('seca.workspace/v1', ['workspaces/*'], verb)

/** APIs whose resources are the infrastructure itself; a kind that is added belongs to its API's permission at once. */
const APART = new Set(['seca.region/v1', 'seca.authorization/v1', 'seca.workspace/v1'])
const infrastructure = (kinds: readonly Kind[], verb: readonly string[]) =>
  [...Map.groupBy(kinds, (kind) => kind.api)]
    .filter(([api]) => api.startsWith('seca.') && !APART.has(api))
    .map(([api, members]) =>
      permission(
        api,
        members.map((kind) => `${kind.collection}/*`),
        verb,
      ),
    )

/**
 * The five system roles. Their resources come from the kinds, so `security-group-rules`, which the specification's list forgets
 * (SECA.md §7.3), are covered like everything else of their API: who may write a group's inline rules may write these as well.
 */
export const SYSTEM_ROLES: readonly SystemRole[] = [
  {
    name: 'seca.admin',
    description: 'Everything in the tenant, its roles included.',
    spec: { permissions: [REGION, access(ALL), workspaces(ALL), ...infrastructure(KINDS, ALL)] },
  },
  {
    name: 'seca.region-admin',
    description: 'Everything but roles.',
    spec: { permissions: [REGION, workspaces(['get', 'list', 'put', 'delete']), ...infrastructure(KINDS, ALL)] },
  },
  {
    name: 'seca.workspace-admin',
    description: 'Everything in workspaces, which can be changed but not deleted.',
    spec: { permissions: [REGION, workspaces(['get', 'list', 'put']), ...infrastructure(KINDS, ALL)] },
  },
  {
    name: 'seca.workspace-editor',
    description: 'Reads and changes what is in workspaces.',
    spec: { permissions: [REGION, ...infrastructure(KINDS, ['get', 'list', 'put', 'post'])] },
  },
  {
    name: 'seca.workspace-viewer',
    description: 'Reads what is in workspaces.',
    spec: { permissions: [REGION, ...infrastructure(KINDS, READ)] },
  },
]

const byName: ReadonlyMap<string, SystemRole> = new Map(SYSTEM_ROLES.map((role) => [role.name, role]))

/** The system role of that name, `seca.admin`. */
export function systemRole(name: string): SystemRole | undefined {
  return byName.get(name)
}
