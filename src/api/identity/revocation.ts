import { LRUCache } from 'lru-cache'
import { asError, SecaError } from '../../errors.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Log } from '../../observe/log.ts'
import { refused } from './bearer.ts'
import type { FetchJson } from './issuer-fetch.ts'

export interface RevocationOptions {
  /** URL of the issuer's userinfo endpoint; asked for when first needed, and anew after trouble. */
  readonly endpoint: () => Promise<string>
  readonly fetchJson: FetchJson
  readonly log: Log
  /** How long an answer counts; at most this long a revoked token goes on working. */
  readonly cachedMs?: number
  /** How long the last answer counts while the issuer does not answer. */
  readonly lastGoodMs: number
  readonly now?: () => number
}

interface Answer {
  /** When it was asked for. */
  readonly at: number
  readonly isRevoked: boolean
  /** The last try since then that brought no answer. */
  readonly failedAt?: number
}

/** While the issuer is in trouble, it is asked about one token at most this often. */
const PAUSE_MS = 2_000
const NEVER: Answer = { at: Number.NEGATIVE_INFINITY, isRevoked: false }

const unknown = (cause?: unknown) =>
  new SecaError('IdentityUnavailable', 'the token issuer does not say whether the token was revoked; try again later', { cause })

/** Asks the issuer whether a token still holds (`GET /userinfo` answers 401 for a revoked one; contract §7.1). */
export class Revocation {
  readonly #options: Required<RevocationOptions>
  readonly #answers = new LRUCache<string, Answer>({ max: 20_000 })
  readonly #asking = new Map<string, Promise<Answer>>()
  #endpoint: Promise<string> | undefined

  constructor(options: RevocationOptions) {
    this.#options = { cachedMs: 60_000, now: systemClock.now, ...options }
  }

  /** Throws `Unauthenticated` for a revoked token, 503 when nobody knows. `hash` stands for the token in memory. */
  async check(token: string, hash: string, subject: string): Promise<void> {
    const { now, cachedMs } = this.#options
    const known = this.#answers.get(hash)
    const isPaused = known?.failedAt !== undefined && now() - known.failedAt < PAUSE_MS
    let answer = known
    if (known === undefined || !this.#counts(known)) {
      if (isPaused) throw unknown()
      answer = await this.#ask(token, hash, subject)
    } else if (now() - known.at > cachedMs / 2 && !isPaused) {
      // In good time: nobody shall wait for an issuer that is slow.
      this.#ask(token, hash, subject).catch(() => undefined)
    }
    if (answer?.isRevoked === true) throw refused('it was revoked')
  }

  /** An answer is good for a while, and for longer once the issuer was seen to be in trouble. */
  #counts({ at, failedAt }: Answer): boolean {
    const { now, cachedMs, lastGoodMs } = this.#options
    return now() - at <= (failedAt === undefined ? cachedMs : Math.max(cachedMs, lastGoodMs))
  }

  /** The issuer's answer, or, while it is in trouble, the last one. Many callers share one question. */
  #ask(token: string, hash: string, subject: string): Promise<Answer> {
    let asking = this.#asking.get(hash)
    if (asking === undefined) {
      asking = this.#answer(token, hash, subject).finally(() => this.#asking.delete(hash))
      this.#asking.set(hash, asking)
    }
    return asking
  }

  async #answer(token: string, hash: string, subject: string): Promise<Answer> {
    const { now, log } = this.#options
    try {
      const answer = await this.#request(token, subject)
      this.#answers.set(hash, answer)
      return answer
    } catch (error) {
      log.warn({ err: asError(error).message }, 'the token issuer does not say whether a token was revoked')
      const noted = { ...(this.#answers.get(hash) ?? NEVER), failedAt: now() }
      this.#answers.set(hash, noted)
      if (this.#counts(noted)) return noted
      throw unknown(error)
    }
  }

  async #request(token: string, subject: string): Promise<Answer> {
    const { endpoint, fetchJson, now } = this.#options
    const at = now()
    try {
      this.#endpoint ??= endpoint()
      const url = await this.#endpoint
      const { status, body } = await fetchJson(url, { authorization: `Bearer ${token}` })
      if (status === 401) return { at, isRevoked: true }
      if (status !== 200) throw new Error(`${url} answers ${status}`)
      // OpenID Connect Core §5.3.2: `sub` is always there, and an answer about somebody else must not be used.
      const { sub } = (typeof body === 'object' && body !== null ? body : {}) as { sub?: unknown }
      if (sub !== subject) throw new Error(`${url} answers ${sub === undefined ? 'without a subject' : 'about another subject'}`)
      return { at, isRevoked: false }
    } catch (error) {
      // It may have moved.
      this.#endpoint = undefined
      throw error
    }
  }
}
