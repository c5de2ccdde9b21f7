import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as z from 'zod'
import { asError, SecaError } from '../../src/errors.ts'
import type { Log } from '../../src/observe/log.ts'
import { adminRoute, type Desk } from './cloud/admin-routes.ts'
import { Cloud } from './cloud/cloud.ts'
import { type Fault, Faults, Limiter } from './cloud/faults.ts'
import { Refusal } from './cloud/model.ts'
import { type Call, customerRoute, type Reply } from './cloud/routes.ts'

interface SimulatorOptions {
  /** 0 = any free port. */
  readonly port: number
  /** Loopback addresses only: tokens travel in clear text. */
  readonly host?: string
  /** Where the cloud's state is kept; without it, nothing survives the process. */
  readonly stateDir?: string
  /** Bearer token of customers. */
  readonly token: string
  /** Bearer token of `/admin`. */
  readonly adminToken: string
  /** How long an operation takes. */
  readonly latencyMs: number
  /** Refuse second attachments, and addresses and blocks given twice. */
  readonly strict?: boolean
  readonly log?: Log
}

export interface Simulator {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  stop(): Promise<void>
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']
const BODY_LIMIT = 4 * 1024 * 1024
const HANG = Symbol('no answer')
const RESET = Symbol('connection reset')

/** Starts the simulated cloud; resolves when it takes requests. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1'
  if (!LOOPBACK.includes(host)) throw new SecaError('InvalidConfiguration', `the simulator listens on loopback only, not on ${host}`)
  const conduct = { latencyMs: options.latencyMs, latencyByType: {}, quotas: {}, strict: options.strict ?? false }
  const cloud = new Cloud({ conduct, ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }) })
  let tokens = [digest(options.token)]
  const admin = [digest(options.adminToken)]
  const desk: Desk = {
    cloud,
    faults: new Faults(),
    limiter: new Limiter(),
    requests: new Map(),
    setTokens: (next) => void (tokens = next.map(digest)),
  }

  const server = createServer((request, response) => {
    serve(desk, () => tokens, admin, request, response).catch((thrown: unknown) => {
      options.log?.error({ err: asError(thrown), method: request.method, url: request.url }, 'request failed')
      if (response.headersSent) response.destroy()
      else answer(response, { status: 500, body: { code: 'internal', message: 'the simulator has a bug; see its log' } })
    })
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenTrouble(cause, host, options.port)))
    server.listen(options.port, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  options.log?.info({ port, stateDir: options.stateDir, latencyMs: options.latencyMs }, 'simulated cloud is up')
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      cloud.close()
    },
  }
}

function listenTrouble(cause: NodeJS.ErrnoException, host: string, port: number): SecaError {
  const hint = { EADDRINUSE: 'the port is taken; choose another with --port', EACCES: 'this user may not use the port' }[cause.code ?? '']
  return new SecaError('InvalidConfiguration', `cannot listen on ${host}:${port}: ${hint ?? cause.message}`, { cause })
}

async function serve(
  desk: Desk,
  tokens: () => readonly Buffer[],
  admin: readonly Buffer[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = request
  const { pathname, searchParams } = new URL(url, 'http://simulator')
  const [door = '', ...path] = pathname.split('/').slice(1).map(decodeURIComponent)
  const isAdmin = door === 'admin'
  try {
    if (!isAdmin && door !== 'v1') throw new Refusal(404, 'not_found', 'this cloud answers below /v1')
    if (!isKnown(request.headers.authorization, isAdmin ? admin : tokens()))
      throw new Refusal(401, 'unauthorized', 'the token is not valid')
    const call: Call = { method, path, query: searchParams, body: await readBody(request) }
    desk.cloud.settle()
    const reply = isAdmin ? adminRoute(desk, call) : await customer(desk, call)
    if (reply === HANG) return
    if (reply === RESET) request.socket.resetAndDestroy()
    else answer(response, reply)
  } catch (thrown) {
    const refusal = thrown instanceof z.ZodError ? new Refusal(422, 'invalid', z.prettifyError(thrown)) : thrown
    if (!(refusal instanceof Refusal)) throw thrown
    const { status, code, message, retryAfterS } = refusal
    answer(response, { status, body: { code, message } }, retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) })
  }
}

/** A customer's request, with throttling and whatever fault was ordered for it. */
async function customer(desk: Desk, call: Call): Promise<Reply | typeof HANG | typeof RESET> {
  const type = call.path[0] ?? ''
  const key = `${call.method} ${desk.cloud.store.types.includes(type) ? type : 'other'}`
  desk.requests.set(key, (desk.requests.get(key) ?? 0) + 1)
  const waitS = desk.limiter.refusal(Date.now())
  if (waitS !== undefined) throw new Refusal(429, 'too_many_requests', 'too many requests', waitS)
  const fault = desk.faults.take(call.method, type)
  if (!fault) return customerRoute(desk.cloud, call)
  return withFault(desk, call, fault)
}

async function withFault(desk: Desk, call: Call, fault: Fault): Promise<Reply | typeof HANG | typeof RESET> {
  if (fault.effect === 'answer') throw new Refusal(fault.status, fault.code, fault.message, fault.retryAfterS)
  if (fault.effect === 'hang') return HANG
  if (fault.effect === 'refuse') return RESET
  if (fault.effect === 'delay') {
    await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    desk.cloud.settle()
  }
  if (fault.effect === 'fail-operation') desk.cloud.sabotage = { fails: fault.message }
  if (fault.effect === 'stuck-operation') desk.cloud.sabotage = { hangs: true }
  try {
    const reply = customerRoute(desk.cloud, call)
    return fault.effect === 'drop' ? RESET : reply
  } finally {
    desk.cloud.sabotage = undefined
  }
}

function answer(response: ServerResponse, reply: Reply, headers: Readonly<Record<string, string>> = {}): void {
  const text = reply.body === undefined ? '' : JSON.stringify(reply.body)
  response.writeHead(reply.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers })
  response.end(text)
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
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Refusal(400, 'malformed', 'the body is not JSON')
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function isKnown(header: string | undefined, known: readonly Buffer[]): boolean {
  const sent = digest(/^Bearer (.+)$/.exec(header ?? '')?.[1] ?? '')
  return known.some((one) => timingSafeEqual(one, sent))
}
