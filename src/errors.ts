/**
 * The error catalogue: every failure that this project tells anyone about has a code here, and one row that says
 * what it means over HTTP (contract §6.7) and in a condition.
 */
interface Row {
  /** HTTP status of the API. */
  readonly status: number
  /** SECA problem type, below `http://secapi.cloud/errors/`. */
  readonly type: string
  /** Reason of the Kubernetes condition. */
  readonly reason: string
}

export const CATALOGUE = {
  InvalidConfiguration: { status: 500, type: 'internal-server-error', reason: 'InvalidConfiguration' },
  KubernetesUnavailable: { status: 503, type: 'internal-server-error', reason: 'KubernetesUnavailable' },
  KubernetesRefused: { status: 500, type: 'internal-server-error', reason: 'KubernetesRefused' },
  InvalidRequest: { status: 400, type: 'invalid-request', reason: 'InvalidRequest' },
  Unauthenticated: { status: 401, type: 'unauthorized', reason: 'Unauthenticated' },
  Forbidden: { status: 403, type: 'forbidden', reason: 'Forbidden' },
  MethodNotAllowed: { status: 405, type: 'invalid-request', reason: 'MethodNotAllowed' },
  NotAcceptable: { status: 406, type: 'invalid-request', reason: 'NotAcceptable' },
  UnsupportedMediaType: { status: 415, type: 'invalid-request', reason: 'UnsupportedMediaType' },
  PreconditionFailed: { status: 412, type: 'precondition-failed', reason: 'PreconditionFailed' },
  ValidationFailed: { status: 422, type: 'validation-error', reason: 'ValidationFailed' },
  BeingDeleted: { status: 409, type: 'resource-conflict', reason: 'BeingDeleted' },
  WrongState: { status: 409, type: 'resource-conflict', reason: 'WrongState' },
  BuiltIn: { status: 409, type: 'resource-conflict', reason: 'BuiltIn' },
  OwnedElsewhere: { status: 409, type: 'resource-conflict', reason: 'OwnedElsewhere' },
  TooLarge: { status: 413, type: 'invalid-request', reason: 'TooLarge' },
  TooManyRequests: { status: 429, type: 'invalid-request', reason: 'TooManyRequests' },
  NotReady: { status: 503, type: 'internal-server-error', reason: 'NotReady' },
  IdentityUnavailable: { status: 503, type: 'internal-server-error', reason: 'IdentityUnavailable' },
  AccessUndecided: { status: 503, type: 'internal-server-error', reason: 'AccessUndecided' },
  Conflict: { status: 409, type: 'resource-conflict', reason: 'Conflict' },
  NotFound: { status: 404, type: 'resource-not-found', reason: 'NotFound' },
  NamespaceNotAssigned: { status: 404, type: 'resource-not-found', reason: 'NamespaceNotAssigned' },
  InvalidReference: { status: 422, type: 'validation-error', reason: 'InvalidReference' },
  ReferenceNotFound: { status: 422, type: 'validation-error', reason: 'ReferenceNotFound' },
  ReferenceNotReady: { status: 422, type: 'validation-error', reason: 'ReferenceNotReady' },
  DeletionBlocked: { status: 409, type: 'resource-conflict', reason: 'DeletionBlocked' },
  ProviderTransient: { status: 503, type: 'internal-server-error', reason: 'ProviderUnavailable' },
  ProviderThrottled: { status: 503, type: 'internal-server-error', reason: 'Throttled' },
  ProviderWaiting: { status: 503, type: 'internal-server-error', reason: 'Waiting' },
  ProviderQuota: { status: 409, type: 'resource-conflict', reason: 'QuotaExceeded' },
  ProviderRejected: { status: 409, type: 'resource-conflict', reason: 'Rejected' },
  ProviderUnsupported: { status: 422, type: 'validation-error', reason: 'Unsupported' },
  CredentialsInvalid: { status: 503, type: 'internal-server-error', reason: 'CredentialsInvalid' },
  AccountChanged: { status: 503, type: 'internal-server-error', reason: 'AccountChanged' },
  AccountInUse: { status: 503, type: 'internal-server-error', reason: 'AccountInUse' },
  OwnershipConflict: { status: 409, type: 'resource-conflict', reason: 'OwnershipConflict' },
  Internal: { status: 500, type: 'internal-server-error', reason: 'InternalError' },
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
