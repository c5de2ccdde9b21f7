import { CATALOGUE } from '../src/errors.ts'
import { RoleAssignment } from '../src/kinds/index.ts'
import { controller } from '../src/reconcile/controller.ts'

/** Tenants and regions in scope must exist; roles, subjects and workspaces may come later (SECA.md §9). */
export const roleAssignment = controller(RoleAssignment, {
  check({ spec }, { lookup }) {
    const named = (pick: (scope: (typeof spec.scopes)[number]) => readonly string[] | undefined) => [
      ...new Set(spec.scopes.flatMap((scope) => pick(scope) ?? [])),
    ]
    const tenants = named(({ tenants: list }) => list).filter((tenant) => tenant !== '*' && lookup.namespaceOf({ tenant }) === undefined)
    const regions = named(({ regions: list }) => list).filter((region) => region !== '*' && lookup.get('Region', region) === undefined)
    const missing = [...tenants.map((tenant) => `tenant "${tenant}"`), ...regions.map((region) => `region "${region}"`)]
    if (missing.length === 0) return undefined
    // No watch tells this object of a new tenant or region, so it looks again by itself.
    return { reason: CATALOGUE.ReferenceNotFound.reason, message: `spec.scopes: ${missing.join(', ')} not found`, againMs: 30_000 }
  },
  remark: ({ spec }) => (spec.roles.length > 0 ? undefined : { reason: 'NoRoles', message: 'names no role, so it grants nothing' }),
})
