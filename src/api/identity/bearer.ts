import { asError } from '../../errors.ts'
import { Unauthenticated } from '../contract.ts'

/** A bearer token that does not hold; `why` says which check failed, and nothing of the token. */
export function refused(why: string, cause?: unknown): Unauthenticated {
  const challenge = `Bearer realm="seca", error="invalid_token", error_description="${why.replaceAll('"', "'")}"`
  const error = new Unauthenticated(`the bearer token is refused: ${why}`, challenge)
  if (cause !== undefined) error.cause = asError(cause)
  return error
}

/** The token of the Authorization header (RFC 6750). Throws `Unauthenticated` when there is none. */
export function bearerOf(authorization: readonly string[]): string {
  const [value] = authorization
  if (value === undefined) throw new Unauthenticated('there is no bearer token: send "Authorization: Bearer <token>"')
  if (authorization.length > 1) throw new Unauthenticated('there is more than one Authorization header')
  const match = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(value)
  if (match?.[1] === undefined) throw new Unauthenticated('the Authorization header holds no bearer token')
  return match[1]
}
