import { SecaError } from '../src/errors.ts'
import { RoleAssignment, Workspace } from '../src/kinds/index.ts'
import { CREATOR_OF } from '../src/kinds/names.ts'
import type { Resource } from '../src/kinds/resource.ts'
import { controller, type Home, type View } from '../src/reconcile/controller.ts'

function homeOf(object: Resource, view: View): Home | undefined {
  const scope = view.lookup.scopeOf(object.metadata.namespace ?? '')
  return scope === undefined ? undefined : { tenant: scope.tenant, workspace: object.metadata.name, recorded: recorded(object) }
}

/** The namespace that the workspace was seen to have: labels can go while what is in it stays. */
const recorded = ({ status }: Resource) => (status as { readonly namespace?: string } | undefined)?.namespace

function namespaceOf(object: Resource, view: View): string | undefined {
  const home = homeOf(object, view)
  return home && view.lookup.namespaceOf({ tenant: home.tenant, workspace: home.workspace })
}

/** Role assignments that are about this workspace alone go with it (contract §7.4); not those of the creator of a later one of its name. */
function ownAssignments({ metadata }: Resource, { lookup }: View): readonly Resource[] {
  return lookup.inNamespace('RoleAssignment', metadata.namespace ?? '').filter(({ spec, metadata: { deletionTimestamp, annotations } }) => {
    const { scopes } = spec as unknown as { readonly scopes: readonly { readonly workspaces?: readonly string[] }[] }
    if ((annotations?.[CREATOR_OF] ?? metadata.uid) !== metadata.uid) return false
    return deletionTimestamp === undefined && scopes.every(({ workspaces }) => workspaces?.length === 1 && workspaces[0] === metadata.name)
  })
}

/** A workspace owns a namespace, and counts what is in it. */
export const workspace = controller(Workspace, {
  settleMs: 2_000,
  derives: ['resourceCount', 'namespace'],
  async prepare(object, _desired, { view, services, signal }) {
    const home = homeOf(object, view)
    return home && services.ensureNamespace(home, { signal })
  },
  derive(object, view) {
    const namespace = namespaceOf(object, view) ?? recorded(object)
    return { resourceCount: namespace === undefined ? 0 : view.contents(namespace).length, namespace }
  },
  // A tenant that is deleted takes its workspaces along; a workspace alone is only deleted when it is empty (contract §9).
  async beforeDelete(object, { view, services, signal }) {
    const namespace = namespaceOf(object, view)
    if (namespace === undefined) return refuseStrays(object, view)
    if (!services.isTerminating(object.metadata.namespace ?? '')) return
    for (const { kind, object: child } of view.contents(namespace))
      if (child.metadata.deletionTimestamp === undefined) await services.deleteObject(kind, child, { signal })
  },
  async afterDelete(object, { view, services, signal }) {
    const home = homeOf(object, view)
    for (const assignment of ownAssignments(object, view)) await services.deleteObject(RoleAssignment, assignment, { signal })
    return home && services.releaseNamespace(home, { signal })
  },
})

/** What is in a namespace that lost its labels is still the workspace's in the cloud, though nothing else says so. */
function refuseStrays(object: Resource, view: View): void {
  const namespace = recorded(object)
  const isStray = namespace !== undefined && view.lookup.scopeOf(namespace)?.workspace === undefined
  const [stray] = isStray ? view.contents(namespace) : []
  if (stray !== undefined)
    throw new SecaError(
      'DeletionBlocked',
      `namespace ${namespace} lost its labels of this workspace and still holds ${stray.kind.kind} "${stray.object.metadata.name}": label it again, or delete what is in it`,
    )
}
