import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { asError } from '../../errors.ts'
import { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import type { GroupVersionResource, Spec } from '../../kinds/kind.ts'
import { API_FIELD_MANAGER, CREATOR, CREATOR_OF } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import { keyOf } from '../../resolve/names.ts'
import type { Caller } from '../contract.ts'
import type { Strings } from '../render/labels.ts'
import type { Target } from '../path/target.ts'
import { conflictOf, keepOwners, ownersOf } from './owners.ts'
import type { Writing } from './put.ts'

const TRIES = 3
/** How long after its creation a workspace's creator may come back for the role: as long as clients try again. */
const RETURN_MS = 600_000

type Assignment = Resource<typeof RoleAssignment>
type AssignmentSpec = Spec<typeof RoleAssignment>

/**
 * Annotations of an object that the caller creates and gets a role on, until the role is given. The answer to a creation may get
 * lost: then the PUT that is tried again is an update, by whatever replica, and finds whom the role is still due to.
 */
export function creatorMark({ surface }: Target, caller: Caller): Strings {
  // Names of the aggregated door are those of Kubernetes users, who are different people (DESIGN §6).
  return surface.kind.creatorRole === undefined || caller.door !== 'direct' ? {} : { [CREATOR]: caller.subject }
}

/**
 * Who creates a workspace through the direct door becomes its admin (SECA.md §11.18). Answers the workspace as it is then. Never
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

/** The creator's assignment: a new one, or the one that is there already. Names are the tenant's to use, so a second one is at hand. */
async function assign(writing: Writing, object: Resource, spec: AssignmentSpec): Promise<Assignment> {
  const { context, target } = writing
  const plain = `creator.${object.metadata.name}`
  const other = `${plain}.${createHash('sha256').update(object.metadata.uid).digest('hex').slice(0, 10)}`
  for (const name of [plain, other]) {
    const assignment = await claim(writing, object, name, spec)
    if (assignment !== undefined) return learned(writing, assignment)
    context.log.warn({ tenant: target.tenant, assignment: name }, 'this name of a creator’s role assignment is somebody else’s')
  }
  throw new Error(`role assignments "${plain}" and "${other}" are somebody else's`)
}

/** Nothing is overwritten: what has the name stays, unless it is exactly what this API wrote for an earlier workspace. */
async function claim(writing: Writing, object: Resource, name: string, spec: AssignmentSpec): Promise<Assignment | undefined> {
  const { client } = writing.context
  const { namespace, uid } = object.metadata
  const { apiVersion, kind, gvr } = RoleAssignment
  const body = { apiVersion, kind, metadata: { name, namespace, annotations: { [CREATOR_OF]: uid } }, spec }
  for (let tries = 1; ; tries++) {
    try {
      return await client.create<Assignment>(gvr, namespace, body, writing.signal, { fieldManager: API_FIELD_MANAGER })
    } catch (error) {
      if (!isConflict(error)) throw error
      const found = await read<Assignment>(writing, gvr, namespace, name)
      if (found !== undefined) {
        const owner = found.metadata.annotations?.[CREATOR_OF]
        if (found.metadata.deletionTimestamp !== undefined) return undefined
        // Given before; what was changed in it since is an administrator's will.
        if (owner === uid || (owner === undefined && isDeepStrictEqual(found.spec, spec))) return found
        if (!isUntouched(writing, found)) return undefined
        await removeLeftover(writing, object, found)
      }
      if (tries === TRIES) throw error
    }
  }
}

/** It is all that this API writes for a creator, and nobody else has a share in it. */
function isUntouched({ context, target }: Writing, found: Assignment): boolean {
  const { subs, roles, scopes } = found.spec
  const [scope = {}] = scopes
  const { name, surface } = target
  const isOurs =
    found.metadata.annotations?.[CREATOR_OF] !== undefined &&
    found.extensions === undefined &&
    subs.length === 1 &&
    isDeepStrictEqual(roles, [surface.kind.creatorRole]) &&
    scopes.length === 1 &&
    isDeepStrictEqual(Object.keys(scope).toSorted(), ['regions', 'workspaces']) &&
    scope.regions?.length === 1 &&
    isDeepStrictEqual(scope.workspaces, [name])
  keepOwners(found)
  const places = [['spec'], ['extensions'], ['metadata', 'labels'], ['metadata', 'annotations']]
  return isOurs && conflictOf(ownersOf(found) ?? [], places, context.isProtectedManager) === undefined
}

/** Left from an earlier workspace of this name, whose creator has no business in the new one. */
async function removeLeftover(writing: Writing, object: Resource, found: Assignment): Promise<void> {
  const { context, target, signal } = writing
  // While the workspace is the same, no later one has been there: the other assignment is an earlier one's.
  const live = await read<Resource>(writing, target.surface.kind.gvr, object.metadata.namespace, object.metadata.name)
  if (live?.metadata.uid !== object.metadata.uid) throw new Error('the workspace is gone already')
  const { namespace, name, uid, resourceVersion } = found.metadata
  try {
    await context.client.delete(RoleAssignment.gvr, namespace, name, { uid, resourceVersion }, signal)
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

/** Takes the mark away, now that the role is given. If the workspace went in the meantime, nobody would take the assignment along any more. */
async function unmark(writing: Writing, object: Resource, assignment: Assignment): Promise<Resource> {
  const { context, target, signal } = writing
  const { namespace, name, uid } = object.metadata
  const body = { metadata: { uid, annotations: { [CREATOR]: null } } }
  try {
    const options = { type: 'merge', body, fieldManager: API_FIELD_MANAGER } as const
    return await context.client.patch<Resource>(target.surface.kind.gvr, namespace, name, options, signal)
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
    const { metadata } = assignment
    if (metadata.annotations?.[CREATOR_OF] === uid)
      await context.client.delete(RoleAssignment.gvr, namespace, metadata.name, { uid: metadata.uid }, signal).catch(() => undefined)
    return object
  }
}

async function read<T>(
  { context, signal }: Writing,
  gvr: GroupVersionResource,
  namespace: string | undefined,
  name: string,
): Promise<T | undefined> {
  try {
    return await context.client.get<T>(gvr, namespace, name, signal)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** The creator may use the role as soon as the PUT is answered, here and at the other replicas. */
async function learned({ context }: Writing, assignment: Assignment): Promise<Assignment> {
  const { namespace, name, resourceVersion } = assignment.metadata
  context.cache.store(RoleAssignment.kind).set(assignment as Resource)
  await context.peers.confirm({ kind: RoleAssignment.kind, key: keyOf(namespace, name), resourceVersion })
  return assignment
}
