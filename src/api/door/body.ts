import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { SecaError } from '../../errors.ts'
import { MAX_BODY, TIMES } from './limits.ts'
import type { Visit } from './visit.ts'

/** A request of either version. */
export type Incoming = IncomingMessage | Http2ServerRequest

const NONE = Buffer.alloc(0)
/** HTTP/1 has a limit of its own, with an answer (408); streams of HTTP/2 have none. */
const WITHIN_MS = TIMES.requestMs + 5_000

/** A body comes with the request. HTTP/2 tells when the stream ends. */
export function hasBody({ method, headers, httpVersionMajor }: Pick<Incoming, 'method' | 'headers' | 'httpVersionMajor'>): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return httpVersionMajor > 1 || headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * Reads the whole body before anybody works on it: who sends slowly holds up nobody. Throws 413, 400 for one that ends early, and 429
 * or 503 where too much is held already. After that the client may send on; what comes is dropped, since cutting it off would lose
 * the answer. One that does not end within `withinMs` is cut off.
 */
export function readBody(incoming: Incoming, visit: Pick<Visit, 'hold'>, withinMs = WITHIN_MS): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(() => incoming.destroy(), withinMs)
    const fail = (error: unknown) => {
      clearTimeout(timer)
      chunks.length = 0
      incoming.off('data', onData)
      incoming.resume()
      reject(error as Error)
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY) return fail(new SecaError('TooLarge', 'the body is larger than 1 MiB'))
      try {
        visit.hold(chunk.length)
      } catch (error) {
        return fail(error)
      }
      chunks.push(chunk)
    }
    const cut = () => fail(new SecaError('InvalidRequest', 'the body ended before it was complete'))
    incoming.on('data', onData)
    incoming.once('end', () => {
      clearTimeout(timer)
      resolve(chunks.length === 1 ? (chunks[0] ?? NONE) : Buffer.concat(chunks))
    })
    incoming.once('error', cut)
    incoming.once('close', cut)
  })
}
