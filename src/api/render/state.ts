import type { HistoryEntry, State } from '../../kinds/common.ts'
import { HISTORY_LIMIT } from '../../kinds/common.ts'
import { REQUESTED } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'

/** SECA state and history of an object, as a reader sees them. */
export interface Shown {
  readonly state: State
  readonly conditions: readonly HistoryEntry[]
}

/** Longest token that the controllers record. */
const TOKEN_LENGTH = 256

/** The object is newer than what the controllers have handled (DESIGN §3): generation or `requested` token. */
export function isUnhandled({ status, metadata }: Resource): boolean {
  const token = metadata.annotations?.[REQUESTED]?.slice(0, TOKEN_LENGTH)
  return status?.observedGeneration !== metadata.generation || status.lastHandledRequest !== token
}

/**
 * State and history: a read after a write never shows a stale `active`, nor an error that the write may have mended. Except in the
 * answer of the write itself, which shows the record as it is stored (DESIGN §3, §6).
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
  return (recorded === 'active' || recorded === 'error') && isUnhandled(object) ? 'updating' : recorded
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

/** `<count>@<time>`: the count tells requests apart, the time is when this one was accepted. */
export function nextToken(previous: string | undefined, now: number): string {
  const count = Number.parseInt(previous ?? '0', 10)
  return `${Number.isSafeInteger(count) ? count + 1 : 1}@${new Date(now).toISOString()}`
}

/** When a token of ours was made; undefined for anybody else's. */
export function tokenTime(token: string | undefined): string | undefined {
  const time = token?.slice(token.indexOf('@') + 1)
  return time !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time) ? time : undefined
}

/** Creation or the last change, in milliseconds (SECA.md §3). */
export function lastModifiedAt({ status, metadata }: Resource): string {
  const recorded = status?.lastModifiedAt ?? millis(metadata.creationTimestamp)
  const requested = tokenTime(metadata.annotations?.[REQUESTED])
  return requested === undefined ? recorded : later(recorded, requested)
}
