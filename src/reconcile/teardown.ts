import type { Resource } from '../kinds/resource.ts'
import type { Accepted, Desired, Observed } from '../provider/contract.ts'
import { type Memory, unseenMs } from './memory.ts'
import type { Outcome, Problem } from './outcome.ts'

/** Who still uses an object that is to go. */
export interface Blockers {
  /** Not being deleted: somebody has to decide. */
  readonly staying: readonly string[]
  /** Being deleted: only a matter of time. */
  readonly going: readonly string[]
}

/** The cloud object that is to go, and the calls about it. */
export interface Removal {
  readonly desired: Desired
  observe(desired: Desired): Promise<Observed | undefined>
  delete(desired: Desired, seen: Observed): Promise<Accepted | void>
  /** For how long "not found" proves nothing: a create may still be on the road. */
  doubtMs(): number
}

/** What a teardown needs from around it. */
export interface Teardown {
  readonly object: Resource
  readonly memory: Memory
  readonly now: () => number
  /** Users of the object that are still there, as people name them. */
  blockers(): Promise<Blockers>
  /** The cloud object is left alone: policy, or the whole kind is being uninstalled. Asked right before each cloud delete. */
  isOrphaned(): Promise<boolean>
  /** Throws unless the object is still there, as it was read. Asked before anything that cannot be undone, after {@link isOrphaned}. */
  confirm(): Promise<void>
  /** Undefined when nothing can stand behind the object. */
  target(): Promise<Removal | undefined>
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
  if (blockers.staying.length > 0 && !isFresh(work))
    return deleting('DeletionBlocked', `in use by ${someOf(blockers.staying)}`, { againMs: WAIT_MS })
  if (blockers.staying.length > 0) return deleting('Deleting', `waits for ${someOf(blockers.staying)} to go`, { againMs: GRACE_MS })
  if (blockers.going.length > 0) return deleting('Deleting', `waits for ${someOf(blockers.going)} to go`, { againMs: WAIT_MS })
  const target = await work.target()
  if (target !== undefined) {
    const going = await remove(work, target)
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

/** Undefined: nothing is there any more, for sure. */
async function remove(work: Teardown, target: Removal): Promise<Outcome | 'orphaned' | undefined> {
  const { memory } = work
  const seen = await target.observe(target.desired)
  if (seen === undefined) {
    const doubtMs = target.doubtMs()
    if (doubtMs === 0) return undefined
    const message = 'waits until it is sure that the cloud is not just about to make it'
    return deleting('Deleting', message, { isPolled: true, againMs: unseenMs(doubtMs) })
  }
  const facts = { externalId: seen.externalId ?? '', ...(seen.handle === undefined ? {} : { handle: seen.handle }) }
  memory.wasGoing ||= seen.going === true
  if (seen.part !== undefined && (seen.twins ?? []).length === 0) return undefined
  if (seen.going === true) return waits(work, seen, facts)
  if (seen.busy !== undefined && seen.failed === undefined && !isOverdue(work))
    return deleting('Deleting', seen.busy, { isPolled: true, ...facts })
  if (await work.isOrphaned()) return 'orphaned'
  await work.confirm()
  for (const externalId of seen.twins ?? []) await target.delete({ ...target.desired, externalId }, { externalId, status: {}, drift: [] })
  const accepted = await target.delete({ ...target.desired, externalId: seen.externalId }, seen)
  memory.wasGoing = true
  const kept = accepted?.handle === undefined ? {} : { handle: accepted.handle }
  const left = await target.observe({ ...target.desired, ...kept })
  if (left === undefined || left.part !== undefined) return undefined
  return waits(work, left, { ...facts, ...kept })
}

/** On its way out, as far as the cloud lets it. */
function waits(work: Teardown, seen: Observed, facts: Partial<Outcome>): Outcome {
  if (seen.heldBy !== undefined && !isFresh(work))
    return deleting('DeletionBlocked', `the cloud keeps it: ${seen.heldBy}`, { isPolled: true, ...facts })
  return deleting('Deleting', seen.heldBy ?? seen.busy ?? '', { isPolled: true, ...facts })
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

const ageMs = ({ object, now }: Teardown): number => now() - Date.parse(object.metadata.deletionTimestamp ?? '')
const isFresh = (work: Teardown): boolean => ageMs(work) < GRACE_MS
const isOverdue = (work: Teardown): boolean => ageMs(work) > OVERDUE_MS

function someOf(names: readonly string[]): string {
  const named = names.slice(0, NAMED).join(', ')
  return names.length > NAMED ? `${named} and ${names.length - NAMED} more` : named
}
