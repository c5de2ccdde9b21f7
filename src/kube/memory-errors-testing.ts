import { ApiError, apiErrorFrom } from './errors.ts'

/** A refusal of kube-apiserver; `cause` is the reason of a single cause. */
export function failure(code: number, reason: string, message = `the cluster says ${reason}`, cause?: string): ApiError {
  const causes = cause === undefined ? [] : [{ reason: cause, message }]
  return apiErrorFrom('memory', { status: code }, { kind: 'Status', code, reason, message, details: { causes } })
}

/** An answer that never came: status 0, as the transport says it. */
export const noAnswer = (): ApiError => new ApiError('no answer (ECONNRESET: connection reset)', { status: 0, reason: 'ECONNRESET' })
export const conflict = (): ApiError => failure(409, 'Conflict', 'the object has been modified')
export const unavailable = (): ApiError => failure(503, 'ServiceUnavailable', 'the server is currently unable to handle the request')
export const expired = (): ApiError => failure(410, 'Expired', 'too old resource version')
