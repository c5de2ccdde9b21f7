import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { asError, SecaError } from '../../src/errors.ts'
import { follow, readTls, type TlsFiles } from '../../src/mounted.ts'
import type { Log } from '../../src/observe/log.ts'
import type { Desk } from './admin-routes.ts'
import type { Call, Reply } from './call.ts'
import { type DeskOptions, type Outcome, refusalReply, serveAdmin, serveCustomer } from './counter.ts'
import { Refusal } from './model.ts'
import type { CommonSwitches } from './switches.ts'

export interface DoorOptions {
  /** 0 = any free port. */
  readonly port: number
  /** Without `tls` loopback addresses only: tokens would travel in clear text. */
  readonly host?: string
  /** HTTPS instead of HTTP, by this certificate; read again when it changes. */
  readonly tls?: TlsFiles
  /** How often that is looked at. */
  readonly reloadMs?: number
  /** Bearer token of customers. */
  readonly token: string
  /** Bearer token of `/admin`. */
  readonly adminToken: string
  readonly log?: Log
}

export interface StandIn {
  /** `http://127.0.0.1:<port>`, or https */
  readonly url: string
  stop(): Promise<void>
}

/** What a caller says before the body. */
export interface Arrival extends Pick<Call, 'method' | 'path' | 'query'> {
  readonly headers: IncomingHttpHeaders
}

/** Who comes in, and where to: answers the path below the cloud's own entrance, or throws a {@link Refusal}. */
export type Enter = (arrival: Arrival, isToken: (text: string) => boolean) => readonly string[]

/** Who may come in by the door. */
interface Door {
  readonly desk: Desk
  readonly enter: Enter
  tokens: readonly Buffer[]
  readonly admin: readonly Buffer[]
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']
const BODY_LIMIT = 4 * 1024 * 1024
const FORM = 'application/x-www-form-urlencoded'

/** Opens the door of a cloud; resolves when it takes requests. `open` makes its desk, with whom to tell of new tokens. */
export async function startStandIn(
  options: DoorOptions,
  enter: Enter,
  open: (more: Pick<DeskOptions<CommonSwitches>, 'onTokens'>) => Desk,
): Promise<StandIn> {
  const host = options.host ?? '127.0.0.1'
  if (options.tls === undefined && !LOOPBACK.includes(host))
    throw new SecaError(
      'InvalidConfiguration',
      `without a certificate the cloud listens on loopback only, not on ${host}, since tokens would travel in clear text: give --tls-cert-file and --tls-key-file`,
    )
  const pair = options.tls && readTls(options.tls)
  const desk = open({ onTokens: (tokens) => void (door.tokens = tokens.map(digest)) })
  const door: Door = { desk, enter, tokens: [digest(options.token)], admin: [digest(options.adminToken)] }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    serve(door, request, response).catch((thrown: unknown) => {
      options.log?.error({ err: asError(thrown), method: request.method, url: request.url }, 'request failed')
      if (response.headersSent) response.destroy()
      else answer(response, { status: 500, body: { code: 'internal', message: 'this cloud has a bug; see its log' } })
    })
  }
  const secure = pair && createSecureServer(pair, listener)
  const server = secure ?? createServer(listener)
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenTrouble(cause, host, options.port)))
    server.listen(options.port, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const closed = new AbortController()
  if (secure && options.tls && pair) void renew(secure, { ...options, tls: options.tls }, pair, closed.signal)
  const url = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
  options.log?.info({ url, port, latencyMs: desk.cloud.conduct.latencyMs, account: desk.cloud.account }, 'simulated cloud is up')
  return {
    url,
    async stop() {
      closed.abort()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      desk.cloud.close()
    },
  }
}

/** Shows a new certificate to who connects from then on, until the signal aborts. */
function renew(
  server: SecureServer,
  { tls, reloadMs, log }: Pick<DoorOptions, 'reloadMs' | 'log'> & { readonly tls: TlsFiles },
  from: ReturnType<typeof readTls>,
  signal: AbortSignal,
): Promise<void> {
  return follow(() => readTls(tls), {
    from,
    signal,
    onChange(pair) {
      server.setSecureContext(pair)
      log?.info('certificate read again')
    },
    onTrouble: (reason) => log?.error({ reason }, 'the new certificate cannot be used, the old one stays'),
    ...(reloadMs === undefined ? {} : { everyMs: reloadMs }),
  })
}

function listenTrouble(cause: NodeJS.ErrnoException, host: string, port: number): SecaError {
  const hint = { EADDRINUSE: 'the port is taken; choose another with --port', EACCES: 'this user may not use the port' }[cause.code ?? '']
  return new SecaError('InvalidConfiguration', `cannot listen on ${host}:${port}: ${hint ?? cause.message}`, { cause })
}

async function serve(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const outcome = await outcomeOf(door, request)
  if (outcome.kind === 'reply') answer(response, outcome.reply)
  if (outcome.kind === 'reset') request.socket.resetAndDestroy()
  if (outcome.kind === 'cut') answer(response, outcome.reply, () => request.socket.resetAndDestroy())
}

async function outcomeOf(door: Door, request: IncomingMessage): Promise<Outcome> {
  const { method = 'GET', url = '/' } = request
  try {
    const { pathname, searchParams: query } = new URL(url, 'http://cloud')
    const path = pathname.split('/').slice(1).map(decodeURIComponent)
    const [entrance, ...inside] = path
    // For probes, who have no token.
    if (entrance === 'livez' || entrance === 'readyz') return { kind: 'reply', reply: { status: 200, body: 'ok' } }
    if (entrance === 'admin') {
      if (!isAmong(bearerOf(request.headers), door.admin)) throw new Refusal(401, 'unauthorized', 'the token is not valid')
      return { kind: 'reply', reply: serveAdmin(door.desk, { method, path: inside, query, body: await readBody(request) }) }
    }
    const { headers } = request
    const below = door.enter({ method, path, query, headers }, (text) => isAmong(text, door.tokens))
    return await serveCustomer(door.desk, { method, path: below, query, body: await readBody(request) })
  } catch (thrown) {
    return { kind: 'reply', reply: refusalReply(door.desk, thrown) }
  }
}

/** Sends an answer; half of its body where `cut` ends the connection. */
function answer(response: ServerResponse, { status, body, headers }: Reply, cut?: () => void): void {
  const text = Buffer.from(body === undefined ? '' : JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length, ...headers })
  if (cut) response.write(text.subarray(0, text.length / 2), cut)
  else response.end(text)
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_LIMIT) throw new Refusal(413, 'too_large', 'the body is too large')
    chunks.push(chunk)
  }
  if (size === 0) return {}
  const text = Buffer.concat(chunks).toString('utf8')
  if (request.headers['content-type']?.startsWith(FORM) === true) return Object.fromEntries(new URLSearchParams(text))
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'malformed', 'the body is not JSON')
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The bearer token that a caller shows; empty = none. */
export function bearerOf({ authorization }: Pick<IncomingHttpHeaders, 'authorization'>): string {
  return /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? ''
}

function isAmong(token: string, known: readonly Buffer[]): boolean {
  const sent = digest(token)
  return known.some((one) => timingSafeEqual(one, sent))
}
