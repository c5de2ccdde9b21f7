import { KUBERNETES } from '../../kube/builtin.ts'
import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { asError, SecaError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Log } from '../../observe/log.ts'
import type { Caller } from '../contract.ts'
import type { Head } from './head.ts'

export type KubernetesCaller = Extract<Caller, { door: 'aggregated' }>

const NAMESPACE = 'kube-system'
const NAME = 'extension-apiserver-authentication'
const REFRESH_MS = 10_000

/** What kube-apiserver publishes about the certificate and the headers with which it forwards requests. */
export interface ProxyTrust {
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

/** What is known of a connection. It hangs on the socket itself: HTTP/2 hands out a new proxy of that with each stream. */
interface Connection {
  /** Generation of CAs that judged its handshake. */
  readonly born: number
  peer?: { readonly generation: number; readonly problem: string | undefined; readonly validTo: number }
}
const CONNECTION = Symbol('connection')
type Known = TLSSocket & { [CONNECTION]?: Connection }

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
    const configMap = await client.get<{ data?: Record<string, string> }>(KUBERNETES.ConfigMap, NAMESPACE, NAME, signal)
    let trust: ProxyTrust
    try {
      trust = parseTrust(configMap.data ?? {})
    } catch (error) {
      // Published, and not to be trusted: what was trusted before was taken back.
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
      const key = unescaped(name.slice(prefix.length)).toLowerCase()
      extra[key] = [...(extra[key] ?? []), ...values]
    }
    return { door: 'aggregated', username, ...(uid === undefined ? {} : { uid }), groups: valuesOf(trust.groupHeaders), extra }
  }

  /** Notes under which CAs a connection was made; to be called before its first request. */
  admit(socket: TLSSocket): void {
    ;(socket as Known)[CONNECTION] = { born: this.#generation }
  }

  /** Why a connection may not forward identities; undefined: it may. */
  problemOf(socket: TLSSocket): string | undefined {
    if (this.#trust === undefined) return 'nobody is trusted yet'
    const connection = (socket as Known)[CONNECTION]
    if (connection === undefined) return 'nobody saw it being made'
    const { peer } = connection
    const current = peer?.generation === this.#generation ? peer : this.#inspect(socket, this.#trust, connection.born !== this.#generation)
    connection.peer = current
    return current.validTo < this.#options.now() ? 'its certificate has expired' : current.problem
  }

  #inspect(socket: TLSSocket, trust: ProxyTrust, isOld: boolean): NonNullable<Connection['peer']> {
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined)
      return { generation: this.#generation, problem: 'it shows no certificate', validTo: Number.POSITIVE_INFINITY }
    const name = commonName(certificate)
    const problem = () => {
      // The handshake judged by the CAs of its time (chain, validity, clientAuth): older connections and resumed sessions are judged again.
      if (!socket.authorized) return `its certificate is not of the front proxy's CA (${String(socket.authorizationError)})`
      if ((isOld || socket.isSessionReused()) && !isIssuedBy(certificate, trust.ca))
        return "its certificate is not of the front proxy's CA any more"
      return trust.allowedNames.length === 0 || trust.allowedNames.includes(name) ? undefined : `its name "${name}" is not allowed`
    }
    return { generation: this.#generation, problem: problem(), validTo: Date.parse(certificate.validTo) }
  }
}

function isIssuedBy(certificate: X509Certificate, ca: string): boolean {
  return certificatesOf(ca).some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
}

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
