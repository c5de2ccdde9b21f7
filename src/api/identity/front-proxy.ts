import { KUBERNETES } from '../../kube/builtin.ts'
import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { asError, SecaError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ApiError, isNotFound } from '../../kube/errors.ts'
import type { Log } from '../../observe/log.ts'
import type { Caller } from '../contract.ts'
import type { Head } from './head.ts'

export type KubernetesCaller = Extract<Caller, { door: 'aggregated' }>

const NAMESPACE = 'kube-system'
const NAME = 'extension-apiserver-authentication'
const REFRESH_MS = 10_000

/** What kube-apiserver publishes about the certificate and the headers with which it forwards requests. */
interface ProxyTrust {
  /** PEM of the CAs. */
  readonly ca: string
  /** Common names; empty = every one of the CA. */
  readonly allowedNames: readonly string[]
  /** All lower case. */
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraPrefixes: readonly string[]
}

/** Reads the ConfigMap's data. Throws when it does not say whom to trust. */
export function parseTrust(data: Readonly<Record<string, string>>): ProxyTrust {
  const ca = data['requestheader-client-ca-file'] ?? ''
  const list = (key: string): string[] => {
    const value: unknown = JSON.parse(data[key] ?? '[]')
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) throw untrusted(`${key} is not a list of names`)
    return value
  }
  const lower = (key: string) => list(key).map((name) => name.toLowerCase())
  if (certificatesOf(ca).length === 0) throw untrusted('it has no requestheader-client-ca-file: aggregation is not set up in this cluster')
  const usernameHeaders = lower('requestheader-username-headers')
  if (usernameHeaders.length === 0) throw untrusted('it has no requestheader-username-headers')
  const allowedNames = list('requestheader-allowed-names')
  const clients = new Set(certificatesOf(data['client-ca-file'] ?? '').map(({ fingerprint256 }) => fingerprint256))
  if (allowedNames.length === 0 && certificatesOf(ca).some(({ fingerprint256 }) => clients.has(fingerprint256)))
    throw untrusted('its two CAs are the same and every name is allowed, so every client certificate could speak for everyone')
  return {
    ca,
    allowedNames,
    usernameHeaders,
    uidHeaders: lower('requestheader-uid-headers'),
    groupHeaders: lower('requestheader-group-headers'),
    extraPrefixes: lower('requestheader-extra-headers-prefix'),
  }
}

const untrusted = (why: string) => new SecaError('InvalidConfiguration', `ConfigMap ${NAMESPACE}/${NAME}: ${why}`)

function certificatesOf(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((block) => new X509Certificate(block))
}

/** What was found out of a connection. It hangs on the socket itself: HTTP/2 hands out a new proxy of that with each stream. */
interface Judged {
  /** Of the trust by which it was judged. */
  readonly generation: number
  readonly problem: string | undefined
  readonly validTo: number
}
const JUDGED = Symbol('judged')
type Known = TLSSocket & { [JUDGED]?: Judged }

export interface FrontProxyOptions {
  readonly client: KubeClient
  readonly log: Log
  /** Called with the CAs whenever they change, for the listener. */
  readonly onTrust: (ca: string) => void
  readonly refreshMs?: number
  readonly now?: () => number
}

/** Identities that kube-apiserver forwards. Only a connection with its front-proxy certificate may name one. */
export class FrontProxy {
  readonly #options: Required<FrontProxyOptions>
  #trust: ProxyTrust | undefined
  #generation = 0

  constructor(options: FrontProxyOptions) {
    this.#options = { refreshMs: REFRESH_MS, now: Date.now, ...options }
  }

  get trust(): ProxyTrust | undefined {
    return this.#trust
  }

  /** Reads whom to trust. Throws while that cannot be known: nobody is trusted then. */
  async load(signal?: AbortSignal): Promise<void> {
    const { client, onTrust } = this.#options
    let trust: ProxyTrust
    try {
      const configMap = await client.get<{ data?: Record<string, string> }>(KUBERNETES.ConfigMap, NAMESPACE, NAME, signal)
      trust = parseTrust(configMap.data ?? {})
    } catch (error) {
      if (error instanceof ApiError && !isNotFound(error)) throw error
      // Gone, or not to be trusted: what was trusted before was taken back.
      if (this.#trust !== undefined) this.#generation++
      this.#trust = undefined
      throw error
    }
    if (JSON.stringify(trust) === JSON.stringify(this.#trust)) return
    this.#trust = trust
    this.#generation++
    onTrust(trust.ca)
  }

  /** Follows changes until `signal`. While the apiserver does not answer, the last state holds. */
  async run(signal: AbortSignal): Promise<void> {
    const { refreshMs, log } = this.#options
    while (!signal.aborted) {
      await this.load(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: asError(error).message }, 'cannot read whom kube-apiserver forwards requests as')
      })
      await sleep(this.#trust === undefined ? Math.min(refreshMs, 1_000) : refreshMs, undefined, { signal, ref: false }).catch(
        () => undefined,
      )
    }
  }

  /** The forwarded identity; undefined when the connection is not kube-apiserver's or names nobody. */
  callerOf({ headers, socket }: Head): KubernetesCaller | undefined {
    const trust = this.#trust
    if (trust === undefined || this.problemOf(socket) !== undefined) return undefined
    const valuesOf = (names: readonly string[]) => names.flatMap((name) => headers.get(name) ?? [])
    const [username, ...others] = valuesOf(trust.usernameHeaders)
    if (username === undefined || username === '' || others.length > 0) return undefined
    const [uid] = valuesOf(trust.uidHeaders)
    const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>
    for (const [name, values] of headers) {
      const prefix = trust.extraPrefixes.find((one) => name.startsWith(one))
      if (prefix === undefined) continue
      const key = unescaped(name.slice(prefix.length))
      extra[key] = [...(extra[key] ?? []), ...values]
    }
    return { door: 'aggregated', username, ...(uid === undefined ? {} : { uid }), groups: valuesOf(trust.groupHeaders), extra }
  }

  /** Why a connection may not forward identities; undefined: it may. */
  problemOf(socket: TLSSocket): string | undefined {
    if (this.#trust === undefined) return 'nobody is trusted yet'
    const known = (socket as Known)[JUDGED]
    const judged = known?.generation === this.#generation ? known : this.#judge(socket, this.#trust)
    ;(socket as Known)[JUDGED] = judged
    return judged.validTo < this.#options.now() ? 'its certificate has expired' : judged.problem
  }

  /**
   * Two must agree. The handshake judged chain, validity and clientAuth, but by the CAs that were known when TCP connected, which can be
   * others than those of now, and even than those of when the handshake ended. So the certificate is also held against the CAs of now.
   */
  #judge(socket: TLSSocket, trust: ProxyTrust): Judged {
    const generation = this.#generation
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return { generation, problem: 'it shows no certificate', validTo: Number.POSITIVE_INFINITY }
    const name = commonName(certificate)
    const problem = () => {
      if (!socket.authorized) return `its certificate is not of the front proxy's CA (${String(socket.authorizationError)})`
      if (!isVouchedFor(certificate, trust.ca, this.#options.now())) return "its certificate is not of the front proxy's CA any more"
      return trust.allowedNames.length === 0 || trust.allowedNames.includes(name) ? undefined : `its name "${name}" is not allowed`
    }
    return { generation, problem: problem(), validTo: Date.parse(certificate.validTo) }
  }
}

/** Longest chain that is followed; OpenSSL's own limit is larger, and nobody needs it. */
const MAX_CHAIN = 8

/** The certificate, or an intermediate that came along with it, is signed by one of the CAs (PEM). */
function isVouchedFor(leaf: X509Certificate, ca: string, now: number): boolean {
  const authorities = certificatesOf(ca).filter((one) => isValid(one, now))
  let certificate: X509Certificate | undefined = leaf
  for (let depth = 0; certificate !== undefined && depth < MAX_CHAIN; depth++) {
    const one: X509Certificate = certificate
    if (authorities.some((authority) => isSignedBy(one, authority))) return true
    const issuer = one.issuerCertificate
    certificate = issuer?.ca === true && isValid(issuer, now) && isSignedBy(one, issuer) ? issuer : undefined
  }
  return false
}

const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate) =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
const isValid = ({ validFrom, validTo }: X509Certificate, now: number) => Date.parse(validFrom) <= now && now <= Date.parse(validTo)

function commonName(certificate: X509Certificate): string {
  const { CN } = certificate.toLegacyObject().subject
  return typeof CN === 'string' ? CN : ''
}

/** Extra keys come percent-encoded where they are no header names. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
