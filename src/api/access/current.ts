import { SecaError } from '../../errors.ts'
import type { Authorizer } from '../contract.ts'

/**
 * SECA roles decide only while `isCurrent`, else 503: a role that was taken away must not go on working because nobody tells us.
 * Kubernetes is asked anew for its own users, so that the age of our data does not matter to them.
 */
export function whileCurrent(authorizer: Authorizer, isCurrent: () => boolean): Authorizer {
  return {
    async authorize(caller, attempt, signal) {
      if (caller.door === 'direct' && !isCurrent())
        throw new SecaError('AccessUndecided', 'kube-apiserver does not tell whether roles have changed; try again')
      return authorizer.authorize(caller, attempt, signal)
    },
  }
}
