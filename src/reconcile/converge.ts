import { kindNamed } from '../kinds/index.ts'
import type { Resource } from '../kinds/resource.ts'
import { type Capability, remedyOf } from '../provider/capability.ts'
import type { Accepted, Desired, Json, Observed } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { isNewRequest } from '../resolve/requests.ts'
import { againAt, type Memory, unseenMs } from './memory.ts'
import { isBorrowed } from './policy.ts'
import { available, broken, exists, isSettled, type Outcome, type Problem, waiting, wasActive } from './outcome.ts'

/** What `converge` needs from around it. */
export interface Convergence {
  readonly object: Resource
  readonly desired: Desired
  readonly capability: Capability
  readonly memory: Memory
  /** Nothing is written to the cloud. */
  readonly isObserveOnly: boolean
  /** The engine's own clock, in milliseconds. */
  readonly now: () => number
  observe(desired: Desired): Promise<Observed | undefined>
  create(desired: Desired): Promise<Accepted>
  /** Undefined where the adapter can change nothing. */
  readonly update: ((desired: Desired, seen: Observed) => Promise<Accepted | void>) | undefined
  delete(desired: Desired, seen: Observed): Promise<Accepted | void>
  /** What the object names that this cluster had not met when `desired` was put together; undefined where the cloud object was made here. */
  readonly unmet: Problem | undefined
  /** For how long "not found" proves nothing. */
  doubtMs(): number
  /** Puts the incarnation into status before the cloud object is made; answers what to create. */
  begin(): Promise<Desired>
  /** Tells people and metrics about a difference that nobody asked for. */
  onDrift(paths: readonly string[]): void
  /** Tells people of a twin that is removed. */
  onTwin(externalId: string): void
}

/** Changes in one pass: a difference may need an order (power off, then another boot volume), but never a loop. */
const STEPS = 8
/** A failed build is removed and made again this long after it failed, if nobody asks for it before. */
const REBUILD_MS = 6 * 3_600_000
/** Changes that the cloud took and did not make, before that is called a failure. */
const TRIES = 3

/** Brings one cloud object to what its spec says, in as many steps as go through at once (architecture §4). */
export async function converge(work: Convergence): Promise<Outcome> {
  const found = await work.observe(work.desired)
  // What a cloud's catalogue has is as it should be, whatever it is; what is to be taken over later is told how it differs.
  const isListed = isBorrowed(work.object) && kindNamed(work.desired.path.kind)?.isOffered === true
  const seen = found !== undefined && isListed ? { ...found, drift: [] } : found
  return seen === undefined ? absent(work) : present(work, work.desired, seen)
}

/** "Not found" is believed when nothing of ours can still be on the road, and reads have caught up. */
async function absent(work: Convergence): Promise<Outcome> {
  const { object, desired, capability, isObserveOnly } = work
  if (isObserveOnly) return onlySeen(object, exists(object) ? 'is not in the cloud' : 'is not made: nothing is written to the cloud')
  if (desired.mayAdopt && !exists(object))
    throw new ProviderError('rejected', `the cloud has no object "${desired.externalId}" to adopt: correct the annotation or remove it`)
  const doubtMs = work.doubtMs()
  const isRepeatable = capability.create === 'idempotent' && !exists(object)
  if (doubtMs > 0 && !isRepeatable)
    return { ...changing(object), message: 'the cloud does not show it yet', isPolled: true, againMs: unseenMs(doubtMs) }
  const claimed = await work.begin()
  const { externalId, handle } = await work.create(claimed)
  const made = { ...claimed, externalId, ...(handle === undefined ? {} : { handle }) }
  const facts = { incarnation: claimed.incarnation, externalId: externalId ?? '', ...(handle === undefined ? {} : { handle }) }
  const seen = await work.observe(made)
  if (seen === undefined) return { ...changing(object), ...facts, message: '', isPolled: true }
  return { ...facts, ...(await present({ ...work, object: anew(object), unmet: undefined }, made, seen)) }
}

/** What a new cloud object is judged by: the old one's history is not its own. */
function anew(object: Resource): Resource {
  return { ...object, status: { ...object.status, state: 'creating', history: [] } as unknown as NonNullable<Resource['status']> }
}

async function present(work: Convergence, desired: Desired, seen: Observed): Promise<Outcome> {
  const { object, memory, isObserveOnly } = work
  const facts = factsOf(seen)
  memory.wasGoing = seen.going === true
  if (!isObserveOnly) await removeTwins(work, desired, seen)
  if (seen.part !== undefined) return { ...facts, ...available(seen), message: seen.part, isSynced: seen.drift.length === 0 }
  if (seen.going === true) return { ...changing(object), ...facts, message: 'is being deleted in the cloud', isPolled: true }
  if (seen.busy !== undefined) return { ...changing(object), ...facts, message: seen.busy, isPolled: true }
  if (isObserveOnly && (seen.drift.length > 0 || seen.failed !== undefined)) return observed(work, facts, seen)
  if (seen.failed !== undefined && !wasActive(object)) return failedBuild(work, desired, seen, facts, seen.failed)
  if (seen.drift.length === 0) {
    memory.change = undefined
    return seen.failed === undefined ? { ...facts, ...available(seen), isSynced: true } : broken(object, seen.failed, facts)
  }
  // A route to a gateway that comes a second later would be taken out and put back. Others may use the object meanwhile.
  if (work.unmet !== undefined) return { ...waiting(object, work.unmet), ...facts, state: 'updating' }
  return change(work, desired, seen)
}

/** Nothing is written: what differs is told. */
function observed(work: Convergence, facts: Partial<Outcome>, seen: Observed): Outcome {
  if (seen.drift.length > 0) work.onDrift(seen.drift)
  if (seen.failed !== undefined) return broken(work.object, seen.failed, facts)
  const message = `differs in ${seen.drift.join(', ')}`
  return { ...facts, ...available(seen), isSynced: false, sync: { reason: 'Drifted', message } }
}

function onlySeen(object: Resource, message: string): Outcome {
  const state = exists(object) ? 'error' : 'pending'
  return { state, reason: 'Drifted', message, isSynced: false, ...(exists(object) ? { isStalled: true } : {}) }
}

/** Of a build that failed nothing is kept: it is removed and made again when somebody asks for it, or after long. */
async function failedBuild(work: Convergence, desired: Desired, seen: Observed, facts: Partial<Outcome>, why: string): Promise<Outcome> {
  const { object, memory, now } = work
  const wasTold = object.status?.state === 'error'
  memory.failedAt ??= now()
  const isDue = now() - memory.failedAt >= REBUILD_MS
  if (!(wasTold && isNewRequest(object)) && !isDue) return broken(object, why, facts)
  await work.delete({ ...desired, externalId: seen.externalId }, seen)
  memory.wasGoing = true
  memory.failedAt = undefined
  return { ...changing(object), ...facts, message: `is made again, since it failed: ${why}`, isPolled: true }
}

async function removeTwins(work: Convergence, desired: Desired, seen: Observed): Promise<void> {
  for (const externalId of seen.twins ?? []) {
    work.onTwin(externalId)
    await work.delete({ ...desired, externalId }, { externalId, status: {}, drift: [] })
  }
}

/** Sends what can be changed, step by step as long as each brings the cloud nearer. */
async function change(work: Convergence, asked: Desired, first: Observed): Promise<Outcome> {
  const { object, memory, capability, now } = work
  if (isSettled(object)) work.onDrift(first.drift)
  let seen = first
  let didUpdate = false
  /** What the steps so far asked to keep: none of it may be lost, whatever comes of the next. */
  let kept: { readonly handle?: Json } = {}
  for (let step = 0; step < STEPS; step++) {
    const facts = { ...kept, ...factsOf(seen) }
    const desired = { ...asked, ...kept, externalId: seen.externalId }
    const paths = seen.drift.filter((path) => remedyOf(capability, path) === 'update')
    if (paths.length === 0) return { ...impossible(work, seen, facts), didUpdate }
    const cause = JSON.stringify([object.metadata.generation, object.metadata.annotations, paths])
    const last = memory.change?.cause === cause ? memory.change : undefined
    if (last !== undefined && (now() < againAt(last, capability.settleMs) || step > 0))
      return { ...notMade(work, seen, last, facts), didUpdate }
    memory.change = { cause, count: (last?.count ?? 0) + 1, at: now() }
    let accepted: Accepted | void
    try {
      accepted = await send(work, desired, { ...seen, drift: paths })
    } catch (thrown) {
      // What the cloud did not take (it was not its turn, or is refused for now) is no try.
      memory.change = last
      if (kept.handle === undefined) throw thrown
      return { ...changing(object), ...facts, message: differs(seen), isRetried: true, didUpdate }
    }
    didUpdate = true
    if (accepted?.handle !== undefined) kept = { handle: accepted.handle }
    const next = await work.observe({ ...desired, ...kept })
    if (next === undefined) return { ...changing(object), ...facts, ...kept, message: '', isRetried: true, didUpdate }
    const after = { ...kept, ...factsOf(next) }
    if (next.busy !== undefined) return { ...changing(object), ...after, message: next.busy, isPolled: true, didUpdate }
    if (next.failed !== undefined) return { ...broken(object, next.failed, after), didUpdate }
    if (next.drift.length === 0) {
      memory.change = undefined
      return { ...after, ...available(next), isSynced: true, didUpdate }
    }
    seen = next
  }
  return { ...changing(object), ...kept, ...factsOf(seen), message: differs(seen), isRetried: true, didUpdate }
}

async function send(work: Convergence, desired: Desired, seen: Observed): Promise<Accepted | void> {
  if (work.update === undefined) throw new ProviderError('unsupported', `this provider cannot change ${seen.drift.join(', ')}`)
  return work.update(desired, seen)
}

/** Said before any call is made: the capability table lists what can be changed. */
function impossible({ object, capability }: Convergence, seen: Observed, facts: Partial<Outcome>): Outcome {
  const replaced = seen.drift.filter((path) => remedyOf(capability, path) === 'replace')
  const message =
    replaced.length > 0
      ? `a change of ${replaced.join(', ')} needs a new object in this cloud: delete this one and make it again, or change it back`
      : `this provider cannot change ${seen.drift.join(', ')}: change it back, or make another object`
  return { ...facts, ...broken(object, message, facts), reason: 'Unsupported' }
}

/** The cloud took a change and did not make it; it may have said why, and may have forgotten, and may only be slow to show it. */
function notMade(work: Convergence, seen: Observed, last: NonNullable<Memory['change']>, facts: Partial<Outcome>): Outcome {
  const { object, capability, now } = work
  const againMs = Math.max(1_000, againAt(last, capability.settleMs) - now())
  if (seen.failed !== undefined) return { ...broken(object, seen.failed, facts), againMs }
  const message = `the cloud took the change and still ${differs(seen)}`
  if (last.count >= TRIES) return { ...broken(object, `${message}, after ${last.count} tries`, facts), againMs }
  return { ...changing(object), ...facts, message, isPolled: true }
}

const differs = ({ drift }: Observed): string => `differs in ${drift.join(', ')}`

function changing(object: Resource): Outcome {
  const wasThere = exists(object) && object.status?.state !== 'creating'
  const [state, reason] = wasThere ? (['updating', 'Updating'] as const) : (['creating', 'Creating'] as const)
  return { state, reason, message: '', isSynced: false }
}

/** What an answer says for sure, whatever else comes of the pass. */
function factsOf(seen: Observed) {
  const { externalId = '', status, items = {}, handle, againMs } = seen
  return {
    externalId,
    own: { ...status },
    items,
    ...(handle === undefined ? {} : { handle }),
    ...(againMs === undefined ? {} : { againMs }),
  }
}
