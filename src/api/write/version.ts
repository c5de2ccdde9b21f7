import type { Resource } from '../../kinds/resource.ts'
import { ifNotFound } from '../../kube/errors.ts'
import type { Context } from '../context.ts'
import { inParameter, Refusal } from '../problem.ts'
import { find, keyOfTarget, objectName, type Target } from '../path/target.ts'

const HEADER = 'if-unmodified-since'

/** Value of `if-unmodified-since`: an integer, compared with `metadata.resourceVersion` (contract §6.2). Throws 400 for anything else. */
export function parsePrecondition(headers: Headers): string | undefined {
  const text = headers.get(HEADER)
  if (text === null) return undefined
  if (/^\d{1,19}$/.test(text)) return BigInt(text).toString()
  throw new Refusal('InvalidRequest', `${HEADER} is the integer in metadata.resourceVersion, not a date`, {
    sources: [inParameter(HEADER)],
  })
}

export const preconditionFailed = (wanted: string, found: string) =>
  new Refusal('PreconditionFailed', `the resource has version ${found}, not ${wanted}; read it again`, { sources: [inParameter(HEADER)] })

/** Reads the object from the cluster, for when memory may be behind; the cache learns it too. */
export async function readLive({ cache, client }: Context, target: Target, signal: AbortSignal): Promise<Resource | undefined> {
  if (keyOfTarget(target) === undefined) return undefined
  const object = await client.get<Resource>(target.surface.kind.gvr, target.namespace, objectName(target), signal).catch(ifNotFound)
  if (object !== undefined) cache.store(target.surface.kind.kind).set(object)
  return object
}

/**
 * The object that a write with this precondition is about. Memory that says another version than the client may only be behind:
 * then the cluster is asked. Throws 412 when the versions differ, 404 when there is no object.
 */
export async function required(context: Context, target: Target, precondition: string | undefined, signal: AbortSignal): Promise<Resource> {
  const known = find(context.cache, target)
  if (known !== undefined && (precondition === undefined || known.metadata.resourceVersion === precondition)) return known
  const live = await readLive(context, target, signal)
  const found = live === undefined ? undefined : (find(context.cache, target) ?? undefined)
  if (found === undefined) throw notFound(target)
  if (precondition !== undefined && found.metadata.resourceVersion !== precondition)
    throw preconditionFailed(precondition, found.metadata.resourceVersion)
  return found
}

/** 404 in the words of the path. */
export function notFound({ surface, name = '', parent, workspace, tenant }: Target): Refusal {
  const places = [
    ...(parent === undefined ? [] : [`${surface.parent?.kind.secaKind} "${parent}"`]),
    ...(workspace === undefined ? [] : [`workspace "${workspace}"`]),
    ...(tenant === undefined ? [] : [`tenant "${tenant}"`]),
  ]
  return new Refusal('NotFound', `there is no ${surface.kind.secaKind} "${name}"${places.length === 0 ? '' : ` in ${places.join(' of ')}`}`)
}
