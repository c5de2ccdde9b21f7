import type { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import type { Kind, Spec } from '../../kinds/kind.ts'
import type { Attempt, TokenScope } from '../contract.ts'
import { surfaceNamed } from '../path/surface.ts'

/** APIs whose tenant-level resources no workspace is built of. */
const APART = new Set(['seca.region/v1', 'seca.authorization/v1', 'seca.workspace/v1'])

export const isReading = (attempt: Attempt): boolean => attempt.verb === 'get' || attempt.verb === 'list'
/** SKUs and images: below the tenant, and what is in workspaces is made of them. */
export const isMaterial = (kind: Kind): boolean => kind.scope !== 'workspace' && !APART.has(kind.api)

/** Where an attempt goes, as far as scopes ask. */
export interface Place {
  readonly tenant: string | undefined
  /** Roles have no region: they decide what may be done in all of them, so who is held to some has no say there. */
  readonly region: string | undefined
  readonly workspace: string | undefined
  /** Without SKUs and images nothing can be made in a workspace, so who is held to some workspaces still reads those. */
  readonly isForAllWorkspaces: boolean
}

export function placeOf(attempt: Attempt): Place {
  const { kind, tenant, region, workspace, name } = attempt
  return {
    tenant,
    region: surfaceNamed(kind.kind)?.isRegional === true ? region : undefined,
    // A workspace itself is inside the workspace of its name; the list of workspaces is inside none.
    workspace: kind.api === 'seca.workspace/v1' ? name : workspace,
    isForAllWorkspaces: isMaterial(kind) && isReading(attempt),
  }
}

/** Names that something holds for; undefined: for all. */
type Names = ReadonlySet<string> | undefined

/** A scope, read once. */
export interface Reach {
  readonly tenants: Names
  readonly regions: Names
  readonly workspaces: Names
}

type AssignmentScope = Spec<typeof RoleAssignment>['scopes'][number]

const namesIn = (list: readonly string[] | undefined): Names => (list === undefined || list.length === 0 ? undefined : new Set(list))

/** An assignment's scope: an empty list is all, and so is one with `*` (contract §11.9, §11.24). */
export function reachOfAssignment({ tenants, regions, workspaces }: AssignmentScope): Reach {
  const open = (list: readonly string[] | undefined) => (list?.includes('*') === true ? undefined : namesIn(list))
  return { tenants: open(tenants), regions: open(regions), workspaces: open(workspaces) }
}

const reaches = new WeakMap<TokenScope, Reach>()

/** A token's scope (contract §7.1): no tenants are none, and `*` is no wildcard, since a token only narrows. */
export function reachOfToken(scope: TokenScope): Reach {
  let reach = reaches.get(scope)
  if (reach === undefined) {
    const { tenants, regions, workspaces } = scope
    reach = { tenants: tenants && new Set(tenants), regions: namesIn(regions), workspaces: namesIn(workspaces) }
    reaches.set(scope, reach)
  }
  return reach
}

/** The first dimension in which a scope leaves the place out; undefined: it is inside. */
export function missOf({ tenants, regions, workspaces }: Reach, place: Place): 'tenant' | 'region' | 'workspace' | undefined {
  const isIn = (names: Names, name: string | undefined) => names === undefined || (name !== undefined && names.has(name))
  if (!isIn(tenants, place.tenant)) return 'tenant'
  if (!isIn(regions, place.region)) return 'region'
  return place.isForAllWorkspaces || isIn(workspaces, place.workspace) ? undefined : 'workspace'
}
