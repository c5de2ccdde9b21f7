import type { TLSSocket } from 'node:tls'

/** What an identity is taken from: the headers as they came, one by one, and the connection. */
export interface Head {
  /** Lower-case name → every value, in order; nothing is merged. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly socket: TLSSocket
}

/** From Node's flat list of names and values. `req.headers` would join repeated ones, and so forge groups. */
export function headersOf(rawHeaders: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = rawHeaders[index + 1] ?? ''
    const values = headers.get(name)
    if (values === undefined) headers.set(name, [value])
    else values.push(value)
  }
  return headers
}
