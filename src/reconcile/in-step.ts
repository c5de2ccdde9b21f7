import type { Resource } from '../kinds/resource.ts'
import { exists, type Outcome } from './outcome.ts'

/** What is in the cloud is what the spec says, as far as status knows. */
export function isInStep(object: Resource): boolean {
  const { status, metadata } = object
  if (!exists(object) || metadata.deletionTimestamp !== undefined || status?.observedGeneration !== metadata.generation) return false
  return status.conditions?.some((condition) => condition.type === 'Synced' && condition.status === 'True') === true
}

/** The same of a pass that is not in status yet. */
export function isDone({ isSynced, state }: Outcome): boolean {
  return isSynced && state === 'active'
}
