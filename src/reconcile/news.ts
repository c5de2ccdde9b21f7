import { isDeepStrictEqual } from 'node:util'
import { CommonStatus } from '../kinds/common.ts'
import { FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Change } from '../kube/store.ts'
import { isInStep } from './in-step.ts'
import { exists, isUsable } from './outcome.ts'

/**
 * What a change of an object is to those that use it. `identity`: another object to them, or another wish; `readiness`: it can be
 * used now, or no longer; `status`: the cloud says something else of it; `words`: only why it is not ready yet.
 */
export type News = 'identity' | 'readiness' | 'status' | 'words'

/** The most that a change is; `derived`: fields of status that follow from others, which is no news. */
export function newsOf({ object, previous, type }: Change<Resource>, derived: readonly string[] = []): News | undefined {
  if (type !== 'updated' || previous === undefined) return 'identity'
  if (idOf(previous) !== idOf(object) || previous.status?.handle !== object.status?.handle) return 'identity'
  if (isUsable(previous) !== isUsable(object)) return 'readiness'
  if (previous.status === object.status) return undefined
  if (!isDeepStrictEqual(factsOf(previous, derived), factsOf(object, derived))) return 'status'
  return isDeepStrictEqual(readyOf(previous), readyOf(object)) ? undefined : 'words'
}

/** Something that a reconcile of the object itself would act on; its own status is not. */
export function concernsItself({ object, previous, type }: Change<Resource>): boolean {
  if (type !== 'updated' || previous === undefined) return true
  const [a, b] = [previous.metadata, object.metadata]
  return (
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    // Somebody took ours off (`kubectl replace`): it has to come back before anything else happens.
    (hasOurs(previous) && !hasOurs(object)) ||
    !isDeepStrictEqual(a.annotations, b.annotations) ||
    !isDeepStrictEqual(a.labels, b.labels)
  )
}

/** A change that went through in the cloud, or an end: what the object had before may be free for others now. */
export function isLettingGo({ object, previous, type }: Change<Resource>): boolean {
  if (type === 'deleted') return true
  return previous !== undefined && exists(previous) && !isInStep(previous) && isInStep(object)
}

const COMMON = new Set(Object.keys(CommonStatus.shape))

const hasOurs = ({ metadata }: Resource) => metadata.finalizers?.includes(FINALIZER) === true
const idOf = ({ metadata, status }: Resource) => `${metadata.generation}|${metadata.deletionTimestamp}|${status?.externalId}`
const readyOf = ({ status }: Resource) => status?.conditions?.find(({ type }) => type === 'Ready')

/** The kind's own status, without what follows from others. */
function factsOf({ status }: Resource, derived: readonly string[]): unknown {
  return Object.entries(status ?? {}).filter(([field]) => !COMMON.has(field) && !derived.includes(field))
}
