import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

export type Outgoing = ServerResponse | Http2ServerResponse

/** What is encoded, encrypted and written at once; others come in between two such pieces. */
const PIECE = 131_072

/** Sends a body and ends the answer. A large one goes in pieces, each when the client has taken the one before. */
export function send(outgoing: Outgoing, body: string | Uint8Array): void {
  const stream = outgoing as Pick<NodeJS.WritableStream, 'write' | 'end' | 'once'> & { readonly destroyed: boolean }
  let at = 0
  const next = () => {
    if (stream.destroyed) return
    const end = endOfPiece(body, at)
    const piece = typeof body === 'string' ? body.slice(at, end) : body.subarray(at, end)
    at = end
    if (at === body.length) stream.end(piece)
    // Who reads fast drains at once, in the same turn of the event loop.
    else if (stream.write(piece)) setImmediate(next)
    else stream.once('drain', () => setImmediate(next))
  }
  next()
}

/** Never between the halves of a surrogate pair, which are one character. */
function endOfPiece(body: string | Uint8Array, start: number): number {
  const end = Math.min(body.length, start + PIECE)
  if (typeof body !== 'string' || end === body.length) return end
  const last = body.charCodeAt(end - 1)
  return last >= 0xd800 && last < 0xdc00 ? end - 1 : end
}
