import { SecaError } from '../../errors.ts'

/** Largest body of a request. */
export const MAX_BODY = 1_048_576
/** Largest head of a request, all headers together. */
export const MAX_HEADER = 32_768
const MAX_URL = 8_192

/** Times that bound what a slow or silent client can hold on to. */
export const TIMES = {
  handshakeMs: 10_000,
  headersMs: 10_000,
  /** Head and body together, and also the time within which we answer (kube-apiserver gives up after 60 s). */
  requestMs: 30_000,
  /** Longer than usual keep-alive times of proxies, so that they close first. */
  idleMs: 75_000,
} satisfies Record<string, number>

/** Headers that have one value; a second one would mean something to us and something else to who is in front of us. */
const SINGLE = [
  'authorization',
  'host',
  ':authority',
  ':path',
  ':method',
  'content-length',
  'content-type',
  'if-unmodified-since',
  'transfer-encoding',
]
const LENGTH = /^\d{1,15}$/
/** Characters of a path (RFC 3986 §3.3). */
const PATH = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*$/
/** What a decoder could turn into something else: encoded slashes, backslashes, dots and NUL. */
const AMBIGUOUS = /%2f|%5c|%2e|%00/i
const BROKEN_ESCAPE = /%(?![0-9a-f]{2})/i
const DOTS = /\/\.{1,2}(?:\/|$)/

export interface Line {
  readonly method: string
  /** As it came: path and query. */
  readonly url: string
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** As the first line of HTTP/1 has it; absent for streams of HTTP/2. Node reads any, and would then take the request for what it is not. */
  readonly version?: string | undefined
}

/** What is wrong with a request, before anybody reads it; undefined: nothing. */
export function flawOf({ method, url, headers, version = '1.1' }: Line): SecaError | undefined {
  if (version !== '1.1' && version !== '1.0') return invalid(`HTTP/${version} is not spoken here`)
  // TRACE gets its 405 like any other method that a place does not take.
  if (method === 'CONNECT' || method === 'TRACK') return invalid(`method ${method} is not served`)
  const path = pathOf(url)
  if (!url.startsWith('/')) return invalid('the request must name a path')
  if (url.length > MAX_URL) return invalid(`the URL is longer than ${MAX_URL} characters`)
  if (!PATH.test(path) || AMBIGUOUS.test(path) || BROKEN_ESCAPE.test(path) || DOTS.test(path) || path.includes('//'))
    return invalid('the path holds encoded slashes, dots, empty segments or characters that can be read in two ways')
  for (const name of SINGLE) if ((headers.get(name)?.length ?? 0) > 1) return invalid(`header ${name} is there more than once`)
  let size = 0
  for (const [name, values] of headers) for (const value of values) size += name.length + value.length
  if (size > MAX_HEADER) return invalid('the headers are larger than 32 KiB')
  if (headers.has('upgrade')) return invalid('no other protocol is served here (Upgrade)')
  const [host, authority] = [headers.get('host')?.[0], headers.get(':authority')?.[0]]
  if (host !== undefined && authority !== undefined && host !== authority) return invalid('Host and :authority differ')
  const length = headers.get('content-length')?.[0]
  if (length === undefined) return undefined
  if (!LENGTH.test(length)) return invalid('Content-Length is not a number')
  return Number(length) > MAX_BODY ? new SecaError('TooLarge', 'the body is larger than 1 MiB') : undefined
}

const invalid = (message: string) => new SecaError('InvalidRequest', message)

/** The part before the query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
