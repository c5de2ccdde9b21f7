import { setTimeout as sleep } from 'node:timers/promises'
import { isLabel } from '../../kinds/naming.ts'
import { keyOf } from '../../resolve/names.ts'
import type { Context } from '../context.ts'
import { inParameter, Refusal } from '../problem.ts'
import { regionOfWorkspace, type Target, workspaceNamed } from '../path/target.ts'

/** How long a PUT waits for the namespace of a workspace that was just made, and how often it looks. */
const WAIT_MS = 3_000
const LOOK_MS = 25

/**
 * Namespace that a new object goes into (undefined for cluster-scoped kinds), once everything that its path names is there
 * (contract §9): tenant 404, workspace and network 422, what is being deleted 409, a namespace that is still to come 503.
 */
export async function checkPlace(context: Context, target: Target, signal: AbortSignal): Promise<string | undefined> {
  const { cache } = context
  const { surface, tenant, workspace } = target
  if (surface.isRegional && cache.get('Region', target.region) === undefined)
    throw new Refusal('ValidationFailed', `region "${target.region}" does not exist (yet)`, {
      sources: [inParameter('region', '/metadata/region')],
    })
  if (tenant === undefined) return undefined
  const home = cache.namespaceOf({ tenant })
  if (home === undefined) throw new Refusal('NotFound', `there is no tenant "${tenant}"; administrators make tenants`)
  if (cache.directory.isTerminating(home)) throw new Refusal('BeingDeleted', `tenant "${tenant}" is being deleted`)
  if (surface.kind.scope !== 'workspace' || workspace === undefined) return home
  const namespace = await namespaceOfWorkspace(context, target, tenant, workspace, signal)
  checkParent(context, target, namespace)
  return namespace
}

async function namespaceOfWorkspace(
  { cache }: Context,
  target: Target,
  tenant: string,
  workspace: string,
  signal: AbortSignal,
): Promise<string> {
  const object = workspaceNamed(cache, tenant, workspace)
  if (object === undefined || regionOfWorkspace(cache, tenant, workspace) !== target.region)
    throw new Refusal(
      'ValidationFailed',
      `there is no workspace "${workspace}" in tenant "${tenant}" in region ${target.region}; create it first`,
      {
        sources: [inParameter('workspace', '/metadata/workspace')],
      },
    )
  if (object.metadata.deletionTimestamp !== undefined) throw new Refusal('BeingDeleted', `workspace "${workspace}" is being deleted`)
  for (const deadline = performance.now() + WAIT_MS; ; await sleep(LOOK_MS, undefined, { signal })) {
    const namespace = cache.namespaceOf({ tenant, workspace })
    if (namespace !== undefined && !cache.directory.isTerminating(namespace)) return namespace
    if (performance.now() > deadline) throw new Refusal('NotReady', `workspace "${workspace}" is still being set up; try again`)
  }
}

/** The parent is there and stays. */
function checkParent({ cache }: Context, { surface, parent }: Target, namespace: string): void {
  if (surface.parent === undefined || parent === undefined) return
  const { kind, parameter } = surface.parent
  const object = isLabel(parent) ? cache.get(kind.kind, keyOf(namespace, parent)) : undefined
  if (object === undefined)
    throw new Refusal('ValidationFailed', `there is no ${kind.secaKind} "${parent}" in the workspace; create it first`, {
      sources: [inParameter(parameter, `/metadata/${parameter}`)],
    })
  if (object.metadata.deletionTimestamp !== undefined) throw new Refusal('BeingDeleted', `${kind.secaKind} "${parent}" is being deleted`)
}
