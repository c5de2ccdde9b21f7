import { RoleAssignment, Workspace } from '../src/kinds/index.ts'
import { CREATOR_OF } from '../src/kinds/names.ts'
import type { Resource } from '../src/kinds/resource.ts'
import { controller, type View } from '../src/reconcile/controller.ts'

function scopeOf(object: Resource, view: View): { tenant: string; workspace: string } | undefined {
  const scope = view.lookup.scopeOf(object.metadata.namespace ?? '')
  return scope === undefined ? undefined : { tenant: scope.tenant, workspace: object.metadata.name }
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
  async prepare(object, _desired, { view, services, signal }) {
    const scope = scopeOf(object, view)
    return scope && services.ensureNamespace(scope, { signal })
  },
  derive(object, view) {
    const scope = scopeOf(object, view)
    const namespace = scope && view.lookup.namespaceOf(scope)
    return { resourceCount: namespace === undefined ? 0 : view.contents(namespace).length }
  },
  // A tenant that is deleted takes its workspaces along; a workspace alone is only deleted when it is empty (contract §9).
  async beforeDelete(object, { view, services, signal }) {
    const scope = scopeOf(object, view)
    const namespace = scope && view.lookup.namespaceOf(scope)
    if (namespace === undefined || !services.isTerminating(object.metadata.namespace ?? '')) return
    for (const { kind, object: child } of view.contents(namespace))
      if (child.metadata.deletionTimestamp === undefined) await services.deleteObject(kind, child, { signal })
  },
  async afterDelete(object, { view, services, signal }) {
    const scope = scopeOf(object, view)
    for (const assignment of ownAssignments(object, view)) await services.deleteObject(RoleAssignment, assignment, { signal })
    return scope && services.releaseNamespace(scope, { signal })
  },
})
