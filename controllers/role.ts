import { Role, RoleAssignment } from '../src/kinds/index.ts'
import type { Resource } from '../src/kinds/resource.ts'
import { ApiError } from '../src/kube/errors.ts'
import { controller, type Tools } from '../src/reconcile/controller.ts'
import type { Problem } from '../src/reconcile/outcome.ts'

/** Assignments that are changed at the same time. */
const AT_ONCE = 8
/** A refusal of the cluster (a policy of an administrator) is asked about again this often. */
const REFUSED_MS = 60_000

/**
 * Deleting a role takes its name out of the assignments beside it (contract §7.4, §11.22), where a later role of that name would
 * otherwise bring back what was granted before. Once: the finalizer goes with the first pass that reached all of them, so a name that
 * comes back through Git stays. Assignments without roles stay too.
 */
export const role = controller(Role, {
  async afterDelete({ metadata: { namespace = '', name } }, tools) {
    // With the tenant go its assignments.
    if (tools.services.isTerminating(namespace)) return undefined
    const refusals: string[] = []
    // Asked live: the cache may not have an assignment that was made just before the role was deleted.
    for await (const page of tools.services.listLive(RoleAssignment, namespace, tools)) {
      const holders = page.filter((assignment) => names(assignment, name))
      for (let from = 0; from < holders.length; from += AT_ONCE) {
        const answers = await Promise.all(holders.slice(from, from + AT_ONCE).map((assignment) => withdraw(name, assignment, tools)))
        refusals.push(...answers.filter((answer) => answer !== undefined))
      }
    }
    return refused(name, refusals)
  },
})

function names({ spec, metadata }: Resource, role: string): boolean {
  return metadata.deletionTimestamp === undefined && (spec as { roles?: readonly string[] }).roles?.includes(role) === true
}

/** Takes the name out of one assignment; answers why that could not be done. */
async function withdraw(name: string, assignment: Resource, tools: Tools): Promise<string | undefined> {
  const without = (roles: unknown) => (roles as readonly string[] | undefined)?.filter((one) => one !== name)
  try {
    await tools.services.reviseField(RoleAssignment, assignment, '/spec/roles', without, tools)
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError) || error.code === 'KubernetesUnavailable') throw error
    return `"${assignment.metadata.name}": ${error.message}`
  }
}

function refused(name: string, refusals: readonly string[]): Problem | undefined {
  const [first] = refusals
  if (first === undefined) return undefined
  const more = refusals.length > 1 ? ` (and ${refusals.length - 1} more)` : ''
  const message = `still named in role assignment ${first}${more}; take role "${name}" out of it, or allow the operator to`
  return { reason: 'DeletionBlocked', message, againMs: REFUSED_MS }
}
