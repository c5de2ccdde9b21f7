/**
 * The error catalogue: every failure that this project tells anyone about has a code here, and one row that says
 * what it means over HTTP (SECA.md §6.7), in a condition, and for the retry.
 */
interface Row {
  /** HTTP status of the API. */
  readonly status: number
  /** SECA problem type, below `http://secapi.cloud/errors/`. */
  readonly type: string
  /** Reason of the Kubernetes condition. */
  readonly reason: string
  /** `backoff`: tried again soon; `event`: only when something it depends on changes; `never`: a bug or the caller's fault. */
  readonly retry: 'backoff' | 'event' | 'never'
}

export const CATALOGUE = {
  InvalidConfiguration: { status: 500, type: 'internal-server-error', reason: 'InvalidConfiguration', retry: 'never' },
  KubernetesUnavailable: { status: 503, type: 'internal-server-error', reason: 'KubernetesUnavailable', retry: 'backoff' },
  KubernetesRefused: { status: 500, type: 'internal-server-error', reason: 'KubernetesRefused', retry: 'backoff' },
  InvalidRequest: { status: 400, type: 'invalid-request', reason: 'InvalidRequest', retry: 'never' },
  Unauthenticated: { status: 401, type: 'unauthorized', reason: 'Unauthenticated', retry: 'never' },
  Forbidden: { status: 403, type: 'forbidden', reason: 'Forbidden', retry: 'never' },
  MethodNotAllowed: { status: 405, type: 'invalid-request', reason: 'MethodNotAllowed', retry: 'never' },
  NotAcceptable: { status: 406, type: 'invalid-request', reason: 'NotAcceptable', retry: 'never' },
  UnsupportedMediaType: { status: 415, type: 'invalid-request', reason: 'UnsupportedMediaType', retry: 'never' },
  PreconditionFailed: { status: 412, type: 'precondition-failed', reason: 'PreconditionFailed', retry: 'never' },
  ValidationFailed: { status: 422, type: 'validation-error', reason: 'ValidationFailed', retry: 'never' },
  BeingDeleted: { status: 409, type: 'resource-conflict', reason: 'BeingDeleted', retry: 'event' },
  WrongState: { status: 409, type: 'resource-conflict', reason: 'WrongState', retry: 'event' },
  BuiltIn: { status: 409, type: 'resource-conflict', reason: 'BuiltIn', retry: 'never' },
  OwnedElsewhere: { status: 409, type: 'resource-conflict', reason: 'OwnedElsewhere', retry: 'never' },
  TooLarge: { status: 413, type: 'invalid-request', reason: 'TooLarge', retry: 'never' },
  TooManyRequests: { status: 429, type: 'invalid-request', reason: 'TooManyRequests', retry: 'backoff' },
  NotReady: { status: 503, type: 'internal-server-error', reason: 'NotReady', retry: 'backoff' },
  IdentityUnavailable: { status: 503, type: 'internal-server-error', reason: 'IdentityUnavailable', retry: 'backoff' },
  AccessUndecided: { status: 503, type: 'internal-server-error', reason: 'AccessUndecided', retry: 'backoff' },
  Conflict: { status: 409, type: 'resource-conflict', reason: 'Conflict', retry: 'backoff' },
  NotFound: { status: 404, type: 'resource-not-found', reason: 'NotFound', retry: 'never' },
  NamespaceNotAssigned: { status: 404, type: 'resource-not-found', reason: 'NamespaceNotAssigned', retry: 'event' },
  InvalidReference: { status: 422, type: 'validation-error', reason: 'InvalidReference', retry: 'event' },
  ReferenceNotFound: { status: 422, type: 'validation-error', reason: 'ReferenceNotFound', retry: 'event' },
  ReferenceNotReady: { status: 422, type: 'validation-error', reason: 'ReferenceNotReady', retry: 'event' },
  DeletionBlocked: { status: 409, type: 'resource-conflict', reason: 'DeletionBlocked', retry: 'event' },
  ProviderTransient: { status: 503, type: 'internal-server-error', reason: 'ProviderUnavailable', retry: 'backoff' },
  ProviderThrottled: { status: 503, type: 'internal-server-error', reason: 'Throttled', retry: 'backoff' },
  ProviderRejected: { status: 409, type: 'resource-conflict', reason: 'Rejected', retry: 'event' },
  ProviderUnsupported: { status: 422, type: 'validation-error', reason: 'Unsupported', retry: 'event' },
  CredentialsInvalid: { status: 503, type: 'internal-server-error', reason: 'CredentialsInvalid', retry: 'event' },
  OwnershipConflict: { status: 409, type: 'resource-conflict', reason: 'OwnershipConflict', retry: 'event' },
  Internal: { status: 500, type: 'internal-server-error', reason: 'InternalError', retry: 'backoff' },
} as const satisfies Record<string, Row>

export type ErrorCode = keyof typeof CATALOGUE

/** Base of all errors of this project. `message` says what is wrong and what to do next, and holds no secret. */
export class SecaError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SecaError'
    this.code = code
  }
  get row(): Row {
    return CATALOGUE[this.code]
  }
}

/** Turns anything thrown into an `Error`, once, at the edge. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
