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

test('in 22 years whoever copied the bundle in the last 12 days believes what is served, and whoever reads it now what was served a look ago', () => {
  let last = renewed(NOTHING, HOSTS, START)
  const bundles: string[] = [last.serving['ca.crt']!]
  const seen = new Set([last.serving['tls.crt']])
  const authorities = new Set([last.authority['tls.crt']])
  let alone = 0
  for (let day = STEP; day < 22 * 365; day += STEP) {
    const next = renewed(last, HOSTS, START + day * DAY_MS)
    bundles.push(next.serving['ca.crt']!)
    for (const bundle of bundles.slice(-1 - Math.ceil(12 / STEP))) expect(isTrusted(next.serving['tls.crt']!, bundle)).toBe(true)
    expect(isTrusted(last.serving['tls.crt']!, next.serving['ca.crt']!)).toBe(true)
    expect(Date.parse(parsed(next.serving['tls.crt']).validTo)).toBeGreaterThan(START + (day + 10) * DAY_MS)
    expect(believed(next)).toBeLessThanOrEqual(2)
    if (believed(next) === 1) alone++
    seen.add(next.serving['tls.crt'])
    authorities.add(next.authority['tls.crt'])
    last = next
  }
  expect(authorities.size).toBe(4)
  // The CA before goes soon after: three times in 22 years there are two, for some weeks.
  expect(alone).toBeGreaterThan(((22 * 365) / STEP) * 0.97)
  // Every 60 days, or at the next look after.
  expect(seen.size).toBeGreaterThan(22 * 6 - 5)
  expect(last.serving['peer.key']).toBe(renewed(last, HOSTS, START + 22 * 365 * DAY_MS).serving['peer.key'])
})

test('a new CA is announced at once, served by after two weeks, and alone a day later', () => {
  const first = renewed(NOTHING, HOSTS, START)
  const at = (from: Certificates, days: number) => renewed(from, HOSTS, START + days * DAY_MS)
  const announced = at({ ...first, authority: {} }, 10)
  expect(announced.serving['tls.crt']).toBe(first.serving['tls.crt'])
  expect(believed(announced)).toBe(2)
  expect(isTrusted(announced.authority['tls.crt']!, announced.serving['ca.crt']!)).toBe(true)
  expect(at(announced, 23)).toEqual(announced)
  const served = at(announced, 24)
  expect(served.serving['tls.crt']).not.toBe(first.serving['tls.crt'])
  expect(believed(served)).toBe(2)
  const alone = at(served, 25)
  expect(alone.serving['tls.crt']).toBe(served.serving['tls.crt'])
  expect(believed(alone)).toBe(1)
  expect(isTrusted(first.serving['tls.crt']!, alone.serving['ca.crt']!)).toBe(false)
})

test('a certificate that is about to end does not wait for a new CA to be known', () => {
  const first = renewed(NOTHING, HOSTS, START)
  const next = renewed({ ...first, authority: {} }, HOSTS, START + 88 * DAY_MS)
  expect(isTrusted(next.serving['tls.crt']!, next.authority['tls.crt']!)).toBe(true)
  expect(isTrusted(first.serving['tls.crt']!, next.serving['ca.crt']!)).toBe(true)
})

test('what somebody adds to the bundle goes', () => {
  const first = renewed(NOTHING, HOSTS, START)
  const more = { ...first, serving: { ...first.serving, 'ca.crt': first.serving['ca.crt']! + other.serving['ca.crt']! } }
  expect(renewed(more, HOSTS, START + 2 * DAY_MS)).toEqual(first)
})

test.each(['2001:db8::7', '2001:0DB8:0:0:0:0:0:7'])('an IPv6 address is one however it is written: %s', (host) => {
  const hosts = [...HOSTS, host]
  const first = renewed(NOTHING, hosts, START)
  expect(parsed(first.serving['tls.crt']).checkIP('2001:db8::7')).toBeDefined()
  expect(renewed(first, hosts, START)).toEqual(first)
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
