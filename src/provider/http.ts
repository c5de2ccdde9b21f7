import { Agent, type Dispatcher } from 'undici'
import type { Account, CallContext } from './contract.ts'
import { aborted } from './budget.ts'
import { deadline } from '../deadline.ts'
import { type FailureClass, type FailureOptions, ProviderError } from './errors.ts'
import { fenced } from './fence.ts'

export interface HttpOptions {
  /** Where the cloud's API begins; no trailing slash needed. */
  readonly baseUrl: string
  readonly account: Pick<Account<unknown, unknown>, 'acquire' | 'pause' | 'fence' | 'dispatcher'>
  /** Headers of every request, credentials among them; asked each time, so that a token may be renewed. */
  readonly headers: (context: CallContext) => Record<string, string> | Promise<Record<string, string>>
  /** Blotted out of every message. */
  readonly secrets: readonly string[]
  /** For the whole exchange, 30 s if absent. */
  readonly timeoutMs?: number
  /** Connections per host, 16 if absent. */
  readonly connections?: number
  /** PEM of the cloud's certificate authority, where it is a private one. */
  readonly ca?: string
  /** What a status means in this cloud, where it differs from the usual; sees the parsed body. */
  readonly classify?: (status: number, body: unknown) => FailureClass | undefined
}

interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the base URL, or a full URL. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the cloud is another one afterwards: then it leaves only while the account's fence holds. Absent: all but GET. */
  readonly changes?: boolean
}

interface HttpAnswer<T> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed JSON; undefined when the answer is empty. */
  readonly body: T
}

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
 * the answer or a {@link ProviderError}; nothing is retried here, the engine does that.
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
    this.#agent = dispatcher ?? new Agent({ connections: options.connections ?? 16, allowH2: false, connect })
    this.#fenced = fence === undefined ? this.#agent : this.#agent.compose(fenced(fence))
  }

  /** The answer's body. */
  async call<T>(request: HttpRequest, context: CallContext): Promise<T> {
    return (await this.exchange<T>(request, context)).body
  }

  async exchange<T>(request: HttpRequest, context: CallContext): Promise<HttpAnswer<T>> {
    await this.#options.account.acquire(context)
    const url = this.#url(request)
    const headers = { accept: 'application/json', ...(await this.#options.headers(context)), ...request.headers }
    const limit = deadline(context.signal, this.#options.timeoutMs ?? 30_000)
    const text = request.body === undefined ? undefined : JSON.stringify(request.body)
    const dispatcher = (request.changes ?? request.method !== 'GET') ? this.#fenced : this.#agent
    let answer: { status: number; headers: HttpAnswer<T>['headers']; text: string }
    try {
      const response = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: text === undefined ? headers : { ...headers, 'content-type': 'application/json' },
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

  #judge<T>(request: HttpRequest, url: URL, answer: { status: number; headers: HttpAnswer<T>['headers']; text: string }): HttpAnswer<T> {
    const { status, headers, text } = answer
    const body = parse(text)
    if (status >= 200 && status < 300 && body !== MALFORMED) return { status, headers, body: body as T }
    const about = `(${request.method} ${url.pathname}, ${status})`
    if (status < 300) throw new ProviderError('transient', `the answer was not JSON ${about}`)
    const failure = this.#options.classify?.(status, body) ?? classify(status)
    const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now())
    if (failure === 'throttled') this.#options.account.pause?.(retryAfterMs ?? 1000)
    const words = this.#blot(cloudWords(body) ?? STANDING_WORDS[failure])
    throw new HttpFailure(failure, `${words} ${about}`, { status, body, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
  }

  #url(request: HttpRequest): URL {
    const url = new URL(/^https?:/.test(request.path) ? request.path : this.#base + request.path)
    for (const [key, value] of Object.entries(request.query ?? {})) if (value !== undefined) url.searchParams.set(key, String(value))
    return url
  }

  #blot(text: string): string {
    return this.#options.secrets.reduce((sum, secret) => (secret === '' ? sum : sum.replaceAll(secret, '[redacted]')), text)
  }

  /** Ends when running calls have ended; abort their signals first. */
  async close(): Promise<void> {
    await this.#agent.close()
  }
}

const STANDING_WORDS = {
  transient: 'the cloud is not able to answer',
  throttled: 'the cloud asks for fewer requests',
  rejected: 'the cloud refused the request',
  unsupported: 'the cloud does not support this',
  credentials: 'the cloud refused the credentials',
  foreign: "the cloud object is somebody else's",
} as const satisfies Record<FailureClass, string>

function classify(status: number): FailureClass {
  if (status === 401 || status === 403) return 'credentials'
  if (status === 429) return 'throttled'
  if (status >= 500 || status === 408 || status === 425) return 'transient'
  return 'rejected'
}

/** Retry-After (RFC 9110 §10.2.3) in milliseconds from `now`: seconds or an HTTP date. */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim()
  if (!text) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
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

const WORDS = ['message', 'detail', 'title', 'error_description', 'error', 'errors', 'fault', 'reason'] as const

/** What the cloud says in an error body, wherever it keeps it: clouds wrap it in one object (`{error: {message}}`) or list it. */
function cloudWords(body: unknown, depth = 0): string | undefined {
  if (typeof body === 'string') return body.trim().slice(0, 1000) || undefined
  if (typeof body !== 'object' || body === null || depth > 3) return undefined
  if (Array.isArray(body)) return cloudWords(body[0], depth + 1)
  const fields = body as Record<string, unknown>
  const known = WORDS.map((key) => cloudWords(fields[key], depth + 1)).find((words) => words !== undefined)
  const values = Object.values(fields)
  return known ?? (values.length === 1 ? cloudWords(values[0], depth + 1) : undefined)
}

function connectionTrouble(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return `the cloud cannot be reached: ${message}${code === '' || message.includes(code) ? '' : ` [${code}]`}`
}
