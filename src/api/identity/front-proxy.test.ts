import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createAuthority, issue, type KeyPair } from '../../x509.ts'
import type { KubeClient } from '../../kube/client.ts'
import { apiErrorFrom } from '../../kube/errors.ts'
import { until } from '../../kube/testing.ts'
import { FrontProxy, parseTrust } from './front-proxy.ts'
import { headersOf } from './head.ts'

const proxyCa = createAuthority('front-proxy-ca')
const clientCa = createAuthority('client-ca')
const trust = (more: Record<string, string> = {}) => ({
  'requestheader-client-ca-file': proxyCa.cert,
  'requestheader-allowed-names': '["front-proxy-client"]',
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  'client-ca-file': clientCa.cert,
  ...more,
})
const certificateOf = (by: KeyPair, commonName = 'front-proxy-client') =>
  new X509Certificate(issue(by, { commonName, usages: ['client'] }).cert)

describe('whom kube-apiserver forwards as', () => {
  it('is what its ConfigMap says', () => {
    expect(parseTrust(trust())).toEqual({
      ca: proxyCa.cert,
      allowedNames: ['front-proxy-client'],
      usernameHeaders: ['x-remote-user'],
      uidHeaders: [],
      groupHeaders: ['x-remote-group'],
      extraPrefixes: ['x-remote-extra-'],
    })
    expect(parseTrust(trust({ 'requestheader-allowed-names': '[]', 'requestheader-uid-headers': '["X-Uid"]' }))).toMatchObject({
      allowedNames: [],
      uidHeaders: ['x-uid'],
    })
  })

  it.each<[string, Record<string, string>, string]>([
    ['no CA', { 'requestheader-client-ca-file': '' }, 'no requestheader-client-ca-file'],
    ['a CA that is none', { 'requestheader-client-ca-file': 'nonsense' }, 'no requestheader-client-ca-file'],
    ['no header for names', { 'requestheader-username-headers': '[]' }, 'no requestheader-username-headers'],
    ['names that are no list', { 'requestheader-allowed-names': '"front-proxy-client"' }, 'requestheader-allowed-names is not a list'],
    ['headers that are no text', { 'requestheader-group-headers': '["a",7]' }, 'requestheader-group-headers is not a list'],
    ['no JSON', { 'requestheader-group-headers': 'a' }, 'JSON'],
    [
      'every client of the cluster',
      { 'requestheader-allowed-names': '[]', 'client-ca-file': `${clientCa.cert}${proxyCa.cert}` },
      'two CAs are the same',
    ],
  ])('is nobody with %s', (_, more, message) => expect(() => parseTrust(trust(more))).toThrow(message))

  it('is nobody where one of several CAs is that of the clients', () => {
    const both = { 'requestheader-client-ca-file': `${proxyCa.cert}${clientCa.cert}` }
    expect(() => parseTrust(trust({ ...both, 'requestheader-allowed-names': '[]' }))).toThrow('two CAs are the same')
    expect(() => parseTrust({ 'requestheader-username-headers': '["X-Remote-User"]' })).toThrow('no requestheader-client-ca-file')
  })

  it('may be of the clients’ CA where its name is said', () => {
    expect(parseTrust(trust({ 'client-ca-file': proxyCa.cert })).allowedNames).toEqual(['front-proxy-client'])
  })
})

describe('a forwarded identity', () => {
  /** A connection as the listener has it after its handshake. */
  const connection = (certificate: X509Certificate | undefined, authorized = true) =>
    ({ authorized, authorizationError: 'x', getPeerX509Certificate: () => certificate }) as unknown as TLSSocket
  const good = certificateOf(proxyCa)

  async function rig(data: Record<string, string> | Error = trust()) {
    const state = { data, now: Date.now(), trusted: [] as string[] }
    const client = { get: () => (state.data instanceof Error ? Promise.reject(state.data) : Promise.resolve({ data: state.data })) }
    const proxy = new FrontProxy({
      client: client as unknown as KubeClient,
      log: pino({ level: 'silent' }),
      onTrust: (ca) => void state.trusted.push(ca),
      now: () => state.now,
    })
    await proxy.load().catch(() => undefined)
    const callerOf = (headers: string[], socket = connection(good)) => proxy.callerOf({ headers: headersOf(headers), socket })
    return { state, proxy, callerOf }
  }
  const ALICE = ['X-Remote-User', 'alice']

  it('has its groups and extras, value by value', async () => {
    const { callerOf } = await rig()
    expect(callerOf(ALICE)).toEqual({ door: 'aggregated', username: 'alice', groups: [], extra: {} })
    const more = [
      'X-Remote-Group',
      'a,b',
      'x-remote-group',
      'c',
      'X-Remote-Extra-A%2fb',
      '1',
      'X-Remote-Extra-a%2Fb',
      '2',
      'X-Remote-Extra-%',
      '3',
    ]
    expect(callerOf([...ALICE, ...more, 'X-Remote-Uid', 'u'])).toEqual({
      door: 'aggregated',
      username: 'alice',
      groups: ['a,b', 'c'],
      extra: { 'a/b': ['1', '2'], '%': ['3'] },
    })
    const withUid = await rig(trust({ 'requestheader-uid-headers': '["X-Remote-Uid"]' }))
    expect(withUid.callerOf([...ALICE, 'X-Remote-Uid', 'u'])).toMatchObject({ uid: 'u' })
    expect(callerOf([...ALICE, 'X-Remote-Extra-__proto__', 'x'])?.extra).toHaveProperty(['__proto__'], ['x'])
  })

  it.each([[[]], [['X-Remote-User', '']], [[...ALICE, ...ALICE]], [['X-Remote-Group', 'system:masters']]])(
    'is nobody’s with %j',
    async (headers) => {
      expect((await rig()).callerOf(headers)).toBeUndefined()
    },
  )

  it('is believed over the front proxy’s certificate alone', async () => {
    const { proxy } = await rig()
    const problem = (certificate: X509Certificate | undefined, authorized = true) => proxy.problemOf(connection(certificate, authorized))
    expect(problem(good)).toBeUndefined()
    expect(problem(undefined)).toBe('it shows no certificate')
    expect(problem(good, false)).toContain("is not of the front proxy's CA (x)")
    expect(problem(certificateOf(proxyCa, 'kubelet'))).toBe('its name "kubelet" is not allowed')
    // The handshake may have been judged by CAs that do not count any more.
    expect(problem(certificateOf(clientCa))).toContain('is not of the front proxy')
    expect(problem(certificateOf(createAuthority('front-proxy-ca')))).toContain('is not of the front proxy')
    const anyName = await rig(trust({ 'requestheader-allowed-names': '[]' }))
    expect(anyName.proxy.problemOf(connection(certificateOf(proxyCa, 'kubelet')))).toBeUndefined()
  })

  it('is vouched for by any CA that is valid, itself or by one in between', async () => {
    const next = createAuthority('next-ca')
    const between = createAuthority('between', Date.now(), next)
    const { proxy, state } = await rig(trust({ 'requestheader-client-ca-file': `${proxyCa.cert}${next.cert}` }))
    const problem = (certificate: X509Certificate) => proxy.problemOf(connection(certificate))
    expect([problem(good), problem(certificateOf(next))]).toEqual([undefined, undefined])
    // The one in between is known only where it comes along.
    const leaf = certificateOf(between)
    expect(problem(leaf)).toContain('is not of the front proxy')
    const along = (issuer: KeyPair) =>
      Object.defineProperty(new X509Certificate(leaf.toString()), 'issuerCertificate', { value: new X509Certificate(issuer.cert) })
    expect(problem(along(between))).toBeUndefined()
    expect(problem(along(createAuthority('between', Date.now(), next)))).toContain('is not of the front proxy')
    expect(problem(along(createAuthority('between')))).toContain('is not of the front proxy')
    const YEARS = 11 * 365 * 86_400_000
    const old = createAuthority('old-ca', Date.now() - YEARS)
    state.data = trust({ 'requestheader-client-ca-file': old.cert })
    await proxy.load()
    expect(problem(certificateOf(old))).toContain('is not of the front proxy')
    const early = createAuthority('early-ca', Date.now() + YEARS)
    state.data = trust({ 'requestheader-client-ca-file': early.cert })
    await proxy.load()
    expect(problem(certificateOf(early))).toContain('is not of the front proxy')
  })

  it('follows the cluster until it is told to stop', async () => {
    const { state, proxy, callerOf } = await rig(apiErrorFrom('get', { status: 500 }, {}))
    const stop = new AbortController()
    const running = proxy.run(stop.signal)
    expect(callerOf(ALICE)).toBeUndefined()
    state.data = trust()
    await until(() => callerOf(ALICE) !== undefined)
    stop.abort()
    await running
  })

  it('is judged again when the trust changes, and when the certificate expires', async () => {
    const { state, proxy } = await rig()
    const socket = connection(good)
    expect(proxy.problemOf(socket)).toBeUndefined()
    state.data = trust({ 'requestheader-allowed-names': '["other"]' })
    await proxy.load()
    expect(proxy.problemOf(socket)).toContain('is not allowed')
    state.data = trust()
    await proxy.load()
    expect(proxy.problemOf(socket)).toBeUndefined()
    expect(state.trusted).toHaveLength(3)
    await proxy.load()
    expect(state.trusted).toHaveLength(3)
    state.now = Date.parse(good.validTo) + 1
    expect(proxy.problemOf(socket)).toBe('its certificate has expired')
  })

  it('is nobody’s before the trust is known, and after it was taken back; trouble takes nothing back', async () => {
    const status = (code: number) => apiErrorFrom('get', { status: code }, {})
    const { state, proxy, callerOf } = await rig(status(500))
    expect([proxy.trust, callerOf(ALICE), proxy.problemOf(connection(good))]).toEqual([undefined, undefined, 'nobody is trusted yet'])
    state.data = trust()
    await proxy.load()
    expect(callerOf(ALICE)).toBeDefined()
    state.data = status(500)
    await expect(proxy.load()).rejects.toMatchObject({ status: 500 })
    expect(callerOf(ALICE)).toBeDefined()
    for (const gone of [status(404), trust({ 'requestheader-username-headers': '[]' })]) {
      state.data = gone
      await expect(proxy.load()).rejects.toThrow(/404|requestheader-username-headers/)
      expect(callerOf(ALICE)).toBeUndefined()
      state.data = trust()
      await proxy.load()
      expect(callerOf(ALICE)).toBeDefined()
    }
  })
})
