import { asError } from '../../errors.ts'
import { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import { API_FIELD_MANAGER, CREATOR, CREATOR_OF } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isConflict, isInvalid, isNotFound } from '../../kube/errors.ts'
import type { Caller } from '../contract.ts'
import type { Strings } from '../../resolve/labels.ts'
import type { Target } from '../path/target.ts'
import { assign, type Assignment, type AssignmentSpec, read } from './assignment.ts'
import type { Writing } from './writing.ts'

const TRIES = 3
/** How long after its creation a workspace's creator may come back for the role: as long as clients try again. */
const RETURN_MS = 600_000

/**
 * Annotations of an object that the caller creates and gets a role on, until the role is given. The answer to a creation may get
 * lost: then the PUT that is tried again is an update, by whatever replica, and finds whom the role is still due to.
 */
export function creatorMark({ surface }: Target, caller: Caller): Strings {
  // Names of the aggregated door are those of Kubernetes users, who are different people (architecture §6).
  return surface.kind.creatorRole === undefined || caller.door !== 'direct' ? {} : { [CREATOR]: caller.subject }
}

/**
 * Who creates a workspace through the direct door becomes its admin (contract §11.18). Answers the workspace as it is then. Never
 * fails the PUT, which has happened: the mark stays, and the next PUT of the same caller tries again.
 */
export async function welcomeCreator(writing: Writing, object: Resource): Promise<Resource> {
  const { context, target, caller } = writing
  const role = target.surface.kind.creatorRole
  const { annotations, creationTimestamp } = object.metadata
  if (role === undefined || caller.door !== 'direct' || annotations?.[CREATOR] !== caller.subject) return object
  // Whoever may edit workspaces with kubectl could forge the mark of one that is in use, but not its age.
  if (context.now() - Date.parse(creationTimestamp) > RETURN_MS) return object
  for (let tries = 1; ; tries++) {
    try {
      const assignment = await assign(writing, object, specFor(target, caller.subject, role))
      return await unmark(writing, object, assignment)
    } catch (error) {
      if (tries < TRIES) continue
      const about = { err: asError(error).message, tenant: target.tenant, workspace: target.name }
      context.log.error(about, 'the creator of a workspace got no role on it')
      return object
    }
  }
}

const specFor = ({ region, name = '' }: Target, subject: string, role: string): AssignmentSpec => ({
  subs: [subject],
  roles: [role],
  scopes: [{ regions: [region], workspaces: [name] }],
})

/** Takes the mark away, now that the role is given. If the workspace went in the meantime, nobody would take the assignment along any more. */
async function unmark(writing: Writing, object: Resource, assignment: Assignment): Promise<Resource> {
  const { context, target, signal } = writing
  const { namespace, name, uid } = object.metadata
  const body = { metadata: { uid, annotations: { [CREATOR]: null } } }
  try {
    const options = { type: 'merge', body, fieldManager: API_FIELD_MANAGER } as const
    return await context.client.patch<Resource>(target.surface.kind.gvr, namespace, name, options, signal)
  } catch (error) {
    // Another uid in a patch is no conflict for kube-apiserver, but invalid (422, tried on 1.36).
    if (!isNotFound(error) && !isConflict(error) && !isInvalid(error)) throw error
    const live = await read<Resource>(writing, target.surface.kind.gvr, namespace, name)
    if (live?.metadata.uid === uid) throw error
    const { metadata } = assignment
    if (metadata.annotations?.[CREATOR_OF] === uid)
      await context.client.delete(RoleAssignment.gvr, namespace, metadata.name, { uid: metadata.uid }, signal).catch(() => undefined)
    return object
  }
}
