import type { Resource } from '../../kinds/resource.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import { pathOf } from '../../kube/gvr.ts'
import { holdersOf } from '../../resolve/blockers.ts'
import { Answer } from '../contract.ts'
import { Refusal } from '../problem.ts'
import { announce, inTurn, type Writing } from './writing.ts'
import { builtIns, objectName } from '../path/target.ts'
import { described } from './holders.ts'
import { notFound, parsePrecondition, preconditionFailed, readLive, required } from './version.ts'

const TRIES = 5

/** DELETE (contract §6.3): 202 as long as it is going, 409 while something that must not break is alive (contract §9). */
export async function remove(writing: Writing, request: Request): Promise<Answer> {
  const { context, target } = writing
  const precondition = parsePrecondition(request.headers)
  if (builtIns(context.cache, target)?.has(target.name ?? ''))
    throw new Refusal('BuiltIn', `"${target.name}" is a system role: every tenant has it, and it cannot be deleted`)
  await inTurn(writing, () => removeNow(writing, precondition))
  return new Answer(null, { status: 202, headers: { 'cache-control': 'no-store' } })
}

async function removeNow(writing: Writing, precondition: string | undefined): Promise<void> {
  const { context, target, signal } = writing
  for (let tries = 1; ; tries++) {
    const object = await required(context, target, precondition, signal)
    if (object.metadata.deletionTimestamp !== undefined) return
    await checkHolders(writing, object)
    try {
      await deleteObject(writing, object, precondition)
      return
    } catch (error) {
      const isGone = isNotFound(error)
      if (!isGone && !isConflict(error)) throw error
      const live = await readLive(context, target, signal)
      if (live === undefined) {
        context.cache.store(target.surface.kind.kind).remove(object)
        throw notFound(target)
      }
      if (precondition !== undefined) throw preconditionFailed(precondition, live.metadata.resourceVersion)
      if (tries === TRIES) throw error
    }
  }
}

/** Refuses while others need the object. Children that die with it count through their own users: a subnet goes, a NIC in it does not. */
async function checkHolders(writing: Writing, object: Resource): Promise<void> {
  const { context, target } = writing
  const { cache, graph } = context
  const { staying, children } = holdersOf(cache, graph, target.surface.kind, object)
  const users = [...staying, ...children.flatMap((child) => holdersOf(cache, graph, child.kind, child.object).staying)]
  if (users.length === 0) return
  throw new Refusal(
    'DeletionBlocked',
    `still used by ${await described(writing, users)}; delete ${users.length === 1 ? 'it' : 'them'} first`,
  )
}

async function deleteObject(writing: Writing, object: Resource, precondition: string | undefined): Promise<void> {
  const { context, target, signal } = writing
  const { kind } = target.surface
  const { namespace, uid } = object.metadata
  const preconditions = { uid, ...(precondition === undefined ? {} : { resourceVersion: precondition }) }
  const answer = await context.client.raw<{ kind?: string }>(
    'DELETE',
    pathOf(kind.gvr, namespace, objectName(target)),
    { apiVersion: 'v1', kind: 'DeleteOptions', preconditions },
    { signal },
  )
  const isMarked = answer.kind === kind.kind
  // Gone at once: no later version of this uid can come, whatever is still on its way.
  if (!isMarked) context.cache.store(kind.kind).remove(withVersion(object, String(Number.MAX_SAFE_INTEGER)))
  await announce({ context, target }, isMarked ? (answer as unknown as Resource) : object, !isMarked)
}

const withVersion = (object: Resource, resourceVersion: string): Resource => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion },
})
