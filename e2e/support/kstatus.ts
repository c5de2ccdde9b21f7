import type { CommonStatus } from '../../src/kinds/common.ts'
import type { ObjectMeta } from '../../src/kinds/resource.ts'

/** What kstatus (and with it Flux, Argo CD, Helm's --wait) makes of an object. */
export type Verdict = 'InProgress' | 'Failed' | 'Current' | 'Terminating'

/**
 * kstatus' rules for kinds that it does not know, in its order: deletion, generation, `Reconciling` and `Stalled`, and
 * only then `Ready`. Without any of these an object counts as current, which is what a fresh object must never be.
 */
export function kstatus({ metadata, status }: { readonly metadata: ObjectMeta; readonly status?: Partial<CommonStatus> }): Verdict {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation) return 'InProgress'
  const conditions = status?.conditions ?? []
  for (const condition of conditions) {
    if (condition.type === 'Reconciling' && condition.status === 'True') return 'InProgress'
    if (condition.type === 'Stalled' && condition.status === 'True') return 'Failed'
  }
  const ready = conditions.find(({ type }) => type === 'Ready')
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress'
}
