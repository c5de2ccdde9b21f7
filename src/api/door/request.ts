import type { Head } from '../identity/head.ts'
import { SecaError } from '../../errors.ts'

const HOST = /^[\w.-]{1,255}(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]{2,64}\](?::\d{1,5})?$/

/** A host, with or without a port, and nothing that would mean something else in a URL. */
export const isHost = (text: string): boolean => HOST.test(text)

/** Headers as the application sees them: what only the door must see is not there. */
export class VisibleHeaders {
  readonly #all: Head['headers']
  readonly #isHidden: (name: string) => boolean

  constructor(all: Head['headers'], isHidden: (name: string) => boolean) {
    this.#all = all
    this.#isHidden = isHidden
  }
  get(name: string): string | null {
    const key = name.toLowerCase()
    const values = this.#all.get(key)
    return values === undefined || key.startsWith(':') || this.#isHidden(key) ? null : values.join(', ')
  }
  has(name: string): boolean {
    return this.get(name) !== null
  }
  *[Symbol.iterator](): Generator<[string, string]> {
    for (const name of this.#all.keys()) {
      const value = this.get(name)
      if (value !== null) yield [name, value]
    }
  }
}

/**
 * A request for the application: what it uses of `Request`, over what Node has read already. A real one would cost a GET a tenth of
 * its time, and its body is here before anybody is asked to work on it.
 */
export class DoorRequest {
  readonly method: string
  readonly url: string
  readonly headers: VisibleHeaders
  readonly #body: Uint8Array

  constructor(method: string, url: string, headers: VisibleHeaders, body: Uint8Array) {
    this.method = method
    this.url = url
    this.headers = headers
    this.#body = body
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(this.#body.buffer.slice(this.#body.byteOffset, this.#body.byteOffset + this.#body.byteLength) as ArrayBuffer)
  }
  text(): Promise<string> {
    return Promise.resolve(Buffer.from(this.#body).toString())
  }
}

/** `https://<host>`, as the client wrote it or as a listed proxy says that it did. Throws 400. */
export function originOf({ headers }: Head, forwarded: string | undefined): string {
  const host = forwarded ?? headers.get(':authority')?.[0] ?? headers.get('host')?.[0]
  if (host === undefined) return 'https://localhost'
  if (isHost(host)) return `https://${host}`
  throw new SecaError('InvalidRequest', 'the header Host is not the name of a host')
}
