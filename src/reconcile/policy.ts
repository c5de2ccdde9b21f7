import { DELETION_POLICY, DRIFT_POLICY } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'

/** Nothing is ever written to the cloud for the object: differences are reported. */
export function isObserveOnly({ metadata }: Pick<Resource, 'metadata'>): boolean {
  return metadata.annotations?.[DRIFT_POLICY] === 'Observe'
}

/** The cloud object stays when the object goes: by policy, or since nothing is written to the cloud for it. */
export function isOrphan(object: Pick<Resource, 'metadata'>): boolean {
  return object.metadata.annotations?.[DELETION_POLICY] === 'Orphan' || isObserveOnly(object)
}
