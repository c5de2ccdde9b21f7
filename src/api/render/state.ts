import type { HistoryEntry, State } from '../../kinds/common.ts'
import { HISTORY_LIMIT } from '../../kinds/common.ts'
import { REQUESTED } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isNewRequest, tokenTime } from '../../resolve/requests.ts'

/** SECA state and history of an object, as a reader sees them. */
interface Shown {
  readonly state: State
  readonly conditions: readonly HistoryEntry[]
}

/**
 * State and history: a read after a write never shows a stale `active`, nor an error that the write may have mended. Except in the
 * answer of the write itself, which shows the record as it is stored (architecture §3, §6).
 */
export function shown(object: Resource, now: () => number, view: 'read' | 'stored' = 'read'): Shown {
  const { status, metadata } = object
  const history = status?.history ?? []
  const recorded = status?.state ?? 'pending'
  const state = view === 'stored' ? recorded : currentState(object, recorded)
  if (history[0]?.state === state) return { state, conditions: history }
  const since = history[0]?.lastTransitionAt ?? millis(metadata.creationTimestamp)
  const entry: HistoryEntry = { state, lastTransitionAt: history.length === 0 ? since : later(since, changedAt(object, state, now)) }
  return { state, conditions: [entry, ...history].slice(0, HISTORY_LIMIT) }
}

function currentState(object: Resource, recorded: State): State {
  if (object.metadata.deletionTimestamp !== undefined) return 'deleting'
  return (recorded === 'active' || recorded === 'error') && isNewRequest(object) ? 'updating' : recorded
}

/** When the object entered a state that the controllers have not written down yet. */
function changedAt(object: Resource, state: State, now: () => number): string {
  if (state === 'deleting' && object.metadata.deletionTimestamp !== undefined) return millis(object.metadata.deletionTimestamp)
  return tokenTime(object.metadata.annotations?.[REQUESTED]) ?? new Date(now()).toISOString()
}

const later = (one: string, other: string): string => (one > other ? one : other)

/** RFC 3339 with milliseconds. */
export const millis = (timestamp: string): string =>
  timestamp.length === 20 ? `${timestamp.slice(0, 19)}.000Z` : new Date(timestamp).toISOString()

/** Creation or the last change, in milliseconds (contract §3). */
export function lastModifiedAt({ status, metadata }: Resource): string {
  const recorded = status?.lastModifiedAt ?? millis(metadata.creationTimestamp)
  const requested = tokenTime(metadata.annotations?.[REQUESTED])
  return requested === undefined ? recorded : later(recorded, requested)
}
