import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { asError, SecaError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import { refused } from './bearer.ts'
import type { KubernetesCaller } from './front-proxy.ts'

const CACHED_MS = 10_000
const TIMEOUT_MS = 10_000

interface Review {
  readonly status?: {
    readonly authenticated?: boolean
    readonly error?: string
    readonly user?: { username?: string; uid?: string; groups?: readonly string[]; extra?: Readonly<Record<string, readonly string[]>> }
  }
}

/** Kubernetes users that come to the aggregated port with a token of their own: kube-apiserver says who they are. */
export class TokenReviews {
  readonly #client: KubeClient
  readonly #answers = new LRUCache<string, { caller: KubernetesCaller | undefined }>({ max: 10_000, ttl: CACHED_MS })

  constructor(client: KubeClient) {
    this.#client = client
  }

  /** Throws `Unauthenticated`, or 503 when kube-apiserver does not say. */
  async authenticate(token: string): Promise<KubernetesCaller> {
    const hash = createHash('sha256').update(token).digest('base64')
    let answer = this.#answers.get(hash)
    if (answer === undefined) {
      answer = { caller: await this.#ask(token) }
      this.#answers.set(hash, answer)
    }
    if (answer.caller === undefined) throw refused('kube-apiserver does not know it')
    return answer.caller
  }

  async #ask(token: string): Promise<KubernetesCaller | undefined> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    let review: Review
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      review = await this.#client.raw<Review>('POST', '/apis/authentication.k8s.io/v1/tokenreviews', body, { signal })
    } catch (error) {
      throw new SecaError('IdentityUnavailable', 'kube-apiserver does not say whose token this is; try again', { cause: asError(error) })
    }
    const { authenticated, user } = review.status ?? {}
    if (authenticated !== true || user?.username === undefined || user.username === '') return undefined
    const { username, uid, groups = [], extra = {} } = user
    return { door: 'aggregated', username, ...(uid === undefined || uid === '' ? {} : { uid }), groups, extra }
  }
}
