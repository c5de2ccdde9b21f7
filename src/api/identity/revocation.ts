import { LRUCache } from 'lru-cache'
import { asError, SecaError } from '../../errors.ts'
import type { Log } from '../../observe/log.ts'
import { refused } from './bearer.ts'
import type { FetchJson } from './issuer-fetch.ts'

export interface RevocationOptions {
  /** URL of the issuer's userinfo endpoint; asked for when first needed. */
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
  readonly at: number
  readonly isRevoked: boolean
}

/** Asks the issuer whether a token still holds (`GET /userinfo` answers 401 for a revoked one; SECA.md §7.1). */
export class Revocation {
  readonly #options: Required<RevocationOptions>
  readonly #answers = new LRUCache<string, Answer>({ max: 20_000 })
  readonly #asking = new Map<string, Promise<Answer>>()
  #endpoint: string | undefined

  constructor(options: RevocationOptions) {
    this.#options = { cachedMs: 60_000, now: () => performance.now(), ...options }
  }

  /** Throws `Unauthenticated` for a revoked token, 503 when nobody knows. `hash` stands for the token in memory. */
  async check(token: string, hash: string, subject: string): Promise<void> {
    const { now, cachedMs } = this.#options
    let answer = this.#answers.get(hash)
    if (answer === undefined || now() - answer.at > cachedMs) answer = await this.#ask(token, hash, subject)
    if (answer.isRevoked) throw refused('it was revoked')
  }

  async #ask(token: string, hash: string, subject: string): Promise<Answer> {
    const { now, lastGoodMs, log } = this.#options
    let asking = this.#asking.get(hash)
    if (asking === undefined) {
      asking = this.#request(token, subject).finally(() => this.#asking.delete(hash))
      this.#asking.set(hash, asking)
    }
    try {
      const answer = await asking
      this.#answers.set(hash, answer)
      return answer
    } catch (error) {
      const last = this.#answers.get(hash)
      log.warn({ err: asError(error).message }, 'the token issuer does not say whether a token was revoked')
      if (last !== undefined && now() - last.at <= lastGoodMs) return last
      throw new SecaError('IdentityUnavailable', 'the token issuer does not say whether the token was revoked; try again later', {
        cause: error,
      })
    }
  }

  async #request(token: string, subject: string): Promise<Answer> {
    const { endpoint, fetchJson, now } = this.#options
    this.#endpoint ??= await endpoint()
    const { status, body } = await fetchJson(this.#endpoint, { authorization: `Bearer ${token}` })
    if (status === 401) return { at: now(), isRevoked: true }
    if (status !== 200) throw new Error(`${this.#endpoint} answers ${status}`)
    // OpenID Connect Core §5.3.2: an answer about somebody else must not be used.
    const { sub } = (body ?? {}) as { sub?: unknown }
    if (sub !== undefined && sub !== subject) throw new Error(`${this.#endpoint} answers about another subject`)
    return { at: now(), isRevoked: false }
  }
}
