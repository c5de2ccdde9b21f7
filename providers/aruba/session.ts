import { Agent } from 'undici'
import type { Account, CallContext } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { HttpClient } from '../../src/provider/http.ts'
import { type Token, TokenCache } from '../../src/provider/token.ts'
import { classify } from './failures.ts'
import type { Credentials, Settings } from './settings.ts'

interface TokenAnswer {
  readonly access_token?: string
  /** Seconds. */
  readonly expires_in?: number
}

/** The API, with an access token of the account's client credentials. */
export class Session {
  readonly settings: Settings
  /** Location of everything that is made, `ITBG-Bergamo`. */
  readonly location: string
  readonly http: HttpClient
  readonly #clientId: string
  readonly #tokens: TokenCache
  readonly #agent: NonNullable<Account<unknown, unknown>['dispatcher']>

  constructor(account: Account<Settings, Credentials>) {
    const { ca, endpoint, tokenUrl } = account.settings
    const { clientId, clientSecret } = account.credentials
    this.settings = account.settings
    this.location = account.cloudRegion
    this.#clientId = clientId
    this.#agent = account.dispatcher ?? new Agent({ allowH2: false, connect: { timeout: 10_000, ...(ca === undefined ? {} : { ca }) } })
    const shared = { account: { ...account, dispatcher: this.#agent }, secrets: [clientSecret] }
    const login = new HttpClient({ ...shared, baseUrl: tokenUrl })
    this.#tokens = new TokenCache({
      fetch: async (context): Promise<Token> => {
        const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
        const answer = await login.call<TokenAnswer | undefined>({ method: 'POST', path: '', form, changes: false }, context)
        const { access_token: value, expires_in: seconds } = answer ?? {}
        if (value === undefined) throw new ProviderError('rejected', 'what answers at settings.tokenUrl gives no access tokens')
        return { value, ...(seconds === undefined ? {} : { expiresInMs: seconds * 1_000 }) }
      },
    })
    this.http = new HttpClient({ ...shared, baseUrl: endpoint, token: this.#tokens, classify })
  }

  async check(context: CallContext): Promise<{ readonly account: string }> {
    await this.http.call({ method: 'GET', path: '/projects', query: { limit: 1 } }, context)
    return { account: subjectOf(await this.#tokens.get(context)) ?? this.#clientId }
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }
}

/** Whom a token is of: the user account that made the key, so that a new key is still the same account. */
export function subjectOf(token: string): string | undefined {
  try {
    const { sub } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { sub?: unknown }
    return typeof sub === 'string' && sub !== '' ? sub : undefined
  } catch {
    return undefined
  }
}
