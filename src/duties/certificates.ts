import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { formatIp, parseIp } from '../ip.ts'
import { createAuthority, issue, type KeyPair } from '../x509.ts'

/** Contents of the Secrets that an installation's certificate is in, as text. */
export interface Certificates {
  /** `tls.crt`, `tls.key`: what the API serves by; `ca.crt`: who vouches for it; `peer.key`: what its replicas share. */
  readonly serving: Readonly<Record<string, string>>
  /** `tls.crt`, `tls.key` of the CA. Nobody but the leader reads it. */
  readonly authority: Readonly<Record<string, string>>
}

const DAY_MS = 86_400_000
const SERVING_DAYS = 90
/** Of its life, when a certificate is replaced. */
const RENEW_AT = 2 / 3
/** A new CA is believed for so long before anything is served by it: so long clients may keep a copy of `ca.crt`. */
const ANNOUNCED_MS = 14 * DAY_MS
/** And the one before for so long after nothing is served by it any more: until every replica has seen the Secret. */
const LINGERS_MS = DAY_MS
/** A certificate that ends sooner cannot wait for anything. */
const PRESSING_MS = 3 * DAY_MS
/** RFC 4346 knows no shorter secrets than this one's 256 bits. */
const PEER_KEY_BYTES = 32

/**
 * What the Secrets should hold: as they are, where all is well. A new CA is announced in `ca.crt` before anything is served by it, and the one
 * before goes when nothing is served by that any more, so neither side of a connection needs to change at the same moment. What is damaged,
 * half there, or for other hosts is made anew at once.
 */
export function renewed(stored: Certificates, hosts: readonly string[], now: number): Certificates {
  const last = pairOf(stored.authority)
  const authority = last !== undefined && isAuthority(last) && isFresh(last, now) ? last : createAuthority('seca-operator', now)
  const believed = certificatesIn(stored.serving['ca.crt'] ?? '').filter((one) => endOf(one) > now && one !== authority.cert.trim())
  const current = pairOf(stored.serving)
  const isKept = current !== undefined && isFor(current, hosts) && mayStay(current, authority, believed, now)
  const { cert, key } = isKept
    ? current
    : issue(authority, { commonName: 'seca-api', usages: ['server', 'client'], hosts, days: SERVING_DAYS }, now)
  const needsOthers = !isBy(cert, authority.cert) || now - startOf(cert) < LINGERS_MS
  const peerKey = stored.serving['peer.key'] ?? ''
  return {
    serving: {
      'tls.crt': cert,
      'tls.key': key,
      'ca.crt': [...new Set([authority.cert.trim(), ...(needsOthers ? believed : [])])].map((one) => `${one}\n`).join(''),
      'peer.key': peerKey.length >= PEER_KEY_BYTES ? peerKey : randomBytes(PEER_KEY_BYTES).toString('hex'),
    },
    authority: { 'tls.crt': authority.cert, 'tls.key': authority.key },
  }
}

/** Until it is due; one of the CA before until the new one was announced for long enough. */
function mayStay(current: KeyPair, authority: KeyPair, believed: readonly string[], now: number): boolean {
  if (isBy(current.cert, authority.cert)) return isFresh(current, now)
  const isAnnounced = now - startOf(authority.cert) >= ANNOUNCED_MS
  const isPressing = now < startOf(current.cert) || now > endOf(current.cert) - PRESSING_MS
  return !isAnnounced && !isPressing && believed.some((one) => isBy(current.cert, one))
}

function pairOf({ 'tls.crt': cert, 'tls.key': key }: Readonly<Record<string, string>>): KeyPair | undefined {
  if (cert === undefined || key === undefined) return undefined
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) ? { cert, key } : undefined
  } catch {
    return undefined
  }
}

const isAuthority = ({ cert }: KeyPair): boolean => new X509Certificate(cert).ca

function isFresh({ cert }: KeyPair, now: number): boolean {
  const [from, to] = [startOf(cert), endOf(cert)]
  return now >= from && now < from + (to - from) * RENEW_AT
}

function isBy(cert: string, authority: string): boolean {
  const [one, parent] = [new X509Certificate(cert), new X509Certificate(authority)]
  return one.checkIssued(parent) && one.verify(parent.publicKey)
}

function isFor({ cert }: KeyPair, hosts: readonly string[]): boolean {
  const names = (new X509Certificate(cert).subjectAltName ?? '').split(', ').map((name) => plain(name.replace(/^(DNS|IP Address):/, '')))
  return [...new Set(names)].toSorted().join() === [...new Set(hosts.map(plain))].toSorted().join()
}

/** An address in the one way of writing it. */
function plain(host: string): string {
  const ip = parseIp(host)
  return ip === undefined ? host : formatIp(ip)
}

const startOf = (cert: string): number => Date.parse(new X509Certificate(cert).validFrom)

/** When a certificate (PEM) ends, epoch milliseconds. Throws for what is none. */
export const endOf = (cert: string): number => Date.parse(new X509Certificate(cert).validTo)

/** The certificates of a bundle (PEM) that are some, each without white space around it. */
export function certificatesIn(bundle: string): string[] {
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
