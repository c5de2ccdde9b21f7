import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { rawBlob } from '../image/oci.ts'
import { targetOf } from './command.ts'
import { openRegistry, schemeOf } from './registry.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A server that answers as told, and writes down who asked for what. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse, host: string) => void) {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push([request.method, request.url, request.headers.authorization].filter(Boolean).join(' '))
    request.resume().on('end', () => answer(request, response, host))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  ends.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return { host, seen }
}

const credentials = { user: 'me', password: 'top-secret' }
const BASIC = `Basic ${Buffer.from('me:top-secret').toString('base64')}`
const open = (host: string, who: typeof credentials | undefined = credentials) => {
  const registry = openRegistry({ host, credentials: who })
  ends.push(() => registry.close())
  return registry
}

test('gets a token for the repository where it is told to, and asks again with it', async () => {
  const { host, seen } = await serve((request, response, self) => {
    if (request.url?.startsWith('/token')) response.end(JSON.stringify({ token: 'abc' }))
    else if (request.headers.authorization !== 'Bearer abc')
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${self}/token",service="s"` }).end()
    else response.writeHead(200, { 'docker-content-digest': 'sha256:1' }).end()
  })
  const registry = open(host)
  expect(await registry.digestOf('seca/a', '1.0.0')).toBe('sha256:1')
  expect(await registry.digestOf('seca/a', '1.0.0')).toBe('sha256:1')
  expect(seen).toEqual([
    'HEAD /v2/seca/a/manifests/1.0.0',
    `GET /token?scope=repository%3Aseca%2Fa%3Apull%2Cpush&service=s ${BASIC}`,
    'HEAD /v2/seca/a/manifests/1.0.0 Bearer abc',
    'HEAD /v2/seca/a/manifests/1.0.0 Bearer abc',
  ])
})

test.each([
  { what: 'a wrong password', who: credentials, challenge: 'Basic realm="r"', says: 'user or password are wrong' },
  { what: 'no password', who: undefined, challenge: 'Basic realm="r"', says: 'it wants a password' },
  { what: 'a way that is not known', who: credentials, challenge: 'Negotiate', says: 'does not say how to log in' },
  {
    what: 'tokens in clear text',
    who: credentials,
    challenge: 'Bearer realm="http://auth.example.org/t"',
    says: 'clear text, at auth.example.org',
  },
])('$what is told, the password is not', async ({ who, challenge, says }) => {
  const { host } = await serve((_, response) => response.writeHead(401, { 'www-authenticate': challenge }).end())
  const registry = openRegistry({ host, credentials: who })
  ends.push(() => registry.close())
  const message = await registry.digestOf('a', '1').then(String, (error: Error) => error.message)
  expect(message).toMatch(new RegExp(says))
  expect(message).not.toContain('top-secret')
  expect(message).not.toContain(BASIC.slice(6))
})

test('an upload that leads elsewhere goes there without the password', async () => {
  const elsewhere = await serve((_, response) => response.writeHead(201).end())
  const { host } = await serve((request, response) => {
    if (request.headers.authorization !== BASIC) response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
    else if (request.method === 'HEAD') response.writeHead(404).end()
    else response.writeHead(202, { location: `http://${elsewhere.host}/upload?state=1` }).end()
  })
  const blob = rawBlob('text/plain', Buffer.from('a'))
  expect(await open(host).putBlob('a', blob)).toBe(true)
  expect(elsewhere.seen).toEqual([`PUT /upload?state=1&digest=${encodeURIComponent(blob.descriptor.digest)}`])
})

test('a blob that is there is not sent', async () => {
  const { host, seen } = await serve((_, response) => response.writeHead(200).end())
  expect(await open(host).putBlob('a', rawBlob('text/plain', Buffer.from('a')))).toBe(false)
  expect(seen).toHaveLength(1)
})

test.each([
  ['localhost:5000', 'http'],
  ['127.0.0.1:5000', 'http'],
  ['[::1]:5000', 'http'],
  ['registry.example.org', 'https'],
  ['localhost.example.org', 'https'],
  ['127.0.0.1.example.org', 'https'],
])('%s is spoken to by %s', (host, scheme) => {
  expect(schemeOf(host)).toBe(scheme)
})

test('names below a path, or below none', () => {
  expect(targetOf('r.example.org:5000/a/b').nameOf('charts/c')).toBe('a/b/charts/c')
  expect(targetOf('localhost:5000').nameOf('c')).toBe('c')
  for (const wrong of ['', 'https://r.example.org', 'r.example.org/A', 'r.example.org/', 'r.example.org/a:b', 'me:pw@r.example.org'])
    expect(() => targetOf(wrong)).toThrow('is not a host and a path')
})
