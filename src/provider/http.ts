import { Agent, type Dispatcher } from 'undici'
import type { Account, CallContext } from './contract.ts'
import { aborted } from './budget.ts'
import { deadline } from '../deadline.ts'
import { type FailureClass, type FailureOptions, ProviderError } from './errors.ts'
import { fenced } from './fence.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { TokenCache } from './token.ts'
import { wordsOf } from './words.ts'

export interface HttpOptions {
  /** Where the cloud's API begins; no trailing slash needed. */
  readonly baseUrl: string
  readonly account: Pick<Account<unknown, unknown>, 'acquire' | 'pause' | 'observe' | 'fence' | 'dispatcher' | 'userAgent'>
  /** Headers of every request, credentials among them unless `token` gives them. */
  readonly headers?: (context: CallContext) => Record<string, string> | Promise<Record<string, string>>
  /** Token that is fetched and renewed; after a 401 a request is made once more, with a new one. */
  readonly token?: TokenCache
  /** Header that carries the token; `authorization: Bearer …` if absent. */
  readonly tokenHeader?: (token: string) => Readonly<Record<string, string>>
  /** Blotted out of every message. */
  readonly secrets: readonly string[]
  /** For the whole exchange, 30 s if absent. */
  readonly timeoutMs?: number
  /** Connections per host; absent: more than calls of one account are made at a time, so that those which hang hold up no other. */
  readonly connections?: number
  /** PEM of the cloud's certificate authority, where it is a private one. */
  readonly ca?: string
  /** What a status means in this cloud, where it differs from the usual; sees the parsed body. */
  readonly classify?: (status: number, body: unknown, about: Asked) => FailureClass | undefined
  /** What an error body says to people, where the usual places are not it. */
  readonly words?: (body: unknown) => string | undefined
}

/** The request that a failure is about. */
export interface Asked {
  readonly method: HttpRequest['method']
  /** Of the URL. */
  readonly path: string
  /** Of the answer. */
  readonly headers: HttpAnswer<unknown>['headers']
}

type Value = string | number | boolean
export type Query = Readonly<Record<string, Value | readonly Value[] | undefined>>

interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the base URL, or a full URL. */
  readonly path: string
  /** A list is sent as the key again and again. */
  readonly query?: Query
  /** Sent as JSON… */
  readonly body?: unknown
  /** …or as a form. */
  readonly form?: Readonly<Record<string, string>>
  /** The answer is text, whatever it is: a file, YAML. Failures are read all the same. */
  readonly raw?: true
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the cloud is another one afterwards: then it leaves only while the account's fence holds. Absent: all but GET. */
  readonly changes?: boolean
}

interface HttpAnswer<T> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed JSON, undefined when the answer is empty; the text of a `raw` request. */
  readonly body: T
}

interface Answer {
  readonly status: number
  readonly headers: HttpAnswer<unknown>['headers']
  readonly text: string
}

const CONNECTIONS = 64

/** The cloud answered, and it was no success. */
export class HttpFailure extends ProviderError {
  readonly status: number
  readonly body: unknown
  constructor(failure: FailureClass, message: string, options: FailureOptions & { status: number; body: unknown }) {
    super(failure, message, options)
    this.name = 'HttpFailure'
    this.status = options.status
    this.body = options.body
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof HttpFailure && (thrown.status === 404 || thrown.status === 410)
}

/** Answers `undefined` where the cloud says 404. */
export async function orMissing<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw thrown
  }
}

/**
 * JSON over a pool of connections, for adapters. Every call waits for the account's budget, carries the caller's signal and ends in
 * the answer or a {@link ProviderError}. Nothing is retried here, the engine does that; but a token that has become old is renewed.
 */
export class HttpClient {
  readonly #options: HttpOptions
  readonly #base: string
  readonly #agent: Dispatcher
  readonly #fenced: Dispatcher

  constructor(options: HttpOptions) {
    this.#options = options
    this.#base = options.baseUrl.replace(/\/+$/, '')
    const { fence, dispatcher } = options.account
    const connect = { timeout: 10_000, ...(options.ca === undefined ? {} : { ca: options.ca }) }
    this.#agent = dispatcher ?? new Agent({ connections: options.connections ?? CONNECTIONS, allowH2: false, connect })
    this.#fenced = fence === undefined ? this.#agent : this.#agent.compose(fenced(fence))
  }

  /** The answer's body. */
  async call<T>(request: HttpRequest, context: CallContext): Promise<T> {
    return (await this.exchange<T>(request, context)).body
  }

  async exchange<T>(request: HttpRequest, context: CallContext): Promise<HttpAnswer<T>> {
    const { token } = this.#options
    const value = await token?.get(context)
    try {
      return await this.#exchange<T>(request, context, value)
    } catch (thrown) {
      if (token === undefined || value === undefined || !(thrown instanceof HttpFailure) || thrown.status !== 401) throw thrown
      token.refuse(value)
      return this.#exchange<T>(request, context, await token.get(context))
    }
  }

  async #exchange<T>(request: HttpRequest, context: CallContext, token: string | undefined): Promise<HttpAnswer<T>> {
    const { acquire, userAgent } = this.#options.account
    await acquire(context)
    const url = this.#url(request)
    const { tokenHeader = bearer } = this.#options
    const authorization = token === undefined ? {} : tokenHeader(token)
    const agent = userAgent === undefined ? {} : { 'user-agent': userAgent }
    const headers = {
      accept: 'application/json',
      ...agent,
      ...authorization,
      ...(await this.#options.headers?.(context)),
      ...request.headers,
    }
    const limit = deadline(context.signal, this.#options.timeoutMs ?? 30_000)
    const { text, type } = encoded(request)
    const dispatcher = (request.changes ?? request.method !== 'GET') ? this.#fenced : this.#agent
    let answer: Answer
    try {
      const response = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: text === undefined ? headers : { 'content-type': type, ...headers },
        body: text ?? null,
        signal: limit.signal,
      })
      answer = { status: response.statusCode, headers: response.headers, text: await response.body.text() }
    } catch (thrown) {
      // The fence: nothing was sent.
      if (thrown instanceof ProviderError) throw thrown
      if (context.signal.aborted) throw aborted(context.signal)
      const why = limit.isOver ? 'no answer in time' : connectionTrouble(thrown)
      throw new ProviderError('transient', `${this.#blot(why)} (${request.method} ${url.host}${url.pathname})`, { cause: thrown })
    } finally {
      limit.end()
    }
    return this.#judge<T>(request, url, answer)
  }

  #judge<T>(request: HttpRequest, url: URL, { status, headers, text }: Answer): HttpAnswer<T> {
    const { account, classify, words } = this.#options
    const isSuccess = status >= 200 && status < 300
    const body = isSuccess && request.raw === true ? text : parse(text)
    const about = `(${request.method} ${url.pathname}, ${status})`
    const failure = isSuccess
      ? undefined
      : (classify?.(status, body, { method: request.method, path: url.pathname, headers }) ?? meaning(status))
    const retryAfterMs = failure === undefined ? undefined : parseRetryAfter(headers['retry-after'], Date.now())
    if (failure === 'throttled') account.pause?.(retryAfterMs)
    else account.observe?.(headers)
    if (isSuccess && body !== MALFORMED) return { status, headers, body: body as T }
    if (failure === undefined || status < 300) throw new ProviderError('transient', `the answer was not JSON ${about}`)
    const said = this.#blot(words?.(body) ?? wordsOf(body) ?? STANDING_WORDS[failure])
    throw new HttpFailure(failure, `${said} ${about}`, { status, body, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
  }

  #url(request: HttpRequest): URL {
    const url = new URL(/^https?:/.test(request.path) ? request.path : this.#base + request.path)
    for (const [key, value] of Object.entries(request.query ?? {}))
      for (const one of Array.isArray(value) ? (value as readonly Value[]) : [value as Value | undefined])
        if (one !== undefined) url.searchParams.append(key, String(one))
    return url
  }

  #blot(text: string): string {
    return [...this.#options.secrets, ...(this.#options.token?.secrets ?? [])].reduce(
      (sum, secret) => (secret === '' ? sum : sum.replaceAll(secret, '[redacted]')),
      text,
    )
  }

  /** Ends when running calls have ended; abort their signals first. */
  async close(): Promise<void> {
    await this.#agent.close()
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const STANDING_WORDS = {
  transient: 'the cloud is not able to answer',
  throttled: 'the cloud asks for fewer requests',
  waiting: 'the cloud cannot do this at the moment',
  quota: 'a limit of the cloud account is reached',
  rejected: 'the cloud refused the request',
  unsupported: 'the cloud does not support this',
  credentials: 'the cloud refused the credentials',
  foreign: "the cloud object is somebody else's",
} as const satisfies Record<FailureClass, string>

/** A 403 is about one request: another kind, another place may be allowed. */
function meaning(status: number): FailureClass {
  if (status === 401) return 'credentials'
  if (status === 429) return 'throttled'
  if (status >= 500 || status === 408 || status === 425) return 'transient'
  return 'rejected'
}

const MALFORMED = Symbol('not JSON')

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return MALFORMED
  }
}

function encoded({ body, form }: HttpRequest): { readonly text: string | undefined; readonly type: string } {
  if (form !== undefined) return { text: new URLSearchParams(form).toString(), type: 'application/x-www-form-urlencoded' }
  return { text: body === undefined ? undefined : JSON.stringify(body), type: 'application/json' }
}

function connectionTrouble(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return `the cloud cannot be reached: ${message}${code === '' || message.includes(code) ? '' : ` [${code}]`}`
}
