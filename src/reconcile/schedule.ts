import type { Outcome } from './outcome.ts'

/** While the cloud is busy it is asked again after a quarter of the time that it took so far, within these bounds, in milliseconds. */
const POLL_MIN_MS = 100
const POLL_MAX_MS = 5_000

/** When to look again at an object that is neither left alone nor in trouble, in milliseconds. `busyMs`: how long the cloud has been at it. */
export function delayMs(outcome: Outcome, busyMs: number, driftIntervalMs: number, random: () => number): number {
  const jitter = 0.8 + 0.4 * random()
  if (outcome.isPolled !== true) return jitter * (outcome.againMs ?? driftIntervalMs)
  return jitter * (outcome.againMs ?? Math.min(POLL_MAX_MS, Math.max(POLL_MIN_MS, busyMs / 4)))
}
