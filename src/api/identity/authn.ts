import { SecaError } from '../../errors.ts'
import { bearerOf } from './bearer.ts'
import type { Caller } from '../contract.ts'
import type { FrontProxy } from './front-proxy.ts'
import type { Head } from './head.ts'
import type { Tokens } from './token.ts'
import type { TokenReviews } from './token-review.ts'

/** How a listener learns who calls. Each has its own way, and no header of the request chooses it (architecture §6). */
export type Authenticator = (head: Head) => Promise<Caller>

const AUTHORIZATION = 'authorization'

/** The direct door: a token of the SECA issuer, nothing else. */
export function directAuthenticator(tokens: Pick<Tokens, 'verify'>): Authenticator {
  return ({ headers }) => tokens.verify(bearerOf(headers.get(AUTHORIZATION) ?? []))
}

/** The aggregated door: what kube-apiserver forwards over its own certificate, else a token that it knows. */
export function aggregatedAuthenticator(
  proxy: Pick<FrontProxy, 'callerOf' | 'trust'>,
  reviews: Pick<TokenReviews, 'authenticate'>,
): Authenticator {
  return async (head) => {
    const forwarded = proxy.callerOf(head)
    if (forwarded !== undefined) return forwarded
    const authorization = head.headers.get(AUTHORIZATION) ?? []
    if (authorization.length === 0 && proxy.trust === undefined)
      throw new SecaError('IdentityUnavailable', 'whom kube-apiserver forwards requests as is not known yet; try again')
    return reviews.authenticate(bearerOf(authorization))
  }
}
