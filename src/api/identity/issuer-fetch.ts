import { Agent, fetch } from 'undici'
import { SecaError } from '../../errors.ts'
import { readMounted } from '../../mounted.ts'

const TIMEOUT_MS = 5_000
const MAX_BYTES = 1_048_576

export interface Answer {
  readonly status: number
  readonly body: unknown
  /** The issuer's clock. */
  readonly date?: string
}

/** GET of a JSON document of the token issuer: no redirects, 5 s, 1 MiB. Throws when there is no answer. */
export type FetchJson = (url: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>

/** How the issuer is asked; both files are read again for each question, as what is mounted in a pod rotates. */
export interface Approach {
  /** PEM of the CAs that may vouch for the issuer, instead of the usual ones. */
  readonly caFile?: string | undefined
  /** The same as text. */
  readonly ca?: string | undefined
  /** A bearer token to ask with, for issuers that answer nobody (kube-apiserver); it is sent by https only. */
  readonly bearerFile?: string | undefined
}

/** kube-apiserver answers 406 to who accepts nothing but JSON. */
const ACCEPT = 'application/json, application/jwk-set+json'

export function createFetch({ caFile, ca, bearerFile }: Approach = {}): FetchJson {
  let pool: { readonly ca: string | undefined; readonly agent: Agent } | undefined
  const agentOf = (trusted: string | undefined) => {
    if (pool !== undefined && pool.ca === trusted) return pool.agent
    void pool?.agent.close()
    const agent = new Agent({ connect: { timeout: TIMEOUT_MS, ...(trusted === undefined ? {} : { ca: trusted }) }, connections: 8 })
    pool = { ca: trusted, agent }
    return agent
  }
  return async (url, headers = {}) => {
    requireSafe(url)
    if (bearerFile !== undefined && !url.startsWith('https:'))
      throw new SecaError('InvalidConfiguration', `${url} is not an https URL; the token of ${bearerFile} is not sent in clear text`)
    const bearer = bearerFile === undefined ? {} : { authorization: `Bearer ${readMounted(bearerFile).trim()}` }
    const response = await fetch(url, {
      dispatcher: agentOf(caFile === undefined ? ca : readMounted(caFile)),
      headers: { accept: ACCEPT, ...bearer, ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += (chunk as Uint8Array).length
      if (size > MAX_BYTES) throw new Error(`${url} answers with more than 1 MiB`)
      chunks.push(chunk as Uint8Array)
    }
    const date = response.headers.get('date')
    return { status: response.status, body: parse(Buffer.concat(chunks).toString('utf8')), ...(date === null ? {} : { date }) }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Keys and tokens travel over TLS only; on this machine plain HTTP will do. */
export function requireSafe(url: string): string {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' }
  if (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname))) return url
  throw new SecaError('InvalidConfiguration', `${url} is not an https URL; keys and tokens do not travel in clear text`)
}
