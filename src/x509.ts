import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { bits as bitsOf, parseIp } from './ip.ts'

/**
 * The few X.509 certificates (RFC 5280) that an installation or a control plane on loopback needs: a CA, and leaves signed by it, with ECDSA P-256 keys.
 * Written here because no small library does it and the openssl command is not everywhere.
 */
export interface KeyPair {
  /** Certificate, PEM. */
  readonly cert: string
  /** Private key, PKCS #8 PEM. */
  readonly key: string
}

interface Subject {
  readonly commonName: string
  /** Kubernetes reads organisations as groups. */
  readonly organizations?: readonly string[]
}

export interface Leaf extends Subject {
  readonly usages: readonly ('server' | 'client')[]
  /** DNS names and addresses that a server answers for. */
  readonly hosts?: readonly string[]
  /** How long it holds; default: ten years. */
  readonly days?: number
}

const DAY_MS = 24 * 3_600_000
const TEN_YEARS = 3_650

/** A new CA: self-signed, or an intermediate one `by` another. */
export function createAuthority(commonName: string, now = Date.now(), by?: KeyPair): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const extensions = [extension('2.5.29.19', true, sequence(BOOLEAN_TRUE)), extension('2.5.29.15', true, bits(0x06, 1))]
  const subject = distinguishedName({ commonName })
  const signer = by === undefined ? privateKey : createPrivateKey(by.key)
  const parent = by === undefined ? undefined : new X509Certificate(by.cert)
  const issuer = parent === undefined ? subject : distinguishedName({ commonName: parent.subject.replace(/^CN=/, '') })
  return {
    cert: certificate({ subject, issuer, publicKey, signer, authority: parent?.publicKey ?? publicKey, extensions, now, days: TEN_YEARS }),
    key: pem(privateKey),
  }
}

/** A certificate for `leaf`, signed by `authority`. */
export function issue(authority: KeyPair, leaf: Leaf, now = Date.now()): KeyPair {
  const parent = new X509Certificate(authority.cert)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const usages = leaf.usages.map((usage) => oid(usage === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'))
  const names = (leaf.hosts ?? []).map(generalName)
  const extensions = [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, bits(0x80, 7)),
    extension('2.5.29.37', false, sequence(...usages)),
    ...(names.length > 0 ? [extension('2.5.29.17', false, sequence(...names))] : []),
  ]
  const cert = certificate({
    subject: distinguishedName(leaf),
    issuer: distinguishedName({ commonName: parent.subject.replace(/^CN=/, '') }),
    publicKey,
    signer: createPrivateKey(authority.key),
    authority: parent.publicKey,
    extensions,
    now,
    days: leaf.days ?? TEN_YEARS,
  })
  return { cert, key: pem(privateKey) }
}

/** A key pair without certificate, for signing service-account tokens. */
export function createSigningKey(): { key: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { key: pem(privateKey), publicKey: publicKey.export({ type: 'spki', format: 'pem' }) }
}

interface Parts {
  subject: Buffer
  issuer: Buffer
  publicKey: KeyObject
  signer: KeyObject
  authority: KeyObject
  extensions: Buffer[]
  now: number
  days: number
}

function certificate(parts: Parts): string {
  const spki = parts.publicKey.export({ type: 'spki', format: 'der' })
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')) // ecdsa-with-SHA256
  const serial = randomBytes(16)
  serial[0] = (serial.readUInt8(0) & 0x3f) | 0x40 // positive, and never a leading zero
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), // version 3
    tlv(0x02, serial),
    algorithm,
    parts.issuer,
    // An hour back, for clocks that differ a little.
    sequence(time(parts.now - 3_600_000), time(parts.now + parts.days * DAY_MS)),
    parts.subject,
    spki,
    tlv(
      0xa3,
      sequence(
        ...parts.extensions,
        extension('2.5.29.14', false, tlv(0x04, keyId(parts.publicKey))),
        extension('2.5.29.35', false, sequence(tlv(0x80, keyId(parts.authority)))),
      ),
    ),
  )
  const signature = sign('sha256', body, { key: parts.signer, dsaEncoding: 'der' })
  const base64 = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature]))).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/(.{64})(?!$)/g, '$1\n')}\n-----END CERTIFICATE-----\n`
}

/** What a certificate can name: an address, or a DNS name that may begin with `*.`. */
export const isHost = (text: string): boolean =>
  parseIp(text) !== undefined || /^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)

/** RFC 5280 §4.2.1.6. */
function generalName(host: string): Buffer {
  const ip = parseIp(host)
  if (ip === undefined) return tlv(0x82, Buffer.from(host))
  return tlv(0x87, Buffer.from(ip.value.toString(16).padStart(bitsOf(ip.family) / 4, '0'), 'hex'))
}

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' })
const keyId = (key: KeyObject) =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()

// DER (X.690), as far as it is used above.
function tlv(tag: number, content: Uint8Array): Buffer {
  const length = content.length
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
const sequence = (...items: Buffer[]) => tlv(0x30, Buffer.concat(items))
const BOOLEAN_TRUE = tlv(0x01, Buffer.from([0xff]))
const bits = (value: number, unused: number) => tlv(0x03, Buffer.from([unused, value]))
const extension = (id: string, critical: boolean, value: Buffer) => sequence(oid(id), ...(critical ? [BOOLEAN_TRUE] : []), tlv(0x04, value))
/** RFC 5280 §4.1.2.5: two digits of the year until 2049, four from then on. */
const time = (ms: number) => {
  const text = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return text < '2050' ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text))
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let high = arc >> 7; high > 0; high >>= 7) groups.unshift((high & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return tlv(0x06, Buffer.from(bytes))
}

function distinguishedName(subject: Subject): Buffer {
  const part = (id: string, value: string) => tlv(0x31, sequence(oid(id), tlv(0x0c, Buffer.from(value))))
  return sequence(...(subject.organizations ?? []).map((name) => part('2.5.4.10', name)), part('2.5.4.3', subject.commonName))
}
