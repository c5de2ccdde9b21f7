import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority, issue } from '../../x509.ts'
import { createVolume } from '../../mounted-testing.ts'
import { createFetch, requireSafe } from './issuer-fetch.ts'
import { Revocation } from './revocation.ts'

const log = pino({ level: 'silent' })

describe('a URL', () => {
  it.each(['https://iss', 'https://iss:8443/a?b', 'http://localhost:80/a', 'http://127.0.0.1', 'http://[::1]:1'])('%s is safe', (url) => {
    expect(requireSafe(url)).toBe(url)
  })
  it.each([
    'http://iss',
    'http://localhost.evil',
    'http://127.0.0.1.nip.io',
    'http://127.0.0.2',
    'ftp://localhost',
    'file:///etc/passwd',
    'iss',
    '',
  ])('"%s" is not', (url) => expect(() => requireSafe(url)).toThrow('is not an https URL'))

  it('that is not safe is not asked', async () => {
    await expect(createFetch()('http://iss.example/userinfo')).rejects.toMatchObject({ code: 'InvalidConfiguration' })
  })
})

describe('a question to the issuer', () => {
  async function serve(listener: RequestListener) {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/userinfo`
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const revocation = new Revocation({ endpoint: () => Promise.resolve(url), fetchJson: createFetch(), log, lastGoodMs: 600_000 })
    return () =>
      revocation.check('t', 'h', 'alice').then(
        () => 'good',
        (error: { code: string }) => error.code,
      )
  }
  const text =
    (body: string | Buffer, status = 200, headers: Record<string, string> = {}): RequestListener =>
    (_, response) =>
      void response.writeHead(status, headers).end(body)
  const big = JSON.stringify({ sub: 'alice', more: 'x'.repeat(1_100_000) })

  it.each<[string, string, RequestListener]>([
    ['good', 'an answer', text('{"sub":"alice"}')],
    ['Unauthenticated', '401 without a body', text('', 401)],
    ['IdentityUnavailable', 'nothing', text('')],
    ['IdentityUnavailable', 'a page', text('<html>sub: alice</html>')],
    ['IdentityUnavailable', 'a signed answer', text('eyJ.eyJ.sig', 200, { 'content-type': 'application/jwt' })],
    ['IdentityUnavailable', 'half of an answer', text('{"sub":"alice"')],
    ['IdentityUnavailable', 'more than 1 MiB', text(big)],
    ['IdentityUnavailable', 'more than 1 MiB behind compression', text(gzipSync(big), 200, { 'content-encoding': 'gzip' })],
    [
      'IdentityUnavailable',
      'a redirect, to itself or elsewhere',
      (request, response) =>
        void (request.url === '/userinfo'
          ? response.writeHead(302, { location: '/elsewhere' }).end('{"sub":"alice"}')
          : response.end('{"sub":"alice"}')),
    ],
    ['IdentityUnavailable', 'a connection that is cut', (request) => void request.socket.destroy()],
  ])('%s: %s', async (expected, _, listener) => {
    expect(await (await serve(listener))()).toBe(expected)
  })
})

describe('an issuer that answers nobody without a token, by a CA of its own', () => {
  const authority = createAuthority('ca-1')
  async function open(ca = authority) {
    const volume = createVolume()
    const seen: (string | undefined)[] = []
    const server = createSecureServer(issue(ca, { commonName: 'x', usages: ['server'], hosts: ['127.0.0.1'] }), (request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      volume.remove()
      server.closeAllConnections()
      server.close()
    })
    const files = { caFile: volume.path('ca.crt'), bearerFile: volume.path('token') }
    return { seen, volume, fetchJson: createFetch(files), url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/keys` }
  }

  it('is asked with the token of the file, as it is at that moment', async () => {
    const { seen, volume, fetchJson, url } = await open()
    await expect(fetchJson(url)).rejects.toThrow('token is not there yet')
    for (const token of ['one', 'two\n']) {
      volume.mount({ 'ca.crt': authority.cert, token })
      expect((await fetchJson(url)).status).toBe(200)
    }
    expect(seen).toEqual(['Bearer one', 'Bearer two'])
  })

  it('is believed by the CA of the file, as it is at that moment', async () => {
    const next = createAuthority('ca-2')
    const { seen, volume, fetchJson, url } = await open(next)
    volume.mount({ 'ca.crt': authority.cert, token: 'one' })
    await expect(fetchJson(url)).rejects.toThrow('fetch failed')
    volume.mount({ 'ca.crt': `${authority.cert}${next.cert}`, token: 'one' })
    expect((await fetchJson(url)).status).toBe(200)
    expect(seen).toHaveLength(1)
  })

  it('gets the token by https only', async () => {
    const { volume, fetchJson } = await open()
    volume.mount({ 'ca.crt': authority.cert, token: 'canary' })
    await expect(fetchJson('http://127.0.0.1:9/keys')).rejects.toThrow('not sent in clear text')
  })
})
