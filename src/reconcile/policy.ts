import { DELETION_POLICY, DRIFT_POLICY, EXTERNAL_ID } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'

/** Nothing is ever written to the cloud for the object: differences are reported. */
export function isObserveOnly({ metadata }: Pick<Resource, 'metadata'>): boolean {
  return metadata.annotations?.[DRIFT_POLICY] === 'Observe'
}

/** Somebody else's cloud object, named by its id and only looked at: an image of the cloud's catalogue. Nothing about it is ours to judge. */
export function isBorrowed(object: Pick<Resource, 'metadata'>): boolean {
  return object.metadata.annotations?.[EXTERNAL_ID] !== undefined && isObserveOnly(object)
}

/** The cloud object stays when the object goes: by policy, or since nothing is written to the cloud for it. */
export function isOrphan(object: Pick<Resource, 'metadata'>): boolean {
  return object.metadata.annotations?.[DELETION_POLICY] === 'Orphan' || isObserveOnly(object)
}
