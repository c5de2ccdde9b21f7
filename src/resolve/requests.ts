import { REQUEST_LENGTH } from '../kinds/common.ts'
import { REQUESTED } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'

/** Tokens are `<count>@<time>`; the count has at most nine digits. */
const COUNT = /^(\d{1,9})@/
const TIME = /^\d{1,9}@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/
const MAX_COUNT = 999_999_999

/** A request for a reconcile as status records it: whatever somebody wrote into the annotation, as far as status can hold it. */
export function requestOf({ metadata }: Pick<Resource, 'metadata'>): string | undefined {
  const token = metadata.annotations?.[REQUESTED]
  // The schema counts characters, not UTF-16 units; one cut in half would come back as another one.
  return token === undefined || token.length <= REQUEST_LENGTH
    ? token
    : Array.from(token.slice(0, 2 * REQUEST_LENGTH))
        .slice(0, REQUEST_LENGTH)
        .join('')
}

/** The object is newer than what the controllers have recorded (architecture §3): its generation, or the request token. */
export function isNewRequest(object: Pick<Resource, 'metadata' | 'status'>): boolean {
  const { status, metadata } = object
  return status?.observedGeneration !== metadata.generation || status.lastHandledRequest !== requestOf(object)
}

/** The token of the next request through the SECA API: the count tells requests apart, the time is when this one was accepted, `now` in milliseconds. */
export function nextToken(previous: string | undefined, now: number): string {
  return `${(countOf(previous) % MAX_COUNT) + 1}@${new Date(now).toISOString()}`
}

/** How many requests of the SECA API the controllers have not recorded yet. None for tokens of anybody else. */
export function newRequests(object: Pick<Resource, 'metadata' | 'status'>): number {
  return Math.max(countOf(requestOf(object)) - countOf(object.status?.lastHandledRequest), 0)
}

/** When a token of the SECA API was made; undefined for anybody else's. */
export function tokenTime(token: string | undefined): string | undefined {
  return TIME.exec(token ?? '')?.[1]
}

const countOf = (token: string | undefined): number => Number(COUNT.exec(token ?? '')?.[1] ?? 0)
