import { createHmac, timingSafeEqual, X509Certificate } from 'node:crypto'

/**
 * How replicas know each other: by keys that they share. A question is signed with them, and so is the certificate that a replica
 * announces beside its address. No CA is asked: when certificates or their CA rotate, replicas get the new files minutes apart from
 * each other, and each is believed meanwhile with what it shows. The same goes for a key that is replaced: every key that is known
 * signs, and any of them is believed.
 */

const CLOCK_SKEW_MS = 30_000
/** Shorter ones can be guessed. */
const SHORTEST = 16
/** More signatures than keys are ever known. */
const SIGNATURES = /^(?:[0-9a-f]{64})(?:,[0-9a-f]{64}){0,3}$/
const MAX_KEYS = 4

/** Keys in a file, one a line; undefined when there is none, or one that is too short to be a secret. */
export function keysOf(text: string): readonly string[] | undefined {
  const lines = text.split('\n').map((line) => line.trim())
  const keys = lines.filter((line) => line !== '')
  return keys.length > 0 && keys.length <= MAX_KEYS && keys.every((key) => key.length >= SHORTEST) ? keys : undefined
}

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex')
const signatures = (keys: readonly string[], text: string) =>
  keys
    .slice(0, MAX_KEYS)
    .map((key) => hmac(key, text))
    .join()

function isOneOfOurs(keys: readonly string[], text: string, signature: string): boolean {
  if (!SIGNATURES.test(signature)) return false
  const ours = keys.map((key) => Buffer.from(hmac(key, text)))
  return signature.split(',').some((one) => ours.some((own) => timingSafeEqual(own, Buffer.from(one))))
}

/** What goes along with a question. */
export function signed(keys: readonly string[], query: string, now = Date.now()): string {
  return `${now}.${signatures(keys, `${now}\n${query}`)}`
}

/** The header is one that a replica made for this query, not long ago. */
export function isSigned(keys: readonly string[], query: string, values: readonly string[], now = Date.now()): boolean {
  const [value = ''] = values
  const [, time = '', signature = ''] = /^(\d{1,16})\.([0-9a-f,]+)$/.exec(value) ?? []
  if (values.length !== 1 || !(Math.abs(now - Number(time)) < CLOCK_SKEW_MS)) return false
  return isOneOfOurs(keys, `${time}\n${query}`, signature)
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const aboutOf = (address: string, certificates: string) => `certificates of ${address}\n${certificates}`

/** The certificate itself, PEM, without its chain. */
export const leafOf = (cert: string): string => new X509Certificate(cert).toString().trim()

/** Says which certificates (PEM) are shown at an address, for others to read. */
export function announcement(keys: readonly string[], address: string, certificates: readonly string[]): string {
  const text = certificates.join('\n')
  return `${signatures(keys, aboutOf(address, text))}\n${text}`
}

/** The certificates that somebody who knows the keys announced for this address. */
export function announced(keys: readonly string[], address: string, value: string | undefined): readonly string[] {
  const at = value?.indexOf('\n') ?? -1
  if (value === undefined || at < 0) return []
  const text = value.slice(at + 1)
  return isOneOfOurs(keys, aboutOf(address, text), value.slice(0, at)) ? (text.match(PEM) ?? []) : []
}
