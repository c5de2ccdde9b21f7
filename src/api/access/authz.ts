import type { Cache } from '../../cache/cache.ts'
import { SecaError } from '../../errors.ts'
import type { Authorizer } from '../contract.ts'
import { ownerOf, turns } from '../turns.ts'
import type { AccessReviews } from './access-review.ts'
import { RoleBook } from './book.ts'

export interface AuthorizerOptions {
  readonly cache: Cache
  readonly isSynced: () => boolean
  /** Decides for callers with a Kubernetes identity; absent where there is no aggregated door. */
  readonly reviews?: AccessReviews
}

/** SECA roles decide for tokens, Kubernetes for its own users (architecture §6). */
export function createAuthorizer({ cache, isSynced, reviews }: AuthorizerOptions): Authorizer {
  const roles = new RoleBook(cache)
  return {
    async authorize(caller, attempt, signal) {
      if (!isSynced()) throw new SecaError('NotReady', 'the roles are still being read; try again in a few seconds')
      if (caller.door === 'direct') return turns.run(ownerOf(caller), roles.deciding(caller, attempt))
      if (reviews === undefined) throw new SecaError('Internal', 'a caller with a Kubernetes identity, but no way to ask Kubernetes')
      return reviews.decide(caller, attempt, signal)
    },
  }
}
