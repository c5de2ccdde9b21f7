import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici'
import { SecaError } from '../../errors.ts'

/** Waits before further tries; counted anew whenever a try got further than those before it. */
const WAITS_MS = [500, 2_000, 5_000]
const MAX_REDIRECTS = 8
const MAX_TEXT = 256 * 1024

/** Connections to release servers, through the proxy that the usual variables name. What sends nothing for `idleMs` is cut. */
export function openHttp(env: NodeJS.ProcessEnv, idleMs = 30_000): Dispatcher {
  const variable = (name: string) => env[name] || env[name.toUpperCase()] || ''
  const timeouts = { headersTimeout: idleMs, bodyTimeout: idleMs, connectTimeout: Math.min(idleMs, 10_000) }
  return new EnvHttpProxyAgent({
    httpProxy: variable('http_proxy'),
    httpsProxy: variable('https_proxy'),
    noProxy: variable('no_proxy'),
    ...timeouts,
  })
}

interface Transfer {
  readonly url: string
  /** Where the file is put once it is whole; what has arrived is kept beside it, also for a later process. */
  readonly file: string
  readonly http: Dispatcher
  readonly signal: AbortSignal | undefined
  /** Bytes that are here, and of how many (when the server says). */
  readonly onProgress: (done: number, total: number | undefined) => void
  readonly waitsMs?: readonly number[] | undefined
}

/** Downloads a file. Goes on where an earlier try stopped when the server still has the same file; throws when trying again is of no use. */
export async function download(transfer: Transfer): Promise<void> {
  const { url, file, signal, waitsMs = WAITS_MS } = transfer
  let furthest = 0
  for (let failures = 0; ;) {
    try {
      await attempt(transfer)
      break
    } catch (thrown) {
      signal?.throwIfAborted()
      if (thrown instanceof SecaError) throw thrown
      const size = sizeOf(partOf(file))
      if (size > furthest) failures = 0
      furthest = Math.max(furthest, size)
      const waitMs = waitsMs[failures++]
      if (waitMs === undefined) throw new SecaError('InvalidConfiguration', `${shown(url)}: ${reason(thrown)}`, { cause: thrown })
      await sleep(waitMs, undefined, signal && { signal })
    }
  }
  renameSync(partOf(file), file)
  rmSync(originOf(file), { force: true })
}

/** A small text file, as checksums are. */
export async function downloadText({ url, http, signal, waitsMs = WAITS_MS }: Omit<Transfer, 'file' | 'onProgress'>): Promise<string> {
  for (let failures = 0; ;) {
    try {
      const { body } = await get(url, {}, http, signal)
      let text = ''
      for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
        text += chunk
        if (text.length > MAX_TEXT) throw new SecaError('InvalidConfiguration', `${shown(url)} is too long for what it should be`)
      }
      return text
    } catch (thrown) {
      signal?.throwIfAborted()
      const waitMs = waitsMs[failures++]
      if (thrown instanceof SecaError) throw thrown
      if (waitMs === undefined) throw new SecaError('InvalidConfiguration', `${shown(url)}: ${reason(thrown)}`, { cause: thrown })
      await sleep(waitMs, undefined, signal && { signal })
    }
  }
}

/** Hexadecimal SHA-256 of a file. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

const partOf = (file: string) => `${file}.part`
/** URL and version (validator) of the file that a part is of. */
const originOf = (file: string) => `${file}.part.json`
const sizeOf = (path: string) => (existsSync(path) ? statSync(path).size : 0)

async function attempt({ url, file, http, signal, onProgress }: Transfer): Promise<void> {
  const part = partOf(file)
  const origin = existsSync(originOf(file))
    ? (JSON.parse(readFileSync(originOf(file), 'utf8')) as { url: string; version: string })
    : undefined
  let have = origin?.url === url ? sizeOf(part) : 0
  const resume = origin && have > 0 ? { range: `bytes=${have}-`, 'if-range': origin.version } : {}
  const { statusCode, headers, body } = await get(url, resume, http, signal)
  const [, from, whole] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(String(headers['content-range'] ?? '')) ?? []
  if (statusCode === 416) {
    await body.dump()
    if (Number(whole) === have) return
    rmSync(originOf(file), { force: true })
    throw new Error('the file became shorter')
  }
  if (statusCode === 206 && Number(from) !== have) throw new Error('the server sent another range than it was asked for')
  if (statusCode === 200) {
    have = 0
    remember(file, url, headers)
  }
  const total = statusCode === 206 ? Number(whole) : Number(headers['content-length'] ?? Number.NaN)
  const out = await open(part, have > 0 ? 'a' : 'w')
  try {
    onProgress(have, Number.isNaN(total) ? undefined : total)
    for await (const chunk of body as AsyncIterable<Buffer>) {
      await out.write(chunk)
      have += chunk.length
      onProgress(have, Number.isNaN(total) ? undefined : total)
    }
  } finally {
    await out.close()
  }
  if (!Number.isNaN(total) && have !== total) throw new Error(`the connection ended after ${have} of ${total} bytes`)
}

// Only a strong validator says that the rest belongs to what is here (RFC 9110 §13.1.5); without one the next try begins anew.
function remember(file: string, url: string, headers: Readonly<Record<string, string | string[] | undefined>>): void {
  const { etag, 'last-modified': modified } = headers
  const version = typeof etag === 'string' && etag.startsWith('"') ? etag : modified
  if (typeof version === 'string') writeFileSync(originOf(file), JSON.stringify({ url, version }))
  else rmSync(originOf(file), { force: true })
}

/** Follows redirects. Throws a SecaError for an answer that will not be another one, and an ordinary error when it may. */
async function get(url: string, headers: Record<string, string>, http: Dispatcher, signal: AbortSignal | undefined) {
  let next = new URL(url)
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    // A checksum that came over an open connection would vouch for nothing.
    if (next.protocol !== 'https:' && !(next.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(next.hostname)))
      throw new SecaError('InvalidConfiguration', `${shown(next)} is not https`)
    const answer = await request(next, {
      headers: { 'user-agent': 'seca-operator', 'accept-encoding': 'identity', ...headers },
      dispatcher: http,
      ...(signal ? { signal } : {}),
    })
    const { statusCode } = answer
    if ([200, 206, 416].includes(statusCode)) return answer
    await answer.body.dump()
    const { location } = answer.headers
    if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') next = new URL(location, next)
    else if (statusCode >= 500 || statusCode === 408 || statusCode === 429) throw new Error(`the server answers ${statusCode}`)
    else throw new SecaError('InvalidConfiguration', `${shown(url)}: the server answers ${statusCode}`)
  }
  throw new SecaError('InvalidConfiguration', `${shown(url)} is redirected without end`)
}

// Queries of redirects may hold signatures.
function shown(url: string | URL): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

function reason(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.message || ((thrown as NodeJS.ErrnoException).code ?? thrown.name)
}
