import type { State } from '../kinds/common.ts'
import { PAUSED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Json, Observed } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { CATALOGUE, SecaError } from '../errors.ts'
import { isNewRequest } from '../resolve/requests.ts'

/** Something that keeps an object from going on. */
export interface Problem {
  readonly reason: string
  readonly message: string
  /** Nothing will happen by itself: the user has to change something. Otherwise it goes on when the dependency does. */
  readonly isFinal?: boolean
  /** Looked at again after this long, for what no watch tells. */
  readonly againMs?: number
}

/** Result of one reconcile: everything that status says and when to look again. */
export interface Outcome {
  readonly state: State
  /** Reason and message of the Ready condition. */
  readonly reason: string
  readonly message: string
  /** The cloud is as the spec says, as far as was seen. */
  readonly isSynced: boolean
  /** Reason and message of Synced, when they differ from Ready's. */
  readonly sync?: { readonly reason: string; readonly message: string }
  readonly isStalled?: boolean
  /** Own status fields; absent fields keep their value, `undefined` clears. */
  readonly own?: Record<string, unknown>
  /** The cloud's id; empty when it is no longer there. */
  readonly externalId?: string
  readonly incarnation?: string
  /** When the incarnation was chosen. */
  readonly incarnationAt?: string
  /** What the adapter keeps of the object; null forgets it. */
  readonly handle?: Json
  /** The cloud object was changed in this pass. */
  readonly didUpdate?: boolean
  /** Generation and request count as not handled (paused). */
  readonly isUnhandled?: boolean
  /** Items that the cloud refused or has not applied yet, by path ({@link Observed.items}). */
  readonly items?: NonNullable<Observed['items']>
  /** Look again soon, and less often the longer the cloud takes… */
  readonly isPolled?: boolean
  /** …or with growing, jittered delay… */
  readonly isRetried?: boolean
  /** …or when the account says, which held it back: no failure of the object's… */
  readonly isHeld?: boolean
  /** …or after this long; with one of the others: not before. */
  readonly againMs?: number
  /** A status write is not worth it for this alone: a first hiccup of the cloud. */
  readonly isQuiet?: boolean
}

/** A stalled object is probed again after this long (architecture §4). */
const PROBE_MS = 6 * 3_600_000
const CREDENTIALS_MS = 60_000
/** What an account holds back without saying for how long. */
const HELD_MS = 1_000
/** A quota may be raised, and nobody tells. */
const QUOTA_MS = 600_000
/** A safety net under "woken by the dependency's change". */
const WAIT_MS = 600_000

/** Whether the object has been made in the cloud, as far as status knows. */
export function exists(object: Resource): boolean {
  return object.status?.externalId !== undefined
}

/** The object was in order once: what its cloud object holds may be somebody's. */
export function wasActive({ status }: Resource): boolean {
  return status?.state === 'active' || status?.history?.some(({ state }) => state === 'active') === true
}

/** Others may rely on the object: it is there, although it may be changing (contract §5 "updating"). */
export function isUsable(object: Resource): boolean {
  const { status, metadata } = object
  if (metadata.deletionTimestamp !== undefined) return false
  return status === undefined ? false : status.state === 'active' || status.state === 'updating'
}

/** The spec as it stands has been handled and was in order; a request without a change (a restart) may still be open. */
export function isCurrent(object: Resource): boolean {
  return object.status?.state === 'active' && object.status.observedGeneration === object.metadata.generation
}

/** All that was asked for has been handled and was in order. */
export function isSettled(object: Resource): boolean {
  return isCurrent(object) && !isNewRequest(object)
}

/** Outcome of a problem found before the cloud was asked. */
export function waiting(object: Resource, problem: Problem): Outcome {
  const { reason, message } = problem
  if (problem.isFinal === true) return stalled(object, reason, message, PROBE_MS)
  const state = exists(object) ? 'updating' : 'pending'
  return { state, reason, message, isSynced: false, againMs: problem.againMs ?? WAIT_MS }
}

/** In order, as far as the cloud took what was asked. */
export function available(seen: Pick<Observed, 'items'>): Pick<Outcome, 'state' | 'reason' | 'message'> {
  const refused = Object.entries(seen.items ?? {})
  if (refused.length === 0) return { state: 'active', reason: 'Available', message: '' }
  const message = refused
    .slice(0, 5)
    .map(([path, item]) => `${path}: ${item.message}`)
    .join('; ')
  return { state: 'active', reason: 'PartlyApplied', message }
}

/** The cloud gave up, or will not have it; what it showed is kept. */
export function broken(object: Resource, message: string, facts: Partial<Outcome>): Outcome {
  return { ...facts, ...stalled(object, CATALOGUE.ProviderRejected.reason, message, PROBE_MS) }
}

function stalled(object: Resource, reason: string, message: string, againMs: number): Outcome {
  const state = object.metadata.deletionTimestamp === undefined ? 'error' : 'deleting'
  return { state, reason, message, isSynced: false, isStalled: true, againMs }
}

/** Outcome of anything that was thrown; `failures` is how often in a row, `isAccount` says whose credentials they are. */
export function failed(object: Resource, error: Error, failures: number, isAccount = false): Outcome {
  if (!(error instanceof SecaError))
    return inTrouble(object, 'InternalError', 'unexpected error, tried again; the log of the controllers says more', failures)
  const { reason } = error.row
  if (!(error instanceof ProviderError)) return inTrouble(object, reason, error.message, failures)
  // It is the account's trouble, whose line, pause or breaker says when to come back: nothing grows for an object that was not asked about.
  if (error.isHeld)
    return { ...inTrouble(object, reason, error.message, failures), isRetried: false, isHeld: true, againMs: error.retryAfterMs ?? HELD_MS }
  switch (error.failure) {
    case 'transient':
    case 'throttled':
      return {
        ...inTrouble(object, reason, error.message, failures),
        ...(error.retryAfterMs === undefined ? {} : { againMs: error.retryAfterMs }),
      }
    case 'waiting':
      return {
        ...inTrouble(object, reason, error.message, 0),
        isRetried: false,
        isPolled: true,
        ...(error.retryAfterMs === undefined ? {} : { againMs: error.retryAfterMs }),
      }
    case 'quota':
      return stalled(object, reason, error.message, QUOTA_MS)
    case 'credentials':
      return isSettled(object) && !isAccount && object.metadata.deletionTimestamp === undefined
        ? { ...inTrouble(object, reason, error.message, failures), againMs: CREDENTIALS_MS, isRetried: false }
        : stalled(object, reason, error.message, CREDENTIALS_MS)
    case 'rejected':
    case 'unsupported':
    case 'foreign':
      return stalled(object, reason, error.message, PROBE_MS)
    default:
      return error.failure satisfies never
  }
}

/** Failures in a row before an object that was in order says so: a hiccup is not worth a write for each object. */
const PATIENCE = 3

/** The cloud could not be asked: what was true stays, `Synced` tells, and it is tried again. */
function inTrouble(object: Resource, reason: string, message: string, failures: number): Outcome {
  const sync = { reason, message }
  if (object.metadata.deletionTimestamp !== undefined) return { state: 'deleting', reason, message, isSynced: false, isRetried: true }
  if (isSettled(object))
    return {
      state: 'active',
      reason: readyReason(object),
      message: readyMessage(object),
      isSynced: false,
      sync,
      isRetried: true,
      isQuiet: failures < PATIENCE,
    }
  const state = exists(object) ? 'updating' : object.status?.incarnation === undefined ? 'pending' : 'creating'
  return { state, reason, message, isSynced: false, isRetried: true }
}

function ready(object: Resource) {
  return object.status?.conditions?.find((condition) => condition.type === 'Ready')
}
function readyReason(object: Resource): string {
  return ready(object)?.reason ?? 'Available'
}
function readyMessage(object: Resource): string {
  return ready(object)?.message ?? ''
}

/** In order, with nothing to say about it. */
export const isPlain = ({ state, reason }: Outcome): boolean => state === 'active' && reason === 'Available'

/** What the changes of a spec named since the object was last in order: something `new`, nothing but what it had named before (`same`), or nobody saw. */
export type Naming = 'new' | 'same' | 'unknown'

/**
 * An object that is in order but for what its spec names and is not there: usable, and it says so. Where the user just named it, the change
 * waits for it; where it went later, or was missing before the change, the object is as active as it was.
 */
export function lacking(object: Resource, outcome: Outcome, problem: Problem | undefined, naming: Naming = 'unknown'): Outcome {
  if (problem === undefined || outcome.state !== 'active') return outcome
  const { reason } = problem
  if (!isCurrent(object) && isAwaited(object, problem, naming))
    return { ...outcome, state: 'updating', reason, message: problem.message, isSynced: false, againMs: WAIT_MS }
  const message = outcome.message === '' ? problem.message : `${problem.message}; ${outcome.message}`
  return { ...outcome, reason: 'PartlyApplied', message, isSynced: false, sync: { reason, message: problem.message } }
}

/** Whether a change that is under way waits for what is missing. Where nobody saw what it named, the last status tells. */
function isAwaited({ metadata, status }: Resource, problem: Problem, naming: Naming): boolean {
  if (naming === 'new') return true
  const told = (of: string) => status?.conditions?.find(({ type }) => type === of)
  // Labels, a restart, what differed in the cloud: a change, but not of the spec.
  const isOfSpec = status?.observedGeneration !== metadata.generation
  if (naming === 'same' || !isOfSpec) return status?.state !== 'active' && told('Ready')?.reason === problem.reason
  return status?.state !== 'active' || told('Synced')?.reason !== problem.reason || told('Synced')?.message !== problem.message
}

/** Nothing is done for it, and it says so; one that is being deleted says that its deletion waits for this. */
export function paused(object: Resource): Outcome {
  const isLeaving = object.metadata.deletionTimestamp !== undefined
  const why = `annotation ${PAUSED} is "true"`
  const message = isLeaving ? `the deletion waits: ${why}` : why
  const sync = { reason: 'ReconcilePaused', message }
  if (isLeaving) return { state: 'deleting', reason: sync.reason, message, isSynced: false, againMs: PROBE_MS }
  return { state: object.status?.state ?? 'pending', reason: sync.reason, message, isSynced: false, sync, isUnhandled: true }
}
