import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
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
