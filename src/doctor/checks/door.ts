import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { asError } from '../../errors.ts'
import { type Check, fail, ok, type Finding } from '../check.ts'
import { validity } from './certificates.ts'

interface Seen {
  readonly status: number
  readonly text: string
  readonly certificate: X509Certificate | undefined
}

const TIMEOUT_MS = 10_000

function ask(url: URL, ca: string | undefined, signal: AbortSignal): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent: false, signal, timeout: TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) }, (response) => {
      const raw = (response.socket as TLSSocket).getPeerCertificate().raw as Buffer | undefined
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, 1_000)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, certificate: raw && new X509Certificate(raw) }))
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
    call.on('error', reject)
    call.end()
  })
}

/** The direct door, as a client outside sees it. */
export const door: Check = {
  name: 'door',
  about: "the API's direct door answers clients (with --api-url)",
  run: async ({ api, signal, now }) => {
    if (api === undefined) return [ok('not asked; --api-url <URL> looks at it as clients do')]
    const lines: Omit<Finding, 'check'>[] = []
    try {
      const url = new URL('/readyz', api.url)
      const { status, text, certificate } = await ask(url, api.caFile === undefined ? undefined : readFileSync(api.caFile, 'utf8'), signal)
      const late =
        certificate && validity(`the certificate that ${url.host} shows`, certificate, now(), 'renew it, here or at the proxy in front')
      if (late !== undefined) lines.push(late)
      lines.push(
        status === 200
          ? ok(`${url.host} is ready`)
          : fail(`${url.host} is not ready (${status}): ${text.trim()}`, 'the answer says what it waits for'),
      )
    } catch (error) {
      lines.push(
        fail(
          `${api.url} does not answer: ${asError(error).message}`,
          'check the URL, its Service or Ingress, and --api-ca-file where the CA is a private one',
        ),
      )
    }
    return lines
  },
}
