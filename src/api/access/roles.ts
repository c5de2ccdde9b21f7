import type { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import type { Role } from '../../kinds/authorization/role.ts'
import { SYSTEM_ROLES } from '../../kinds/authorization/system-roles.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Lookup } from '../../resolve/lookup.ts'
import type { Attempt } from '../contract.ts'
import { globMatches } from '../../glob.ts'
import { surfaceNamed } from '../path/surface.ts'

/** A role assignment with its roles looked up: what one decision reads. */
export interface Grant {
  readonly assignment: string
  readonly scopes: readonly GrantScope[]
  readonly roles: readonly { readonly name: string; readonly permissions: readonly Permission[] | undefined }[]
}
interface GrantScope {
  readonly tenants?: readonly string[]
  readonly regions?: readonly string[]
  readonly workspaces?: readonly string[]
}
interface Permission {
  readonly provider: string
  readonly resources: readonly (readonly string[])[]
  /** Lower case. */
  readonly verbs: readonly string[]
}

/** Subject → its grants in one tenant. Those for everyone are under `*` only. */
export type Grants = ReadonlyMap<string, readonly Grant[]>

export const EVERYONE = '*'
/** APIs whose tenant-level resources no workspace is built of. */
const APART = new Set(['seca.region/v1', 'seca.authorization/v1', 'seca.workspace/v1'])

export const isReading = (attempt: Attempt): boolean => attempt.verb === 'get' || attempt.verb === 'list'
/** SKUs and images: below the tenant, and what is in workspaces is made of them. */
export const isMaterial = (kind: Kind): boolean => kind.scope !== 'workspace' && !APART.has(kind.api)

/** Reads the assignments and roles of a tenant's namespace. What is being deleted grants nothing any more. */
export function grantsOf(lookup: Lookup, namespace: string): Grants {
  const grants = new Map<string, Grant[]>()
  const isAlive = (object: Resource | undefined): object is Resource =>
    object !== undefined && object.metadata.deletionTimestamp === undefined
  const permissionsOf = (name: string): readonly Permission[] | undefined => {
    const stored = name.startsWith('seca.') ? undefined : lookup.get('Role', `${namespace}/${name}`)
    const spec = SYSTEM_ROLES.get(name) ?? (isAlive(stored) ? (stored as Resource<typeof Role>).spec : undefined)
    return spec?.permissions.map(({ provider, resources, verb }) => ({
      provider,
      resources: resources.map((pattern) => pattern.split('/')),
      verbs: verb.map((one) => one.toLowerCase()),
    }))
  }
  for (const object of lookup.inNamespace('RoleAssignment', namespace)) {
    if (!isAlive(object)) continue
    const { subs, roles, scopes } = (object as Resource<typeof RoleAssignment>).spec
    const grant: Grant = {
      assignment: object.metadata.name,
      scopes: (scopes as readonly GrantScope[]).map(withoutAll),
      roles: roles.map((name) => ({ name, permissions: permissionsOf(name) })),
    }
    for (const subject of new Set(subs)) grants.set(subject, [...(grants.get(subject) ?? []), grant])
  }
  return grants
}

/** `*` in a dimension of a scope means all of it, as an empty list does (SECA.md §11.24). */
function withoutAll(scope: GrantScope): GrantScope {
  return Object.fromEntries(Object.entries(scope).filter(([, names]: [string, readonly string[]]) => !names.includes(EVERYONE)))
}

/** Why a grant does not help, or which of its roles does. */
export type Outcome =
  | { readonly role: string }
  | { readonly miss: 'tenant' | 'region' | 'workspace' | 'permission' }
  | { readonly miss: 'role'; readonly missing: readonly string[] }

/** Whether a grant of the attempt's tenant allows the attempt (SECA.md §7.2, §11.9, §11.10). */
export function outcomeOf(grant: Grant, attempt: Attempt): Outcome {
  let miss: 'tenant' | 'region' | 'workspace' | undefined = 'tenant'
  for (const scope of grant.scopes) {
    miss = missOf(scope, attempt)
    if (miss === undefined) break
  }
  if (miss !== undefined) return { miss }
  for (const { name, permissions } of grant.roles)
    if (permissions?.some((permission) => permits(permission, attempt)) === true) return { role: name }
  const missing = grant.roles.filter(({ permissions }) => permissions === undefined).map(({ name }) => name)
  return missing.length > 0 ? { miss: 'role', missing } : { miss: 'permission' }
}

function missOf(scope: GrantScope, attempt: Attempt): 'tenant' | 'region' | 'workspace' | undefined {
  const { tenants } = scope
  if (isNarrow(tenants) && !tenants.includes(attempt.tenant ?? '')) return 'tenant'
  return reachOf(scope, attempt)
}

/** Whether a restriction to regions and workspaces leaves the attempt out; shared with the scope of tokens. */
export function reachOf(
  scope: { readonly regions?: readonly string[]; readonly workspaces?: readonly string[] },
  attempt: Attempt,
): 'region' | 'workspace' | undefined {
  // Roles have no region: they decide what may be done in all of them, so who is held to some has no say there.
  const region = surfaceNamed(attempt.kind.kind)?.isRegional === true ? attempt.region : undefined
  if (isNarrow(scope.regions) && !(region !== undefined && scope.regions.includes(region))) return 'region'
  if (!isNarrow(scope.workspaces)) return undefined
  // Without SKUs and images nothing can be made in a workspace, so who is held to some workspaces still reads those.
  if (isMaterial(attempt.kind) && isReading(attempt)) return undefined
  const workspace = workspaceOf(attempt)
  return workspace !== undefined && scope.workspaces.includes(workspace) ? undefined : 'workspace'
}

const isNarrow = (list: readonly string[] | undefined): list is readonly string[] => list !== undefined && list.length > 0

/** A workspace itself is inside the workspace of its name; the list of workspaces is inside none. */
function workspaceOf(attempt: Attempt): string | undefined {
  return attempt.kind.api === 'seca.workspace/v1' ? attempt.name : attempt.workspace
}

function permits(permission: Permission, attempt: Attempt): boolean {
  const { api } = attempt.kind
  if (permission.provider !== api && permission.provider !== api.slice(0, api.indexOf('/'))) return false
  const { verbs } = permission
  const isVerb =
    verbs.includes('*') ||
    verbs.includes(attempt.verb) ||
    (attempt.action !== undefined && verbs.includes(`${attempt.verb}.${attempt.action}`))
  return isVerb && permission.resources.some((pattern) => covers(pattern, attempt))
}

/**
 * `*` alone covers everything; elsewhere it stays inside its segment. `type` is the list, `type/*` the list and all items. A nested
 * kind can be written `subnets/x`, `networks/subnets/x` and, for one network, `networks/n/subnets/x`.
 */
function covers(pattern: readonly string[], attempt: Attempt): boolean {
  const { collection } = attempt.kind
  if (pattern.length === 1 && pattern[0] === '*') return true
  if (coversType(pattern, 0, collection, attempt.name)) return true
  const parent = surfaceNamed(attempt.kind.kind)?.parent?.kind.collection
  if (parent === undefined || pattern[0] !== parent) return false
  // The type must be spelled out: `networks/*` speaks of networks, not of what is in them.
  if (pattern[1] === collection && coversType(pattern, 1, collection, attempt.name)) return true
  const isInParent = pattern.length >= 3 && globMatches(pattern[1] ?? '', attempt.parent ?? '')
  return isInParent && pattern[2] === collection && coversType(pattern, 2, collection, attempt.name)
}

function coversType(pattern: readonly string[], at: number, collection: string, name: string | undefined): boolean {
  if (pattern.length > at + 2 || !globMatches(pattern[at] ?? '', collection)) return false
  const last = pattern[at + 1]
  if (last === undefined) return name === undefined
  return name === undefined ? last === '*' : globMatches(last, name)
}
