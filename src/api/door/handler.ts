import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { BlockList } from 'node:net'
import { isIPv6 } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { getRequestListener } from '@hono/node-server'
import { asError, SecaError } from '../../errors.ts'
import type { Log } from '../../observe/log.ts'
import type { Authenticator } from '../identity/authn.ts'
import type { Application, Caller, Door } from '../contract.ts'
import { type Head, headersOf } from '../identity/head.ts'
import { capBody, flawOf, pathOf, TIMES } from './limits.ts'
import { type Problem, problem } from '../problem.ts'

export type Incoming = IncomingMessage | Http2ServerRequest
export type Outgoing = ServerResponse | Http2ServerResponse
export type Handler = (incoming: Incoming, outgoing: Outgoing) => void

/** An answer that needs neither identity nor application: health, discovery. */
export interface Plain {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface DoorOptions {
  readonly door: Door
  readonly app: Application
  readonly authenticator: Authenticator
  /** Asked before everything else. */
  readonly plain: (line: { path: string; method: string; head: Head }) => Plain | undefined
  /** Answers other replicas ({@link PEER_PATH}). */
  readonly later?: (query: string, head: Head) => Promise<Plain>
  /** Further headers (lower case) that only the front proxy may send; they never reach the application. */
  readonly identityHeaders?: () => readonly string[]
  /** Addresses whose X-Forwarded-Host is believed. */
  readonly trustedProxies: BlockList
  readonly validationStatus: 412 | 422
  /** Connections are to be closed after their answer. */
  readonly isDraining: () => boolean
  readonly log: Log
}

/** Where replicas ask each other; on the direct door, with a signature of their own. */
export const PEER_PATH = '/.seca/peer'

const STRIPPED = /^(?:x-remote-|x-forwarded-|forwarded$|authorization$|impersonate-|proxy-)/
const HOST = /^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$/

/** One listener's way from a request to the application (DESIGN §6). */
export function createHandler(options: DoorOptions): Handler {
  const { door, app, authenticator, validationStatus, log } = options
  const heads = new WeakMap<Incoming, Head>()
  const tooLarge = new WeakSet<Incoming>()

  const respond = async (request: Request, incoming: Incoming): Promise<Response> => {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new SecaError('NotReady', 'the answer took too long; try again')), TIMES.requestMs)
    let caller: Promise<Caller> | undefined
    const authenticate = () => {
      const head = heads.get(incoming)
      if (head === undefined) throw new SecaError('Internal', 'a request without its head')
      return (caller ??= authenticator(head))
    }
    try {
      const response = await Promise.race([app(request, door, authenticate), late])
      if (tooLarge.has(incoming)) throw new SecaError('TooLarge', 'the body is larger than 1 MiB')
      // A redirect would take the client's credentials along (CVE-2022-3172).
      if (response.status >= 300 && response.status < 400 && response.status !== 304) throw new Error('the application redirects')
      return response
    } catch (thrown) {
      return failed(thrown, incoming)
    } finally {
      clearTimeout(timer)
    }
  }
  const failed = (thrown: unknown, incoming: Incoming | undefined): Response => {
    const answer = problem(thrown, pathOf(incoming?.url ?? '/'), validationStatus)
    if (answer.status === 500) log.error({ err: asError(thrown), door }, 'request failed')
    return new Response(answer.body, answer)
  }
  const listener = getRequestListener((request, env) => respond(request, env.incoming as Incoming), {
    hostname: 'localhost',
    errorHandler: (error) => failed(new SecaError('InvalidRequest', 'the request cannot be read', { cause: error }), undefined),
  })

  return (incoming, outgoing) => {
    const headers = headersOf(incoming.rawHeaders)
    const { url = '', method = '' } = incoming
    if (options.isDraining() && incoming.httpVersionMajor === 1) (outgoing as ServerResponse).shouldKeepAlive = false
    const flaw = flawOf({ method, url, headers, version: 'stream' in incoming ? undefined : incoming.httpVersion })
    if (flaw !== undefined) return answer(incoming, outgoing, problem(flaw, pathOf(url), validationStatus))
    const head: Head = { headers, socket: incoming.socket as TLSSocket }
    const plain = options.plain({ path: pathOf(url), method, head })
    if (plain !== undefined) return answer(incoming, outgoing, plain)
    if (options.later !== undefined && pathOf(url) === PEER_PATH) {
      void options.later(url.slice(PEER_PATH.length + 1), head).then(
        (result) => answer(incoming, outgoing, result),
        (error: unknown) => answer(incoming, outgoing, problem(error, PEER_PATH, validationStatus)),
      )
      return
    }
    heads.set(incoming, head)
    const host = forwardedHost(head, options.trustedProxies)
    strip(incoming, options.identityHeaders?.() ?? [], host)
    if (method !== 'GET' && method !== 'HEAD') capBody(incoming as unknown as Parameters<typeof capBody>[0], () => tooLarge.add(incoming))
    void listener(incoming as IncomingMessage, outgoing as ServerResponse)
  }
}

/** Answers without reading the body; Node drops what is still to come. */
function answer(incoming: Incoming, outgoing: Outgoing, { status, headers, body }: Plain | Problem): void {
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  ;(outgoing as ServerResponse).writeHead(status, { ...headers, ...length })
  outgoing.end(incoming.method === 'HEAD' ? '' : body)
}

/** Takes out of a request what the application must not see or believe. In place: a copy of each request would cost too much. */
function strip(incoming: Incoming, identityHeaders: readonly string[], host: string | undefined): void {
  const raw = incoming.rawHeaders
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    if (STRIPPED.test(name) || identityHeaders.some((one) => name.startsWith(one))) delete incoming.headers[name]
    else if (name === 'host' && host !== undefined) kept.push('host', host)
    else kept.push(raw[index] ?? '', raw[index + 1] ?? '')
  }
  raw.splice(0, raw.length, ...kept)
  if (host === undefined) return
  incoming.headers[incoming.httpVersionMajor === 1 ? 'host' : ':authority'] = host
}

/** The host that a listed proxy says the client used. */
function forwardedHost({ headers, socket }: Head, trusted: BlockList): string | undefined {
  const values = headers.get('x-forwarded-host')
  const address = socket.remoteAddress
  if (values === undefined || address === undefined || !trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return undefined
  const host = values[0]?.split(',')[0]?.trim()
  return host !== undefined && HOST.test(host) ? host : undefined
}
