import type { FailureClass } from '../../src/provider/errors.ts'
import type { Asked } from '../../src/provider/http.ts'

/** The cloud's way to say "busy": an object in transit takes nothing. */
const BUSY = /invalid status/i
const QUOTA = /quota|limit (?:of|is|was|has been)? ?(?:reached|exceeded)|maximum number/i
/** The first of its kind in its place goes with nobody but its successor. */
const LAST_DEFAULT = /default/i

/**
 * What a status means in this cloud, where it differs from the usual. A refusal that says by field what is wrong (in any of four forms) is final; one
 * that says nothing of the kind is of something that is not ready yet.
 */
export function classify(status: number, body: unknown, { method }: Asked): FailureClass | undefined {
  if (status === 401 || status === 403 || status === 429 || status >= 500) return undefined
  const text = JSON.stringify(body) ?? ''
  if (BUSY.test(text)) return 'waiting'
  if (QUOTA.test(text)) return 'quota'
  if (method === 'GET') return undefined
  // Whoever uses it may let go at any time.
  if (method === 'DELETE') return status === 404 || LAST_DEFAULT.test(text) ? undefined : 'waiting'
  if (status === 404) return 'waiting'
  return hasErrors(body) || status === 405 ? undefined : 'waiting'
}

/** A list, or a map by field, with something in it. */
function hasErrors(body: unknown): boolean {
  const errors = (body as { errors?: unknown } | undefined)?.errors
  return typeof errors === 'object' && errors !== null && Object.keys(errors).length > 0
}
