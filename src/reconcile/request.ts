import { REQUESTED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'

/** A generation or a `secapi.cloud/requested` token that status has not recorded yet. */
export function isNewRequest(object: Resource): boolean {
  const { status, metadata } = object
  return status?.observedGeneration !== metadata.generation || status.lastHandledRequest !== requestOf(object)
}

/** Value of the request annotation, as far as status can hold it. */
export function requestOf(object: Resource): string | undefined {
  return object.metadata.annotations?.[REQUESTED]?.slice(0, 256)
}
