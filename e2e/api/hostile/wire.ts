import { connect } from 'node:tls'
import { pki } from '../../support/api.ts'

/** What came back over one connection, byte for byte (latin1). */
export interface Reply {
  /** Status of each answer, in order; empty: the peer hung up. */
  readonly statuses: readonly number[]
  readonly text: string
}

export interface Line {
  readonly method?: string
  /** Request target as it goes out; nothing is encoded or normalised. */
  readonly target: string
  readonly version?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
}

/** A request as text, a character for each byte. Content-Length and Content-Type come along unless a header of that name is given. */
export function requestText({ method = 'GET', target, version = 'HTTP/1.1', headers = [], body }: Line): string {
  const names = new Set(headers.map(([name]) => name.trim().toLowerCase()))
  const isGiven = (name: string): boolean => names.has(name)
  const usual: [string, string][] = [
    ...(isGiven('host') ? [] : [['Host', 'localhost'] as [string, string]]),
    ...(isGiven('connection') ? [] : [['Connection', 'close'] as [string, string]]),
    ...(body === undefined || isGiven('content-type') ? [] : [['Content-Type', 'application/json'] as [string, string]]),
    ...(body === undefined || isGiven('content-length') || isGiven('transfer-encoding')
      ? []
      : [['Content-Length', String(body.length)] as [string, string]]),
  ]
  const head = [`${method} ${target} ${version}`, ...[...usual, ...headers].map(([name, value]) => `${name}: ${value}`)]
  return `${head.join('\r\n')}\r\n\r\n${body ?? ''}`
}

/** Time that a peer may be silent before the exchange counts as over: smuggled requests leave it waiting for more. */
const SILENCE_MS = 1_500

/** Writes bytes to a TLS port and reads until the peer hangs up, or says no more. */
export function exchange(url: string, bytes: string | Buffer, identity: { cert?: string; key?: string } = {}): Promise<Reply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port), ca: pki().read('ca.crt'), ALPNProtocols: ['http/1.1'], ...identity })
    const finish = () => {
      socket.destroy()
      const text = Buffer.concat(chunks).toString('latin1')
      // At the start of a line, and not inside of a body: our bodies have no line that begins so.
      resolve({ statuses: [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((match) => Number(match[1])), text })
    }
    socket.setTimeout(SILENCE_MS, finish)
    socket.on('secureConnect', () => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', finish)
    socket.on('close', finish)
  })
}

/** Text as the bytes of its UTF-8, for request targets and bodies that go out as latin1. */
export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
