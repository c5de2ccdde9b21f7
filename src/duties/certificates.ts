import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { createAuthority, issue, type KeyPair } from '../x509.ts'

/** Contents of the Secrets that an installation's certificate is in, as text. */
export interface Certificates {
  /** `tls.crt`, `tls.key`: what the API serves by; `ca.crt`: who vouches for it; `peer.key`: what its replicas share. */
  readonly serving: Readonly<Record<string, string>>
  /** `tls.crt`, `tls.key` of the CA. Nobody but the leader reads it. */
  readonly authority: Readonly<Record<string, string>>
}

const SERVING_DAYS = 90
/** Of its life, when a certificate is replaced. */
const RENEW_AT = 2 / 3
/** RFC 4346 knows no shorter secrets than this one's 256 bits. */
const PEER_KEY_BYTES = 32

/**
 * What the Secrets should hold: as they are, where all is well. A new CA is believed together with the one before for as long as that
 * holds, so that neither side of a connection needs to change at the same moment. What is damaged, half there, or for other hosts is made anew.
 */
export function renewed(stored: Certificates, hosts: readonly string[], now: number): Certificates {
  const last = pairOf(stored.authority)
  const authority = last !== undefined && isFresh(last, now) ? last : createAuthority('seca-operator', now)
  const serving = pairOf(stored.serving)
  const isGood = serving !== undefined && isFresh(serving, now) && isBy(serving, authority) && isFor(serving, hosts)
  const { cert, key } = isGood
    ? serving
    : issue(authority, { commonName: 'seca-api', usages: ['server', 'client'], hosts, days: SERVING_DAYS }, now)
  const believed = [authority.cert, ...certificatesIn(stored.serving['ca.crt'] ?? '')]
  const peerKey = stored.serving['peer.key'] ?? ''
  return {
    serving: {
      'tls.crt': cert,
      'tls.key': key,
      'ca.crt': [...new Set(believed.filter((one) => endOf(one) > now).map((one) => one.trim()))].map((one) => `${one}\n`).join(''),
      'peer.key': peerKey.length >= PEER_KEY_BYTES ? peerKey : randomBytes(PEER_KEY_BYTES).toString('hex'),
    },
    authority: { 'tls.crt': authority.cert, 'tls.key': authority.key },
  }
}

function pairOf({ 'tls.crt': cert, 'tls.key': key }: Readonly<Record<string, string>>): KeyPair | undefined {
  if (cert === undefined || key === undefined) return undefined
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) ? { cert, key } : undefined
  } catch {
    return undefined
  }
}

function isFresh({ cert }: KeyPair, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(cert)
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  return now >= from && now < from + (to - from) * RENEW_AT
}

function isBy({ cert }: KeyPair, authority: KeyPair): boolean {
  const parent = new X509Certificate(authority.cert)
  const one = new X509Certificate(cert)
  return one.checkIssued(parent) && one.verify(parent.publicKey)
}

function isFor({ cert }: KeyPair, hosts: readonly string[]): boolean {
  const names = (new X509Certificate(cert).subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''))
  return names.toSorted().join() === [...new Set(hosts)].toSorted().join()
}

const endOf = (cert: string): number => Date.parse(new X509Certificate(cert).validTo)

function certificatesIn(bundle: string): string[] {
  const found = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return found.filter((one) => {
    try {
      return endOf(one) > 0
    } catch {
      return false
    }
  })
}

/** Names that the API is reached by: those of its Services, and more. */
export function hostsOf(services: readonly string[], namespace: string, more: readonly string[]): string[] {
  const names = services.flatMap((name) => [
    name,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
  ])
  return [...new Set([...names, ...more])]
}

/** A host that a certificate can name. */
export const isHost = (text: string): boolean =>
  isIP(text) === 4 || /^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)
