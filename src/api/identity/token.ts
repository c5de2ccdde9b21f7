import { hash as digest } from 'node:crypto'
import { errors, jwtVerify, type JWTPayload } from 'jose'
import { LRUCache } from 'lru-cache'
import { SecaError } from '../../errors.ts'
import { refused } from './bearer.ts'
import type { DirectCaller, TokenScope } from '../contract.ts'
import type { Keys } from './keys.ts'
import type { Revocation } from './revocation.ts'

/** Signatures that may be asked for: all asymmetric, so that a public key can never pass for a secret. */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA', 'Ed25519'] as const

export interface TokensOptions {
  readonly keys: Pick<Keys, 'current' | 'find'>
  readonly issuer: string
  readonly audience: string
  readonly clockToleranceS: number
  readonly revocation?: Revocation
  readonly now?: () => number
}

interface Known {
  readonly caller: DirectCaller
  readonly generation: number
  readonly expiresAt: number
}

const MAX_TOKEN = 16_384
/** Longest subject that a role assignment can name. */
const MAX_SUBJECT = 128

/** Verifies the tokens of one issuer. A token that was verified is known by its hash until it expires or the keys change. */
export class Tokens {
  readonly #options: TokensOptions
  readonly #known = new LRUCache<string, Known>({ max: 20_000 })

  constructor(options: TokensOptions) {
    this.#options = options
  }

  /** Throws `Unauthenticated`, or 503 when the issuer would have to be asked and does not answer. */
  async verify(token: string): Promise<DirectCaller> {
    if (token.length > MAX_TOKEN) throw refused('it is longer than 16 KiB')
    const { keys, revocation, now = Date.now } = this.#options
    const hash = digest('sha256', token, 'base64')
    const generation = await keys.current()
    let known = this.#known.get(hash)
    if (known === undefined || known.generation !== generation || known.expiresAt <= now()) {
      known = await this.#check(token)
      this.#known.set(hash, known)
    }
    await revocation?.check(token, hash, known.caller.subject)
    return known.caller
  }

  async #check(token: string): Promise<Known> {
    const { keys, issuer, audience, clockToleranceS, now = Date.now } = this.#options
    const generation = await keys.current()
    let payload: JWTPayload
    try {
      const options = { algorithms: [...ALGORITHMS], issuer, audience, clockTolerance: clockToleranceS, requiredClaims: ['exp', 'sub'] }
      payload = (await jwtVerify(token, keys.find, { ...options, currentDate: new Date(now()) })).payload
    } catch (error) {
      if (error instanceof SecaError) throw error
      throw refused(explain(error), error)
    }
    const expiresAt = ((payload.exp ?? 0) + clockToleranceS) * 1000
    return { caller: callerOf(payload), generation, expiresAt }
  }
}

/** What a client may know: which check failed, and nothing of the token. */
function explain(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim "${error.claim}" is missing or wrong`
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its signature algorithm is not allowed'
  if (error instanceof errors.JWKSNoMatchingKey) return 'its issuer has no such key'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong'
  return 'it is malformed'
}

/** Identity and narrowing of a verified token (contract §7.1, §11.21). Roles never come from it. */
function callerOf(payload: JWTPayload): DirectCaller {
  const subject = payload.sub
  // Not `*`: the workspace's creator is written into a role assignment, where that means everyone.
  if (typeof subject !== 'string' || subject === '' || subject === '*') throw refused('its claim "sub" names nobody')
  if (subject.length > MAX_SUBJECT) throw refused(`its claim "sub" is longer than ${MAX_SUBJECT} characters`)
  return { door: 'direct', subject, scope: scopeOf(payload) }
}

function scopeOf(payload: JWTPayload): TokenScope {
  const scope = payload['scope']
  if (Array.isArray(scope)) throw refused('its claim "scope" is a list')
  // OAuth2 puts a string here: permissions of another world.
  if (!['object', 'string', 'undefined'].includes(typeof scope)) throw refused('its claim "scope" is neither an object nor a text')
  const given = typeof scope === 'object' && scope !== null ? (scope as Record<string, unknown>) : {}
  const list = (name: 'tenants' | 'regions' | 'workspaces') => {
    const value = names(given[name], `scope.${name}`)
    // As in role assignments, an empty list is no restriction.
    return value?.length === 0 ? undefined : value
  }
  // What the issuer asserts: an empty list asserts none.
  const asserted = names(payload['tenants'], 'tenants')
  const scoped = list('tenants')
  const tenants = asserted === undefined ? scoped : asserted.filter((tenant) => scoped === undefined || scoped.includes(tenant))
  const [regions, workspaces] = [list('regions'), list('workspaces')]
  return {
    ...(tenants === undefined ? {} : { tenants }),
    ...(regions === undefined ? {} : { regions }),
    ...(workspaces === undefined ? {} : { workspaces }),
  }
}

/** A list of names; anything else would narrow in a way that we do not understand, so the token is refused. */
function names(value: unknown, claim: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  const list: unknown[] = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [undefined]
  if (list.every((one) => typeof one === 'string')) return list
  throw refused(`its claim "${claim}" is not a list of names`)
}
