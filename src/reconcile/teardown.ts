import type { Resource } from '../kinds/resource.ts'
import type { CallContext, Desired, ResourceAdapter } from '../provider/contract.ts'
import type { Outcome, Problem } from './outcome.ts'

/** Who still uses an object that is to go. */
export interface Blockers {
  /** Not being deleted: somebody has to decide. */
  readonly staying: readonly string[]
  /** Being deleted: only a matter of time. */
  readonly going: readonly string[]
}

/** What a teardown needs from around it. */
export interface Teardown {
  readonly object: Resource
  readonly now: () => number
  /** Users of the object that are still there, as people name them. */
  blockers(): Promise<Blockers>
  /** The cloud object is left alone: policy, or the whole kind is being uninstalled. Asked right before each cloud delete. */
  isOrphaned(): Promise<boolean>
  /** Throws unless the object is still there. Asked before anything that cannot be undone, after {@link isOrphaned}. */
  confirm(): Promise<void>
  /** Adapter and what to tell it; undefined when nothing stands behind the object. */
  target(): Promise<{ readonly adapter: ResourceAdapter; readonly desired: Desired } | undefined>
  call<T>(verb: string, make: (context: CallContext) => Promise<T>): Promise<T>
  after(): Promise<Problem | undefined>
  /** Takes the finalizer off: the object goes. */
  release(reason: 'Deleted' | 'Orphaned'): Promise<void>
}

/** Takes one object down; undefined = it is gone. */
export async function teardown(work: Teardown): Promise<Outcome | undefined> {
  if (await work.isOrphaned()) {
    await work.release('Orphaned')
    return undefined
  }
  const blockers = await work.blockers()
  const isFresh = work.now() - Date.parse(work.object.metadata.deletionTimestamp ?? '') < GRACE_MS
  if (blockers.staying.length > 0 && !isFresh)
    return deleting('DeletionBlocked', `in use by ${someOf(blockers.staying)}`, { againMs: WAIT_MS })
  if (blockers.staying.length > 0) return deleting('Deleting', `waits for ${someOf(blockers.staying)} to go`, { againMs: GRACE_MS })
  if (blockers.going.length > 0) return deleting('Deleting', `waits for ${someOf(blockers.going)} to go`, { againMs: WAIT_MS })
  const target = await work.target()
  if (target !== undefined) {
    const going = await remove(work, target.adapter, target.desired)
    if (going === 'orphaned') {
      await work.release('Orphaned')
      return undefined
    }
    if (going !== undefined) return going
  }
  await work.confirm()
  const problem = await work.after()
  if (problem !== undefined) return deleting(problem.reason, problem.message, { againMs: problem.againMs ?? 2_000 })
  await work.release('Deleted')
  return undefined
}

async function remove(work: Teardown, adapter: ResourceAdapter, desired: Desired): Promise<Outcome | 'orphaned' | undefined> {
  const seen = await work.call('observe', (context) => adapter.observe(desired, context))
  if (seen === undefined) return undefined
  const isOverdue = work.now() - Date.parse(work.object.metadata.deletionTimestamp ?? '') > OVERDUE_MS
  if (seen.busy === undefined || seen.failed !== undefined || isOverdue) {
    if (await work.isOrphaned()) return 'orphaned'
    await work.confirm()
    await work.call('delete', (context) => adapter.delete(desired, seen, context))
    const left = await work.call('observe', (context) => adapter.observe(desired, context))
    if (left === undefined) return undefined
  }
  return deleting('Deleting', seen.busy ?? '', { isPolled: true, externalId: seen.externalId })
}

function deleting(reason: string, message: string, extra: Partial<Outcome>): Outcome {
  return { state: 'deleting', reason, message, isSynced: false, ...extra }
}

/** When much is deleted at once, the news of it comes in any order: for this long nobody is warned. Deletion times have whole seconds. */
const GRACE_MS = 2_000
/** An operation that is still running this long after the deletion may never end: the cloud is asked to delete all the same. */
const OVERDUE_MS = 60_000
/** A safety net: the end of a blocker wakes what it blocked. */
const WAIT_MS = 600_000
const NAMED = 5

function someOf(names: readonly string[]): string {
  const named = names.slice(0, NAMED).join(', ')
  return names.length > NAMED ? `${named} and ${names.length - NAMED} more` : named
}
