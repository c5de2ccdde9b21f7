import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Reply } from '../../stand-in/call.ts'

const REALM = '/auth/realms/cmp-new-apikey/protocol/openid-connect/token'
/** Path of the token endpoint. */
export const TOKEN_PATH: readonly string[] = REALM.split('/').slice(1)

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Access tokens for client credentials: they expire. */
export class Tokens {
  /** Secrets of the client that are good. */
  secrets: readonly string[]
  readonly #key = randomBytes(32)
  readonly #account: () => string

  constructor(secret: string, account: () => string) {
    this.secrets = [secret]
    this.#account = account
  }

  /** Answers a form of grant type client_credentials. */
  issue(body: unknown, now: number, lifeS: number): Reply {
    const { grant_type: type, client_secret: secret, client_id: client } = (body ?? {}) as Readonly<Record<string, string>>
    if (type !== 'client_credentials') return failure(400, 'unsupported_grant_type', 'Unsupported grant_type')
    if (!client || !this.secrets.includes(secret ?? ''))
      return failure(401, 'unauthorized_client', 'Invalid client or Invalid client credentials')
    const claims = encoded({ sub: this.#account(), exp: now / 1_000 + lifeS, jti: randomBytes(6).toString('hex') })
    const head = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${claims}`
    const body_ = {
      access_token: `${head}.${this.#sign(head)}`,
      expires_in: lifeS,
      token_type: 'Bearer',
      'not-before-policy': 0,
      scope: '',
    }
    return { status: 200, body: body_ }
  }

  /** Whether a token is ours, and its time is not over. */
  isGood(token: string, now: number): boolean {
    const [head = '', claims = '', mark = ''] = token.split('.')
    const right = Buffer.from(this.#sign(`${head}.${claims}`))
    if (right.length !== mark.length || !timingSafeEqual(right, Buffer.from(mark))) return false
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { exp: number }
    return now / 1_000 < exp
  }

  #sign(head: string): string {
    return createHmac('sha256', this.#key).update(head).digest('base64url')
  }
}

const failure = (status: number, error: string, error_description: string): Reply => ({ status, body: { error, error_description } })
