import { isDeepStrictEqual } from 'node:util'
import { CommonStatus, type Condition, HISTORY_LIMIT, type HistoryEntry } from '../kinds/common.ts'
import type { Resource } from '../kinds/resource.ts'
import { isNewRequest, newRequests, requestOf } from '../resolve/requests.ts'
import type { Outcome } from './outcome.ts'
import { safeText } from './text.ts'

type Status = Record<string, unknown>

const COMMON_FIELDS = new Set(Object.keys(CommonStatus.shape))

/** The whole status that an outcome means, or undefined when the object's status says all of it already. `now` in milliseconds. */
export function nextStatus(object: Resource, outcome: Outcome, now: number): Status | undefined {
  const before = object.status
  if (outcome.isQuiet === true && before !== undefined) return undefined
  const isNew = isNewRequest(object)
  const handled = outcome.isUnhandled === true ? (before?.observedGeneration ?? -1) : object.metadata.generation
  const request = outcome.isUnhandled === true ? before?.lastHandledRequest : requestOf(object)
  const status = dropUndefined({
    ...ownFields(before),
    ...outcome.own,
    observedGeneration: handled,
    state: outcome.state,
    history: nextHistory(object, outcome, isNew, now),
    conditions: nextConditions(object, outcome, now),
    externalId: (outcome.externalId ?? before?.externalId) || undefined,
    incarnation: outcome.incarnation ?? before?.incarnation,
    incarnationAt: outcome.incarnationAt ?? before?.incarnationAt,
    handle: nextHandle(outcome, before),
    lastHandledRequest: request,
    lastModifiedAt:
      before?.lastModifiedAt === undefined ? millis(object.metadata.creationTimestamp) : isNew ? iso(now) : before.lastModifiedAt,
  })
  return isDeepStrictEqual(status, dropUndefined({ ...before })) ? undefined : status
}

function nextHandle({ handle }: Outcome, before: Status | undefined): unknown {
  if (handle === undefined) return before?.['handle']
  return handle === null ? undefined : JSON.stringify(handle)
}

function ownFields(status: Status | undefined): Status {
  return Object.fromEntries(Object.entries(status ?? {}).filter(([field]) => !COMMON_FIELDS.has(field)))
}

/** One entry per transition, newest first; an accepted change of an active object shows as `updating`, `active` (contract §5, architecture §3). */
function nextHistory(object: Resource, outcome: Outcome, isNew: boolean, now: number): HistoryEntry[] {
  const history = [...(object.status?.history ?? [])]
  const push = (state: HistoryEntry['state'], at: string, details: Partial<HistoryEntry> = {}) =>
    history.unshift({ state, lastTransitionAt: at, ...details })
  if (history.length === 0) push('pending', millis(object.metadata.creationTimestamp))
  const last = history[0]?.state
  // Requests that came faster than they could be handled get a pair each.
  const requests = outcome.isUnhandled === true ? 0 : Math.min(newRequests(object), HISTORY_LIMIT / 2)
  if (last === 'active') for (let extra = 1; extra < requests; extra++) history.unshift(...pair('active', 'updating', iso(now)))
  if (last === 'updating') for (let extra = 0; extra < requests; extra++) history.unshift(...pair('updating', 'active', iso(now)))
  const details = dropUndefined({ reason: outcome.reason, message: outcome.message === '' ? undefined : safeText(outcome.message, 1024) })
  if (outcome.state === 'active' && last === 'pending') push('creating', iso(now))
  const wasUpdated =
    outcome.state === 'active' && last === 'active' && (outcome.didUpdate === true || isNew) && outcome.isUnhandled !== true
  if (wasUpdated) push('updating', iso(now))
  if (wasUpdated || outcome.state !== last) push(outcome.state, iso(now), details)
  return history.slice(0, HISTORY_LIMIT)
}

const pair = (newer: HistoryEntry['state'], older: HistoryEntry['state'], lastTransitionAt: string): HistoryEntry[] => [
  { state: newer, lastTransitionAt },
  { state: older, lastTransitionAt },
]

/** Ready and Synced always, Reconciling and Stalled while true (kstatus); all with the generation they speak of. */
function nextConditions(object: Resource, outcome: Outcome, now: number): Condition[] {
  const before = object.status?.conditions ?? []
  const { reason, message, isStalled } = outcome
  const make = (type: string, isTrue: boolean, why = reason, text = message): Condition => {
    const status = isTrue ? 'True' : 'False'
    const old = before.find((condition) => condition.type === type)
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : seconds(now)
    return { type, status, reason: why, message: safeText(text, 4096), lastTransitionTime, observedGeneration: object.metadata.generation }
  }
  const sync = outcome.isSynced ? { reason: 'InSync', message: '' } : (outcome.sync ?? { reason, message })
  if (outcome.isUnhandled === true)
    return [...before.filter(({ type }) => type !== 'Synced'), make('Synced', false, sync.reason, sync.message)]
  const conditions = [make('Ready', outcome.state === 'active'), make('Synced', outcome.isSynced, sync.reason, sync.message)]
  if (isStalled === true) conditions.push(make('Stalled', true))
  else if (outcome.state !== 'active') conditions.push(make('Reconciling', true))
  return conditions
}

function dropUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

const iso = (now: number): string => new Date(now).toISOString()
const seconds = (now: number): string => `${iso(now).slice(0, 19)}Z`
const millis = (timestamp: string): string => new Date(timestamp).toISOString()
