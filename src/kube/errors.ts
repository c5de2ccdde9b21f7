import { type ErrorCode, SecaError } from '../errors.ts'

interface Cause {
  readonly field?: string
  readonly reason?: string
  readonly message: string
}

/** A request that kube-apiserver refused, or (status 0) that got no answer. Holds no header and no body. */
export class ApiError extends SecaError {
  readonly status: number
  /** `reason` of metav1.Status, or the code of the connection's failure. */
  readonly reason: string
  readonly causes: readonly Cause[]
  /** What kube-apiserver itself says, without the request; `''` when it said nothing. */
  readonly explanation: string
  readonly retryAfterMs?: number
  constructor(
    message: string,
    options: {
      status: number
      reason: string
      causes?: readonly Cause[]
      explanation?: string
      retryAfterMs?: number | undefined
      cause?: unknown
    },
  ) {
    super(codeOf(options.status), message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ApiError'
    this.status = options.status
    this.reason = options.reason
    this.causes = options.causes ?? []
    this.explanation = options.explanation ?? ''
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

const hasStatus = (e: unknown, status: number): e is ApiError => e instanceof ApiError && e.status === status
export const isNotFound = (e: unknown): e is ApiError => hasStatus(e, 404)
export const isForbidden = (e: unknown): e is ApiError => hasStatus(e, 403)
/** For `.catch`: what is not there is undefined, anything else goes on. */
export function ifNotFound(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}
/** A stale resourceVersion, a field owned by another manager, or a name that exists already. */
export const isConflict = (e: unknown): e is ApiError => hasStatus(e, 409)
/** A resourceVersion or page token too old to go on from: list again. */
export const isGone = (e: unknown): e is ApiError => hasStatus(e, 410)
export const isInvalid = (e: unknown): e is ApiError => hasStatus(e, 422)

function codeOf(status: number): ErrorCode {
  if (status === 0 || status === 429 || status >= 500) return 'KubernetesUnavailable'
  if (status === 404) return 'NotFound'
  if (status === 413) return 'TooLarge'
  return status === 409 ? 'Conflict' : 'KubernetesRefused'
}

interface Status {
  readonly kind?: string
  readonly message?: string
  readonly reason?: string
  readonly code?: number
  readonly details?: { readonly causes?: readonly (Partial<Cause> | null)[]; readonly retryAfterSeconds?: number }
}

/** etcd's limit of a request (1.5 MiB), kube-apiserver's of a message to etcd (2 MiB) and of a body (3 MiB); the first two come as 500. */
const IS_TOO_LARGE = /etcdserver: request is too large|message larger than max|request entity too large/i

/** From a metav1.Status (an error answer's body, or the object of an ERROR event); anything else than a Status is not quoted. */
export function apiErrorFrom(what: string, http: { status: number; retryAfter?: string | undefined }, body: unknown): ApiError {
  const status: Status = isStatus(body) ? body : {}
  const explanation = (status.message ?? '').slice(0, 2_000)
  const isTooLarge = IS_TOO_LARGE.test(explanation)
  const code = isTooLarge ? 413 : (status.code ?? http.status)
  const reason = isTooLarge ? 'RequestEntityTooLarge' : (status.reason ?? (code >= 500 ? 'ServerError' : 'Unknown'))
  const headerMs = Number(http.retryAfter ?? Number.NaN) * 1000
  const seconds = status.details?.retryAfterSeconds
  return new ApiError(`${what}: ${explanation === '' ? 'no explanation given' : explanation} (${code} ${reason})`, {
    status: code,
    reason,
    explanation,
    causes: (status.details?.causes ?? []).map((cause) => ({ ...cause, message: cause?.message ?? '' })),
    retryAfterMs: Number.isFinite(headerMs) ? headerMs : seconds === undefined || seconds === 0 ? undefined : seconds * 1000,
  })
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && (body as Status).kind === 'Status'
}
