import { type ErrorCode, SecaError } from '../errors.ts'

/** How a provider call can fail (architecture §5). Anything else that an adapter throws is counted as a bug. */
export type FailureClass = 'transient' | 'throttled' | 'waiting' | 'quota' | 'rejected' | 'unsupported' | 'credentials' | 'foreign'

const CODES = {
  transient: 'ProviderTransient',
  throttled: 'ProviderThrottled',
  waiting: 'ProviderWaiting',
  quota: 'ProviderQuota',
  rejected: 'ProviderRejected',
  unsupported: 'ProviderUnsupported',
  credentials: 'CredentialsInvalid',
  foreign: 'OwnershipConflict',
} as const satisfies Record<FailureClass, ErrorCode>

export interface FailureOptions extends ErrorOptions {
  /** From the cloud's Retry-After, in milliseconds. */
  readonly retryAfterMs?: number
  /** Nothing was sent: the account's own line, pause or breaker kept it back. It says nothing about the object. */
  readonly isHeld?: boolean
  /** Where the reason that people see is another one than the class's. */
  readonly code?: ErrorCode
}

/**
 * Failure of a provider call. `message` is what the user reads: the cloud's own words, no secret in it.
 * - `transient`, `throttled`: tried again with backoff, or after `retryAfterMs`.
 * - `waiting`: right, but not now (locked, in use, a dependency not settled): tried again without counting as a failure.
 * - `quota`: a limit of the account: stalled, and tried again when something in the account goes, and now and then.
 * - `rejected`: the cloud will not have it as it is (bad value, conflict): stalled until something changes.
 * - `unsupported`: the adapter cannot do this kind or change.
 * - `credentials`: missing, wrong or expired; never the refusal of one request (403).
 * - `foreign`: what is there belongs to somebody else, or more than one object claims the tag; nothing was written.
 */
export class ProviderError extends SecaError {
  readonly failure: FailureClass
  readonly retryAfterMs: number | undefined
  readonly isHeld: boolean
  constructor(failure: FailureClass, message: string, options: FailureOptions = {}) {
    super(options.code ?? CODES[failure], message, options)
    this.name = 'ProviderError'
    this.failure = failure
    this.retryAfterMs = options.retryAfterMs
    this.isHeld = options.isHeld === true
  }
}
