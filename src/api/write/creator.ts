import { createHash } from 'node:crypto'
import { asError } from '../../errors.ts'
import { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import { API_FIELD_MANAGER } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isConflict } from '../../kube/errors.ts'
import { keyOf } from '../../resolve/names.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../contract.ts'
import { WORKSPACE_ADMIN } from '../../kinds/authorization/system-roles.ts'
import type { Target } from '../path/target.ts'

const TRIES = 3

/**
 * Who creates a workspace through the direct door becomes its admin (SECA.md §11.18). Not through the aggregated one: there, names are
 * those of Kubernetes users, who are different people. Never fails the PUT, which has happened: an administrator can assign the role too.
 */
export async function welcomeCreator(context: Context, target: Target, caller: Caller, signal: AbortSignal): Promise<void> {
  if (target.surface.kind.hasCreator !== true || caller.door !== 'direct') return
  for (let tries = 1; ; tries++) {
    try {
      return await assign(context, target, caller.subject, signal)
    } catch (error) {
      if (tries < TRIES) continue
      context.log.error(
        { err: asError(error).message, tenant: target.tenant, workspace: target.name },
        'the creator of a workspace got no role on it',
      )
      return
    }
  }
}

async function assign(context: Context, target: Target, subject: string, signal: AbortSignal): Promise<void> {
  const { client, cache, peers } = context
  const workspace = target.name ?? ''
  const spec = { subs: [subject], roles: [WORKSPACE_ADMIN], scopes: [{ regions: [target.region], workspaces: [workspace] }] }
  const body = {
    apiVersion: RoleAssignment.apiVersion,
    kind: RoleAssignment.kind,
    metadata: { name: assignmentName(workspace), namespace: target.namespace },
    spec,
  }
  const object = await createOrReplace()
  cache.store(RoleAssignment.kind).set(object)
  await peers.confirm({
    kind: RoleAssignment.kind,
    key: keyOf(target.namespace, body.metadata.name),
    resourceVersion: object.metadata.resourceVersion,
  })

  async function createOrReplace(): Promise<Resource> {
    try {
      return await client.create<Resource>(RoleAssignment.gvr, target.namespace, body, signal, { fieldManager: API_FIELD_MANAGER })
    } catch (error) {
      if (!isConflict(error)) throw error
      // Left from an earlier workspace of this name, whose creator has no business in the new one.
      const options = { type: 'merge', body: { spec }, fieldManager: API_FIELD_MANAGER } as const
      return client.patch<Resource>(RoleAssignment.gvr, target.namespace, body.metadata.name, options, signal)
    }
  }
}

/** `creator.<workspace>`; hashed where that would be too long for a SECA name. */
function assignmentName(workspace: string): string {
  const name = `creator.${workspace}`
  return name.length <= 128 ? name : `creator.${createHash('sha256').update(workspace).digest('hex').slice(0, 32)}`
}
