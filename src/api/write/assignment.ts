import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import type { GroupVersionResource, Spec } from '../../kinds/kind.ts'
import { API_FIELD_MANAGER, CREATOR_OF } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { ifNotFound, isConflict, isNotFound } from '../../kube/errors.ts'
import { keyOf } from '../../resolve/names.ts'
import { conflictOf, keepOwners, ownersOf } from './owners.ts'
import type { Writing } from './writing.ts'

const TRIES = 3

export type Assignment = Resource<typeof RoleAssignment>
export type AssignmentSpec = Spec<typeof RoleAssignment>

/**
 * The role assignment of a workspace's creator: a new one, or the one that is there already. Nothing of anybody else's is overwritten;
 * names are the tenant's to use, so a second one is at hand. Throws when that is taken too.
 */
export async function assign(writing: Writing, object: Resource, spec: AssignmentSpec): Promise<Assignment> {
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
  const { labels = {}, annotations = {} } = found.metadata
  const isOurs =
    isDeepStrictEqual([Object.keys(labels), Object.keys(annotations)], [[], [CREATOR_OF]]) &&
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

/** Reads from the cluster; undefined when it is not there. */
export function read<T>(
  { context, signal }: Writing,
  gvr: GroupVersionResource,
  namespace: string | undefined,
  name: string,
): Promise<T | undefined> {
  return context.client.get<T>(gvr, namespace, name, signal).catch(ifNotFound)
}

/** The creator may use the role as soon as the PUT is answered, here and at the other replicas. */
async function learned({ context }: Writing, assignment: Assignment): Promise<Assignment> {
  const { namespace, name, resourceVersion } = assignment.metadata
  context.cache.store(RoleAssignment.kind).set(assignment as Resource)
  await context.peers.confirm({ kind: RoleAssignment.kind, key: keyOf(namespace, name), resourceVersion })
  return assignment
}
