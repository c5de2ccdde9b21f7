import { createPublicKey } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import {
  compactVerify,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWK,
  type JWSHeaderParameters,
  type CryptoKey,
} from 'jose'
import { asError, SecaError } from '../../errors.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Log } from '../../observe/log.ts'
import type { FetchJson } from './issuer-fetch.ts'

/** Where the issuer's public keys come from. */
interface KeySource {
  /** For messages. */
  readonly name: string
  load(): Promise<JSONWebKeySet>
}

export interface KeysOptions {
  readonly source: KeySource
  readonly log: Log
  /** Keys older than this are read again, in the background. */
  readonly refreshMs?: number
  /** An unknown key id makes us read again at most this often, whatever clients send. */
  readonly cooldownMs?: number
  /** While the issuer is down, the last keys serve this long. */
  readonly lastGoodMs: number
  readonly now?: () => number
}

interface KeySet {
  readonly text: string
  readonly find: (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>
  /** Counts the changes: what was verified with other keys is verified again. */
  readonly generation: number
}

/** The issuer's keys: rotated as the issuer does, and kept for a bounded time when it cannot be reached. */
export class Keys {
  readonly #options: Required<KeysOptions>
  #set: KeySet | undefined
  #loadedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | undefined

  constructor(options: KeysOptions) {
    this.#options = { refreshMs: 300_000, cooldownMs: 10_000, now: systemClock.now, ...options }
  }

  /** Number of the current set of keys. Throws (503) when there is none, or none that is recent enough. */
  async current(): Promise<number> {
    return (await this.#usable()).generation
  }

  /** jose's way to ask for the key of a token; an unknown key is looked for again at the issuer. */
  readonly find = async (header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> => {
    const set = await this.#usable()
    try {
      return await set.find(header, token)
    } catch (error) {
      const isFresh = this.#loading === undefined && this.#options.now() - this.#triedAt < this.#options.cooldownMs
      if (!(error instanceof errors.JWKSNoMatchingKey) || isFresh) throw error
      await this.#refresh().catch(() => undefined)
      return (await this.#usable()).find(header, token)
    }
  }

  async #usable(): Promise<KeySet> {
    const { now, refreshMs, cooldownMs, lastGoodMs } = this.#options
    const age = now() - this.#loadedAt
    const mayTry = now() - this.#triedAt >= cooldownMs
    if (this.#set === undefined || age > lastGoodMs) {
      if (mayTry || this.#loading !== undefined) await this.#refresh().catch(() => undefined)
    } else if (age > refreshMs && mayTry) this.#refresh().catch(() => undefined)
    if (this.#set !== undefined && now() - this.#loadedAt <= lastGoodMs) return this.#set
    throw new SecaError('IdentityUnavailable', 'the keys of the token issuer cannot be read; try again later')
  }

  /** Many callers share one load. */
  #refresh(): Promise<void> {
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined))
    return this.#loading
  }

  async #load(): Promise<void> {
    const { source, log, now } = this.#options
    this.#triedAt = now()
    try {
      const jwks = usableKeys(await source.load())
      this.#loadedAt = now()
      const text = JSON.stringify(jwks)
      if (text === this.#set?.text) return
      this.#set = { text, find: lookup(jwks), generation: (this.#set?.generation ?? 0) + 1 }
      log.info(
        { source: source.name, keys: jwks.keys.length, kids: jwks.keys.slice(0, 10).map(({ kid }) => kid) },
        'keys of the token issuer read',
      )
    } catch (error) {
      log.warn({ source: source.name, err: asError(error).message }, 'the keys of the token issuer cannot be read')
      throw error
    }
  }
}

/** Only public keys for signatures: a symmetric key in the list must never verify anything. */
function usableKeys(jwks: JSONWebKeySet): JSONWebKeySet {
  const keys = jwks.keys.filter(isUsable)
  if (keys.length === 0) throw new Error('there is no public key for signatures in it')
  return { keys: keys.map(publicPart) }
}

/** One that is broken must not take the others with it. */
function isUsable(key: unknown): key is JWK {
  const { kty, use } = (key ?? {}) as Readonly<Record<string, unknown>>
  return ['EC', 'RSA', 'OKP'].includes(String(kty)) && (use === undefined || use === 'sig')
}

const PRIVATE = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
const publicPart = (key: JWK): JWK => Object.fromEntries(Object.entries(key).filter(([name]) => !PRIVATE.has(name))) as JWK

/** By key id where the key has one; a key without (from a PEM file) may have signed any token of its algorithm. */
function lookup(jwks: JSONWebKeySet): KeySet['find'] {
  const find = createLocalJWKSet(jwks)
  const nameless = jwks.keys.filter(({ kid }) => kid === undefined)
  const findNameless = nameless.length === 0 ? undefined : createLocalJWKSet({ keys: nameless })
  return async (header, token) => {
    try {
      return await find(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return signerOf(error, token)
      if (!(error instanceof errors.JWKSNoMatchingKey) || findNameless === undefined || header.kid === undefined) throw error
    }
    const { kid: _, ...rest } = header
    try {
      return await findNameless(rest as JWSHeaderParameters, token)
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return signerOf(error, token)
      throw error
    }
  }
}

/** Keys that are tried on one token: each costs a signature, and whoever sends the token has shown nothing yet. */
const MAX_TRIED = 16

/** Of several keys that fit, the one whose signature it is. */
async function signerOf(keys: AsyncIterable<CryptoKey>, { protected: head, payload, signature }: FlattenedJWSInput): Promise<CryptoKey> {
  let tried = 0
  for await (const key of keys) {
    if (++tried > MAX_TRIED) break
    const isIt = await compactVerify(`${head}.${String(payload)}.${signature}`, key).then(
      () => true,
      () => false,
    )
    if (isIt) return key
  }
  throw new errors.JWSSignatureVerificationFailed()
}

function requireJwks(answer: { status: number; body: unknown }, url: string): JSONWebKeySet {
  const { keys } = (answer.body ?? {}) as { keys?: unknown }
  if (answer.status !== 200 || !Array.isArray(keys)) throw new Error(`${url} answers ${answer.status} and no set of keys`)
  return answer.body as JSONWebKeySet
}

/** Keys at a fixed URL. */
export function keysAtUrl(url: string, fetchJson: FetchJson): KeySource {
  return { name: url, load: async () => requireJwks(await fetchJson(url), url) }
}

/** The issuer's own description of itself (OpenID Connect Discovery). */
interface Discovered {
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string
}

export async function discover(issuer: string, fetchJson: FetchJson): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const { status, body } = await fetchJson(url)
  const document = (body ?? {}) as { issuer?: unknown; jwks_uri?: unknown; userinfo_endpoint?: unknown }
  if (status !== 200 || typeof document.jwks_uri !== 'string') throw new Error(`${url} answers ${status} and no jwks_uri`)
  // RFC 8414 §3.3: else one issuer could hand out another one's keys.
  if (document.issuer !== issuer) throw new Error(`${url} is about another issuer than ${issuer}`)
  return document as Discovered
}

export function keysOfIssuer(issuer: string, fetchJson: FetchJson): KeySource {
  return {
    name: issuer,
    load: async () => {
      const { jwks_uri: url } = await discover(issuer, fetchJson)
      return requireJwks(await fetchJson(url), url)
    },
  }
}

/** Keys in a file: a JWK set, or PEM public keys or certificates one after the other. Read again when the file moves. */
export function keysInFile(path: string): KeySource {
  let read: { mtimeMs: number; jwks: JSONWebKeySet } | undefined
  return {
    name: path,
    load: () => {
      const { mtimeMs } = statSync(path)
      if (read?.mtimeMs !== mtimeMs) read = { mtimeMs, jwks: parseKeys(readFileSync(path, 'utf8'), path) }
      return Promise.resolve(read.jwks)
    },
  }
}

export function parseKeys(text: string, path: string): JSONWebKeySet {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw new SecaError('InvalidConfiguration', `${path} holds a private key; the API needs the public one only`)
  const blocks = text.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g)
  if (blocks === null) return requireJwks({ status: 200, body: JSON.parse(text) }, path)
  return { keys: blocks.map((block) => createPublicKey(block).export({ format: 'jwk' }) as JWK) }
}
