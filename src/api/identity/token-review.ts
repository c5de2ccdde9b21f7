import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { asError, SecaError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import { refused } from './bearer.ts'
import type { KubernetesCaller } from './front-proxy.ts'
import { Gate } from './gate.ts'

const CACHED_MS = 10_000
const TIMEOUT_MS = 10_000
/** Anybody can send unknown tokens: the questions about them take this many of the connections to kube-apiserver, and others wait. */
const ASKED = 4
const WAITING = 256

interface Known {
  readonly caller: KubernetesCaller | undefined
}

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
  readonly #answers = new LRUCache<string, Known>({ max: 10_000, ttl: CACHED_MS, perf: systemClock })
  readonly #asking = new Map<string, Promise<Known>>()
  readonly #gate = new Gate(ASKED, WAITING)

  constructor(client: KubeClient) {
    this.#client = client
  }

  /** Throws `Unauthenticated`, or 503 when kube-apiserver does not say. */
  async authenticate(token: string): Promise<KubernetesCaller> {
    const hash = createHash('sha256').update(token).digest('base64')
    const { caller } = this.#answers.get(hash) ?? (await this.#learn(token, hash))
    if (caller === undefined) throw refused('kube-apiserver does not know it')
    return caller
  }

  /** Many requests with one token share one question. */
  async #learn(token: string, hash: string): Promise<Known> {
    const known = this.#asking.get(hash)
    if (known !== undefined) return known
    const asking = this.#gate.run(async () => {
      // What was true when it was asked for counts from then.
      const start = systemClock.now()
      const answer = { caller: await this.#ask(token) }
      this.#answers.set(hash, answer, { start })
      return answer
    })
    if (asking === undefined) throw new SecaError('IdentityUnavailable', 'too many unknown tokens at a time; try again')
    this.#asking.set(hash, asking)
    try {
      return await asking
    } finally {
      this.#asking.delete(hash)
    }
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
