import { constants } from 'node:crypto'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { asError } from '../../errors.ts'
import { follow, readTls, type TlsFiles, type TlsPair } from '../../mounted.ts'
import type { Log } from '../../observe/log.ts'
import type { Handler } from './handler.ts'
import { MAX_HEADER, TIMES } from './limits.ts'
import { Rate } from './rate.ts'

export interface ListenerOptions {
  readonly name: string
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Read again when they change. */
  readonly tls: TlsFiles
  /** Awaited before a new certificate is shown; when it fails, the certificate is shown all the same. */
  readonly beforeShown?: (certificate: TlsPair) => Promise<void>
  /** PEM of the CAs of client certificates that count; absent: none is asked for. */
  readonly clientCa?: () => string | undefined
  readonly handler: Handler
  readonly log: Log
  readonly reloadMs?: number
  /** Default: {@link TIMES}. */
  readonly times?: Pick<typeof TIMES, 'handshakeMs' | 'headersMs' | 'requestMs' | 'idleMs'>
  readonly checkMs?: number
}

export interface Listener {
  readonly port: number
  /** Takes over changed client CAs for new connections; those whose certificate did not pass are closed, to come again. */
  refresh(): void
  /** Sends clients elsewhere: HTTP/2 connections end with the answer to their next request. (HTTP/1 is the handler's: `Connection: close`.) */
  drain(): void
  /** No new connections; those that are idle are closed, the others after their answer. Resolves when all are gone, or after `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Streams that one HTTP/2 connection may have open. */
const MAX_STREAMS = 100
/** Requests that one HTTP/2 connection may give up before they are answered. */
const MAX_RESETS = { perSecond: 20, burst: 100 }
/** Requests that one HTTP/1 connection may send before the first is answered; clients that pipeline at all send few. */
const MAX_PIPELINED = 64

/** One HTTPS port, HTTP/1.1 and HTTP/2, with limits for clients that mean no good. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { name, log, handler, clientCa, times = TIMES } = options
  let certificate = readTls(options.tls)
  const context = () => ({
    ...certificate,
    // A resumed session would bring along what an earlier handshake thought of its certificate, without the chain.
    ...(clientCa === undefined ? {} : { ca: clientCa() ?? NOBODY, secureOptions: constants.SSL_OP_NO_TICKET }),
    minVersion: 'TLSv1.2' as const,
  })
  const server = createSecureServer({
    ...context(),
    allowHTTP1: true,
    // Wrong certificates do not break the connection: discovery is open to all, and identities are checked per request.
    ...(clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    handshakeTimeout: times.handshakeMs,
    settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER, enablePush: false },
    maxHeaderListPairs: 128,
    maxSessionMemory: 10,
    maxHeaderSize: MAX_HEADER,
    headersTimeout: times.headersMs,
    requestTimeout: times.requestMs,
    keepAliveTimeout: times.idleMs,
    connectionsCheckingInterval: options.checkMs ?? 2_000,
  } as Parameters<typeof createSecureServer>[0])

  // For who does not read its answer; after what says 408 to who does not finish its request.
  server.setTimeout(Math.max(times.idleMs, 2 * times.requestMs))
  const sockets = new Set<TLSSocket>()
  const busy = new Map<Socket, number>()
  const sessions = new Set<ServerHttp2Session>()
  let isDraining = false
  let isStopping = false
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.setTimeout(times.idleMs, () => session.close())
    session.on('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
  })
  const patience = new WeakMap<ServerHttp2Session, Rate>()
  /** Requests cost more than taking them back does (CVE-2023-44487): who does nothing else is cut off. */
  const giveUp = (session: ServerHttp2Session) => {
    const rate = patience.get(session) ?? new Rate(MAX_RESETS, 0)
    patience.set(session, rate)
    if (rate.take(performance.now()) === undefined) session.destroy()
  }
  /**
   * GOAWAY travels with the answer to the only request that is open, so that the client's next request goes elsewhere. At another
   * moment it would turn away what is on its way (which clients send again, but not all do); the end of the drain does that.
   */
  const sendAway = (session: ServerHttp2Session, socket: Socket) => {
    if (busy.get(socket) === 1 && !session.destroyed) session.close()
  }
  server.on('request', (incoming: IncomingMessage | Http2ServerRequest, outgoing: ServerResponse | Http2ServerResponse) => {
    const { socket } = incoming
    const count = (busy.get(socket) ?? 0) + 1
    if (incoming.httpVersionMajor === 1 && count > MAX_PIPELINED) return void socket.destroy()
    busy.set(socket, count)
    const stream = 'stream' in incoming ? incoming.stream : undefined
    const session = stream?.session as ServerHttp2Session | undefined
    outgoing.on('close', () => {
      if (session !== undefined && !outgoing.writableEnded) giveUp(session)
      const left = (busy.get(socket) ?? 1) - 1
      if (left > 0) return void busy.set(socket, left)
      busy.delete(socket)
      if (isStopping && session === undefined) socket.destroySoon()
    })
    outgoing.on('error', () => undefined)
    if (isDraining && session !== undefined) stream?.once('prefinish', () => sendAway(session, socket))
    if (session === undefined || !patience.has(session)) return handler(incoming, outgoing)
    // What it takes back often comes in the same packet, and is known a turn later.
    setImmediate(() => {
      if (!session.destroyed && stream?.destroyed !== true) handler(incoming, outgoing)
    })
  })
  // Tunnels are not served (CVE-2018-1002105): neither CONNECT nor Upgrade.
  const refuse = (_request: unknown, socket: Socket) =>
    void socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  server.on('connect', (first: { httpVersionMajor?: number; stream?: { close(): void } }, socket: Socket) => {
    if (first.httpVersionMajor === 1) refuse(first, socket)
    else first.stream?.close()
  })
  server.on('upgrade', refuse)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const status =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : '400 Bad Request'
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    else socket.destroy()
  })
  server.on('unknownProtocol', (socket: Socket) => socket.destroy())
  server.on('tlsClientError', (_error, socket: Socket) => socket.destroy())

  const refresh = () => {
    try {
      server.setSecureContext(context())
    } catch (error) {
      log.error({ listener: name, err: asError(error).message }, 'certificate or client CAs cannot be used, the old ones stay')
    }
  }
  /** The handshake is not repeated: who came too early with a certificate of a new CA would be refused for as long as it stays. */
  const renew = () => {
    refresh()
    const isUnknown = ({ authorized }: Pick<TLSSocket, 'authorized'>) => clientCa !== undefined && !authorized
    for (const session of sessions) if (isUnknown(session.socket as TLSSocket)) session.close()
    for (const socket of sockets) if (isUnknown(socket) && socket.alpnProtocol !== 'h2' && !busy.has(socket)) socket.destroySoon()
  }
  const closed = new AbortController()
  const show = async (next: TlsPair) => {
    await options
      .beforeShown?.(next)
      .catch((error: unknown) => log.warn({ listener: name, err: asError(error).message }, 'nobody was told of the new certificate'))
    certificate = next
    refresh()
    log.info({ listener: name }, 'certificate read again')
  }
  void follow(() => readTls(options.tls), {
    from: certificate,
    signal: closed.signal,
    onChange: show,
    onTrouble: (err) => log.error({ listener: name, err }, 'the new certificate cannot be used, the old one stays'),
    ...(options.reloadMs === undefined ? {} : { everyMs: options.reloadMs }),
  })
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host: options.host, port: options.port, backlog: 4_096 }, listening.resolve)
  await listening.promise
  server.on('error', (error) => log.error({ listener: name, err: error.message }, 'listener failed'))

  return {
    port: (server.address() as AddressInfo).port,
    refresh: renew,
    drain() {
      isDraining = true
    },
    async stop(graceMs) {
      isStopping = true
      closed.abort()
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.close()
      for (const socket of sockets) if (!busy.has(socket) && socket.alpnProtocol !== 'h2') socket.destroySoon()
      const isOver = await Promise.race([ended.then(() => true), sleep(graceMs, false, { ref: false })])
      if (isOver) return
      for (const session of sessions) session.destroy()
      for (const socket of sockets) socket.destroy()
      await ended
    },
  }
}

/** A list of CAs that nobody has a certificate of: without one, OpenSSL would take the system's. */
const NOBODY: string[] = []
