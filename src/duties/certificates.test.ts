import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Certificates, hostsOf, renewed } from './certificates.ts'

const DAY_MS = 24 * 3_600_000
const START = Date.UTC(2026, 10, 26)
const HOSTS = hostsOf(['seca-api'], 'seca-system', ['10.0.0.7'])
/** Days between two looks: fewer take long, and see no more. */
const STEP = 5
const NOTHING: Certificates = { serving: {}, authority: {} }

const parsed = (pem = '') => new X509Certificate(pem)
const believed = (certificates: Certificates) => (certificates.serving['ca.crt'] ?? '').split('-----BEGIN').length - 1
/** Whether somebody who holds this bundle believes this certificate. */
const isTrusted = (cert: string, bundle: string) =>
  (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).some((one) => parsed(cert).verify(parsed(one).publicKey))

test('the first is for all names of the Services, and stays as it is', () => {
  const first = renewed(NOTHING, HOSTS, START)
  const cert = parsed(first.serving['tls.crt'])
  expect(cert.checkHost('seca-api.seca-system.svc')).toBe('seca-api.seca-system.svc')
  expect(cert.checkIP('10.0.0.7')).toBe('10.0.0.7')
  expect(isTrusted(first.serving['tls.crt']!, first.serving['ca.crt']!)).toBe(true)
  expect(first.serving['peer.key']).toMatch(/^[0-9a-f]{64}$/)
  expect(renewed(first, HOSTS, START + 50 * DAY_MS)).toEqual(first)
})

test('in 22 years nobody ever holds a bundle that does not know the certificate, of that look, of the one before or after', () => {
  let last = renewed(NOTHING, HOSTS, START)
  const seen = new Set([last.serving['tls.crt']])
  const authorities = new Set([last.authority['tls.crt']])
  for (let day = 1; day < 22 * 365; day += STEP) {
    const next = renewed(last, HOSTS, START + day * DAY_MS)
    // Who serves and who believes learn of it at different times.
    expect(
      isTrusted(next.serving['tls.crt']!, last.serving['ca.crt']!) || isTrusted(last.serving['tls.crt']!, next.serving['ca.crt']!),
    ).toBe(true)
    expect(isTrusted(last.serving['tls.crt']!, next.serving['ca.crt']!)).toBe(true)
    expect(Date.parse(parsed(next.serving['tls.crt']).validTo)).toBeGreaterThan(START + (day + 20) * DAY_MS)
    expect(believed(next)).toBeLessThanOrEqual(2)
    seen.add(next.serving['tls.crt'])
    authorities.add(next.authority['tls.crt'])
    last = next
  }
  expect(authorities.size).toBe(4)
  // Every 60 days, or at the next look after.
  expect(seen.size).toBeGreaterThan(22 * 6)
  expect(last.serving['peer.key']).toBe(renewed(last, HOSTS, START + 22 * 365 * DAY_MS).serving['peer.key'])
})

test('other hosts, another certificate, of the same CA', () => {
  const first = renewed(NOTHING, HOSTS, START)
  const next = renewed(first, [...HOSTS, 'seca.example.org'], START)
  expect(parsed(next.serving['tls.crt']).checkHost('seca.example.org')).toBe('seca.example.org')
  expect(next.authority).toEqual(first.authority)
})

const good = renewed(NOTHING, HOSTS, START)
const other = renewed(NOTHING, HOSTS, START)
test.each([
  { what: 'a key of another certificate', stored: { ...good, serving: { ...good.serving, 'tls.key': other.serving['tls.key']! } } },
  { what: 'half a certificate', stored: { ...good, serving: { ...good.serving, 'tls.crt': good.serving['tls.crt']!.slice(0, 300) } } },
  { what: 'no CA', stored: { ...good, authority: {} } },
  { what: 'a CA of somebody else', stored: { ...good, authority: other.authority } },
  {
    what: 'a bundle that is none',
    stored: { ...good, serving: { ...good.serving, 'ca.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' } },
  },
  { what: 'a short secret', stored: { ...good, serving: { ...good.serving, 'peer.key': 'a' } } },
])('what is damaged is made anew: $what', ({ stored }) => {
  const next = renewed(stored, HOSTS, START)
  expect(next).not.toEqual(stored)
  expect(isTrusted(next.serving['tls.crt']!, next.serving['ca.crt']!)).toBe(true)
  expect(next.serving['peer.key']).toHaveLength(64)
  expect(renewed(next, HOSTS, START)).toEqual(next)
})
