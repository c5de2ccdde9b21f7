import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import { asError } from '../errors.ts'
import type { Metrics } from '../observe/metrics.ts'
import { fullJitter, systemClock } from './clock.ts'
import type { Credentials, Session } from './credentials.ts'
import { ApiError, apiErrorFrom } from './errors.ts'
import { type Answer, call, ConnectionError, openLines } from './exchange.ts'
import type { Pace } from './pace.ts'
import { asYaml } from './yaml-text.ts'

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With query, below the server's own prefix. */
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  /** For the metric and for messages. */
  readonly verb: string
  readonly resource: string
  /** May be sent twice: tried again even when the first try may have been carried out. */
  readonly idempotent: boolean
  readonly signal?: AbortSignal | undefined
}

export interface TransportOptions {
  readonly credentials: Credentials
  readonly userAgent: string
  readonly metrics?: Pick<Metrics, 'apiCalls'> | undefined
  /** Time to the first byte, and between bytes; a connection gets 10 s. */
  readonly timeoutMs?: number
  /** Writes wait for their turn there, all but those of Leases; absent: at once. */
  readonly pace?: Pick<Pace, 'run'> | undefined
  readonly random?: () => number
}

const TRIES = 4
/** Above this the caller's own backoff is the better place to wait. */
const MAX_RETRY_AFTER_MS = 10_000
const CONNECTIONS = 24
/** Who leads must not wait behind what there is to do. */
const URGENT = 'leases'
const RETRY = { baseMs: 50, maxMs: 2_000 }

interface Pools {
  readonly key: Session['tls'] & { server: string; proxy: string | undefined }
  readonly prefix: string
  readonly origin: string
  readonly calls: Dispatcher
  readonly watches: Dispatcher
}

/** HTTP to kube-apiserver: kept connections, bounded retries, one error type. Throws `ApiError` or the signal's reason. */
export class Transport {
  readonly #options: TransportOptions
  #pools: Pools | undefined
  #closed = false
  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** The answer's JSON, or text when it is none. */
  async send(request: Request): Promise<unknown> {
    const body = textOf(request)
    let refreshed = false
    for (let tries = 1; ; tries++) {
      let answer: Answer
      try {
        answer = await this.#once(request, body)
      } catch (thrown) {
        if (!(thrown instanceof ConnectionError)) throw thrown
        this.#count(request, thrown.code)
        // A timeout is not tried again: the answer may be minutes away, and the caller has a queue.
        const again = (!thrown.sent || request.idempotent) && !thrown.code.endsWith('_TIMEOUT')
        if (!again || tries >= TRIES || this.#closed) throw noAnswer(request, thrown)
        await this.#pause(fullJitter(tries, RETRY, this.#options.random ?? Math.random), request.signal)
        continue
      }
      this.#count(request, String(answer.status))
      if (answer.status < 300) return parse(answer.body)
      const error = refusal(request, answer)
      if (answer.status === 401 && !refreshed) {
        refreshed = true
        await this.#options.credentials.refresh()
        continue
      }
      const waitMs = error.retryAfterMs
      // With Retry-After the server says that it has done nothing: safe for every verb.
      const busy = (answer.status === 429 || answer.status >= 500) && waitMs !== undefined && waitMs <= MAX_RETRY_AFTER_MS
      if (!busy || tries >= TRIES) throw error
      await this.#pause(waitMs * (1 + 0.2 * (this.#options.random ?? Math.random)()), request.signal)
    }
  }

  /** What the server's clock says (epoch milliseconds, whole seconds), on any answer; NaN when it says nothing. */
  async serverTime(signal: AbortSignal | undefined): Promise<number> {
    const request = { method: 'GET', path: '/version', verb: 'raw', resource: 'raw', idempotent: true, signal } as const
    try {
      return Date.parse((await this.#once(request, undefined)).date ?? '')
    } catch (thrown) {
      throw thrown instanceof ConnectionError ? noAnswer(request, thrown) : thrown
    }
  }

  /** Batches of lines of a watch; ends when the server ends it. Nothing is tried again here: the reflector does that. */
  async lines(request: Request & { signal: AbortSignal }): Promise<AsyncIterable<string[]>> {
    for (let tries = 1; ; tries++) {
      const session = await this.#options.credentials.current()
      const pools = this.#connect(session)
      const options = this.#dispatch(request, undefined, session, pools)
      let outcome: AsyncIterable<string[]> | Answer
      try {
        outcome = await openLines(pools.watches, options, request.signal)
      } catch (thrown) {
        if (!(thrown instanceof ConnectionError)) throw thrown
        this.#count(request, thrown.code)
        throw noAnswer(request, thrown)
      }
      const refused = Symbol.asyncIterator in outcome ? undefined : outcome
      this.#count(request, String(refused?.status ?? 200))
      if (Symbol.asyncIterator in outcome) return outcome
      if (outcome.status !== 401 || tries > 1) throw refusal(request, outcome)
      await this.#options.credentials.refresh()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const pools = this.#pools
    this.#pools = undefined
    await Promise.all([pools?.calls.destroy(), pools?.watches.destroy()])
  }

  async #once(request: Request, body: string | undefined): Promise<Answer> {
    const current = this.#options.credentials.current()
    // Awaiting what is already there would cost a turn of the loop per request.
    const session = current instanceof Promise ? await current : current
    const pools = this.#connect(session)
    const send = () => call(pools.calls, this.#dispatch(request, body, session, pools), request.signal)
    const { pace } = this.#options
    return pace === undefined || request.method === 'GET' || request.resource === URGENT ? send() : pace.run(send, request.signal)
  }

  #dispatch(request: Request, body: string | undefined, session: Session, pools: Pools): Dispatcher.DispatchOptions {
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': this.#options.userAgent, ...session.headers }
    if (body !== undefined) headers['content-type'] = request.contentType ?? 'application/json'
    return { origin: pools.origin, path: pools.prefix + request.path, method: request.method, headers, body: body ?? null }
  }

  /** The pools of a session; new ones when certificates moved, and the old ones close once they are idle. */
  #connect(session: Session): Pools {
    if (this.#closed) throw new ApiError('the Kubernetes client is closed', { status: 0, reason: 'Closed' })
    const old = this.#pools
    if (old !== undefined && same(old.key, session)) return old
    const { origin, pathname } = new URL(session.server)
    const timeoutMs = this.#options.timeoutMs ?? 30_000
    const tls = { ...session.tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 }
    const shared = { allowH2: false, pipelining: 1, headersTimeout: timeoutMs, keepAliveTimeout: 30_000 }
    const make = (own: { connections: number | null; bodyTimeout: number }): Dispatcher =>
      session.proxy === undefined
        ? new Pool(origin, { ...shared, ...own, connect: tls })
        : new ProxyAgent({ ...shared, ...own, uri: session.proxy, requestTls: tls })
    this.#pools = {
      key: { ...session.tls, server: session.server, proxy: session.proxy },
      origin,
      prefix: pathname === '/' ? '' : pathname,
      calls: make({ connections: CONNECTIONS, bodyTimeout: timeoutMs }),
      watches: make({ connections: null, bodyTimeout: 0 }),
    }
    if (old !== undefined) void Promise.allSettled([old.calls.close(), old.watches.close()])
    return this.#pools
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await systemClock.sleep(ms, signal)
    signal?.throwIfAborted()
  }

  #count(request: Request, code: string): void {
    this.#options.metrics?.apiCalls.inc({ verb: request.verb, resource: request.resource, code })
  }
}

/** Sessions are kept between checks, so the usual case is one comparison of identities per field. */
function same(key: Pools['key'], session: Session): boolean {
  const tls = session.tls
  return (
    key.server === session.server &&
    key.proxy === session.proxy &&
    key.servername === tls.servername &&
    key.rejectUnauthorized === tls.rejectUnauthorized &&
    equal(key.ca, tls.ca) &&
    equal(key.cert, tls.cert) &&
    equal(key.key, tls.key)
  )
}

function equal(a: string | Buffer | undefined, b: string | Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Buffer.from(a).equals(Buffer.from(b)))
}

function textOf({ body, contentType }: Request): string | undefined {
  if (body === undefined || typeof body === 'string') return body
  return contentType?.endsWith('+yaml') === true ? asYaml(body) : JSON.stringify(body)
}

function what(request: Request): string {
  return `${request.verb} ${request.path.split('?', 1)[0]}`
}

function refusal(request: Request, answer: Answer): ApiError {
  return apiErrorFrom(what(request), answer, parse(answer.body))
}

function noAnswer(request: Request, error: ConnectionError): ApiError {
  const cause = asError(error.cause)
  const hint =
    error.code.startsWith('ERR_TLS') || error.code.includes('CERT')
      ? 'check the CA and the server name in the kubeconfig'
      : 'is kube-apiserver up?'
  return new ApiError(`${what(request)}: no answer (${error.code}: ${cause.message}); ${hint}`, { status: 0, reason: error.code, cause })
}

function parse(body: string): unknown {
  if (body === '') return undefined
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
