import * as z from 'zod'

const share = z.number().min(0).max(1)

/** Ways in which any cloud may be awkward; each has more of its own. Each can be set alone while the cloud runs. */
export const COMMON = {
  /** How far a GET of one object is behind the writes, in milliseconds. */
  readLagMs: z.int().min(0).max(600_000),
  /** The same of lists, which look-ups by tag, key or name are. */
  listLagMs: z.int().min(0).max(600_000),
  /** Share of the writes that are refused for now, and do nothing. */
  notNow: share,
  /** Share of the requests that are done, and answered 500, 502 or 503. */
  lateErrors: share,
  /** Share of the requests that are done, and whose answer breaks off in the middle. */
  cuts: share,
  /** What those shares are drawn from: the same requests meet the same trouble. */
  seed: z.int(),
}
const Common = z.object(COMMON)
export type CommonSwitches = z.output<typeof Common>

/** Nothing of it. */
export const NO_TROUBLE: CommonSwitches = { readLagMs: 0, listLagMs: 0, notNow: 0, lateErrors: 0, cuts: 0, seed: 1 }
