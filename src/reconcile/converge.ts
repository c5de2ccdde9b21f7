import type { Resource } from '../kinds/resource.ts'
import type { CallContext, Desired, Observed, ResourceAdapter } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { exists, isCurrent, isSettled, type Outcome } from './outcome.ts'

/** What `converge` needs from around it. */
export interface Convergence {
  readonly object: Resource
  readonly desired: Desired
  readonly adapter: ResourceAdapter
  readonly isObserveOnly: boolean
  call<T>(verb: string, make: (context: CallContext) => Promise<T>): Promise<T>
  /** Puts the incarnation into status before the cloud object is made; answers what to create. */
  begin(): Promise<Desired>
  /** Tells people and metrics about a difference that nobody asked for. */
  onDrift(paths: readonly string[]): void
}

/** Brings one cloud object to what its spec says, in as many steps as go through at once (architecture §4). */
export async function converge(work: Convergence): Promise<Outcome> {
  const { adapter, call, object } = work
  const seen = await call('observe', (context) => adapter.observe(work.desired, context))
  if (seen !== undefined) return settle(work, work.desired, seen, false)
  if (work.desired.mayAdopt && !exists(object))
    throw new ProviderError(
      'rejected',
      `the cloud has no object "${work.desired.externalId}" to adopt: correct the annotation or remove it`,
    )
  const desired = await work.begin()
  const { externalId } = await call('create', (context) => adapter.create(desired, context))
  const made = await call('observe', (context) => adapter.observe({ ...desired, externalId }, context))
  const incarnation = desired.incarnation
  if (made === undefined)
    return { state: 'creating', reason: 'Creating', message: '', isSynced: false, externalId, incarnation, isRetried: true }
  return { incarnation, ...(await settle(work, desired, made, true)) }
}

async function settle(work: Convergence, desired: Desired, seen: Observed, isNew: boolean): Promise<Outcome> {
  const facts = { externalId: seen.externalId, own: { ...seen.status }, items: seen.items ?? {} }
  const wasThere = !isNew && work.object.status?.state !== 'creating' && exists(work.object)
  const state = wasThere ? 'updating' : 'creating'
  if (seen.busy !== undefined)
    return { ...facts, state, reason: wasThere ? 'Updating' : 'Creating', message: seen.busy, isSynced: false, isPolled: true }
  // A failed change is tried again when there is something to change: this runs once per cause, not in a loop.
  if (seen.failed !== undefined && seen.drift.length === 0) throw new ProviderError('rejected', seen.failed)
  if (seen.drift.length === 0) return { ...facts, ...available(seen), isSynced: true }
  const message = `differs in ${seen.drift.join(', ')}`
  const isOnlySeen = work.isObserveOnly && isCurrent(work.object)
  if (isOnlySeen || isSettled(work.object)) work.onDrift(seen.drift)
  if (isOnlySeen) return { ...facts, ...available(seen), isSynced: false, sync: { reason: 'Drifted', message } }
  return update(work, { ...desired, externalId: seen.externalId }, seen, {
    ...facts,
    state,
    reason: wasThere ? 'Updating' : 'Creating',
    message,
    isSynced: false,
  })
}

async function update(work: Convergence, desired: Desired, seen: Observed, changing: Outcome): Promise<Outcome> {
  const { adapter, call } = work
  if (adapter.update === undefined) throw new ProviderError('unsupported', `this provider cannot change ${seen.drift.join(', ')}`)
  await call('update', (context) => adapter.update?.(desired, seen, context) ?? Promise.resolve())
  const now = await call('observe', (context) => adapter.observe(desired, context))
  if (now === undefined) return { ...changing, isRetried: true }
  const facts = { externalId: now.externalId, own: { ...now.status }, items: now.items ?? {} }
  if (now.failed !== undefined) throw new ProviderError('rejected', now.failed)
  if (now.busy !== undefined) return { ...changing, ...facts, message: now.busy, isPolled: true }
  // Still different after a change that went through: asked again with growing delay, never in a loop.
  if (now.drift.length > 0)
    return { ...changing, ...facts, message: `differs in ${now.drift.join(', ')}`, isRetried: true, didUpdate: true }
  return { ...facts, ...available(now), isSynced: true, didUpdate: true }
}

function available(seen: Observed): Pick<Outcome, 'state' | 'reason' | 'message'> {
  const refused = Object.entries(seen.items ?? {})
  if (refused.length === 0) return { state: 'active', reason: 'Available', message: '' }
  const message = refused
    .slice(0, 5)
    .map(([path, item]) => `${path}: ${item.message}`)
    .join('; ')
  return { state: 'active', reason: 'PartlyApplied', message }
}
