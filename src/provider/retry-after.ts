/** Whatever a cloud asks for: never sooner than this, so that `Retry-After: 0` is no storm… */
export const RETRY_FLOOR_MS = 1_000
/** …and never later than this: then one request finds out whether it still holds. */
export const RETRY_CEILING_MS = 300_000

/** A wait within the bounds, in milliseconds. */
export function bounded(ms: number): number {
  return Math.min(RETRY_CEILING_MS, Math.max(RETRY_FLOOR_MS, ms))
}

/** Retry-After (RFC 9110 §10.2.3) in milliseconds from `now`, within the bounds: seconds or an HTTP date. */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim()
  if (!text) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return bounded(Math.ceil(Number(text) * 1000))
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : bounded(at - now)
}
