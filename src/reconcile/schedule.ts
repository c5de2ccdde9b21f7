import { PAUSED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { isSettled, type Outcome } from './outcome.ts'

/** While the cloud is busy it is asked again after a quarter of the time that it took so far, within these bounds, in milliseconds. */
const POLL_MIN_MS = 100
const POLL_MAX_MS = 5_000

/** When to look again at an object that is neither left alone nor in trouble, in milliseconds. `busyMs`: how long the cloud has been at it. */
export function delayMs(outcome: Outcome, busyMs: number, driftIntervalMs: number, random: () => number): number {
  if (outcome.isPolled !== true) return jitter(random) * (outcome.againMs ?? driftIntervalMs)
  return jitter(random) * (outcome.againMs ?? Math.min(POLL_MAX_MS, Math.max(POLL_MIN_MS, busyMs / 4)))
}

/** ± 20 %, so that what began together does not stay together. */
export function jitter(random: () => number): number {
  return 0.8 + 0.4 * random()
}

/** In order, with nothing open, by its own status: only others or the cloud can bring news of it. */
export function isAtRest(object: Resource): boolean {
  const { metadata, status } = object
  if (metadata.deletionTimestamp !== undefined || metadata.annotations?.[PAUSED] === 'true' || !isSettled(object)) return false
  return status?.conditions?.some(({ type, status: value }) => type === 'Synced' && value === 'True') === true
}

/** Nothing was asked for that a look at its own time would bring: a sweep will do for the next one. */
export function isQuiet({ isPolled, isRetried, isUnhandled, againMs }: Outcome): boolean {
  return isPolled !== true && isRetried !== true && isUnhandled !== true && againMs === undefined
}
