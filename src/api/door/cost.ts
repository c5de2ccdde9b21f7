import type { Incoming } from './body.ts'
import { MAX_BODY } from './limits.ts'

/** Receiving and reading 8 KiB costs as much as some small requests: 0.1 ms of text, 1.5 ms of thousands of references. */
const RECEIVED_PER_REQUEST = 8_192
/** Making and sending 64 KiB costs as much as one. */
const MADE_PER_REQUEST = 65_536

/** Requests that one counts for when it arrives: a megabyte is no small thing to read, whatever becomes of it. */
export function costOf({ headers }: Pick<Incoming, 'headers'>): number {
  return 1 + costOfBytes(saidOf(headers))
}

/** Requests that a body counts for besides, of which so many bytes came: all that its head did not say. */
export function costOfBody({ headers }: Pick<Incoming, 'headers'>, bytes: number): number {
  return Math.max(0, costOfBytes(bytes) - costOfBytes(saidOf(headers)))
}

const saidOf = (headers: Incoming['headers']): number => Math.min(Number(headers['content-length'] ?? 0) || 0, MAX_BODY)
const costOfBytes = (bytes: number): number => Math.floor(bytes / RECEIVED_PER_REQUEST)

/** Requests that an answer counts for besides, for which so many characters were made. */
export function costOfAnswer(made: number): number {
  return Math.floor(made / MADE_PER_REQUEST)
}
