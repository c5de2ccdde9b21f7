import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectH2, type ClientHttp2Session } from 'node:http2'
import { Agent, request, type RequestOptions } from 'node:https'
import { BlockList, connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aggregatedAuthenticator } from '../identity/authn.ts'
import { Unauthenticated } from '../contract.ts'
import { createHandler, type DoorOptions } from './handler.ts'
import { FrontProxy } from '../identity/front-proxy.ts'
import { TIMES } from './limits.ts'
import { type Listener, type ListenerOptions, startListener } from './listener.ts'
import { TokenReviews } from '../identity/token-review.ts'
import { createVolume } from '../../mounted-testing.ts'
import { createAuthority, issue, type KeyPair } from '../../x509.ts'
import { serve, until } from '../../kube/testing.ts'

const log = pino({ level: 'silent' })
const folder = mkdtempSync(join(tmpdir(), 'seca-doors-'))
const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
const ca = createAuthority('test-ca')
const proxyCa = createAuthority('front-proxy-ca')
const server = () => issue(ca, { commonName: 'server', usages: ['server'], hosts: ['127.0.0.1', 'localhost'] })
const client = (authority: KeyPair, commonName: string, usages: readonly ('client' | 'server')[] = ['client']) =>
  issue(authority, { commonName, usages })
const useCertificate = ({ cert, key }: KeyPair) => {
  writeFileSync(files.keyFile, key)
  writeFileSync(files.certFile, cert)
}
beforeAll(() => {
  useCertificate(server())
  return () => rmSync(folder, { recursive: true })
})

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type App = DoorOptions['app']
const echo: App = async (incoming, _door, authenticate) =>
  Response.json({
    url: incoming.url,
    headers: Object.fromEntries(incoming.headers),
    caller: await authenticate(),
    body: await incoming.text(),
  })

async function open(app: App, more: Partial<DoorOptions> & Partial<ListenerOptions> = {}): Promise<Listener> {
  const handler = createHandler({
    door: 'direct',
    app,
    authenticator: ({ headers }) =>
      Promise.resolve({ door: 'direct', subject: headers.get('authorization')?.join('|') ?? 'nobody', scope: {} }),
    plain: ({ path }) => (path === '/livez' ? { status: 200, headers: {}, body: 'ok' } : undefined),
    trustedProxies: new BlockList(),
    validationStatus: 422,
    isDraining: () => false,
    log,
    ...more,
  })
  const listener = await startListener({ name: 'test', host: '127.0.0.1', port: 0, tls: files, handler, log, ...more })
  ends.push(() => listener.stop(100))
  return listener
}

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}
function ask(port: number, options: RequestOptions & { body?: string | Buffer; chunked?: boolean } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, chunked, ...rest } = options
    const call = request({ host: '127.0.0.1', port, path: '/x', ca: ca.cert, agent: false, ...rest }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    call.on('error', reject)
    if (chunked === true) call.write(body?.slice(0, 1))
    call.end(chunked === true ? body?.slice(1) : body)
  })
}
const json = (answer: Answer) =>
  JSON.parse(answer.body) as { url: string; headers: Record<string, string>; caller: Record<string, unknown>; body: string }
const code = (answer: Answer) => (JSON.parse(answer.body) as { meta: { code: string } }).meta.code

/** Sends bytes as they are; resolves with what came back when the connection is closed. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, ca: ca.cert, servername: 'localhost' }, () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}
async function h2(port: number, headers: Record<string, string>, body?: Buffer): Promise<Answer> {
  const session = connectH2(`https://localhost:${port}`, { ca: ca.cert })
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject)
      const stream = session.request({ ':path': '/x', ...headers }, { endStream: body === undefined })
      let [text, status] = ['', 0]
      stream.on('response', (head) => (status = Number(head[':status'])))
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
      stream.on('end', () => resolve({ status, headers: {}, body: text }))
      stream.on('error', reject)
      if (body !== undefined) stream.end(body)
    })
  } finally {
    session.destroy()
  }
}

describe('a door', () => {
  it('serves HTTP/1.1 and HTTP/2, and strips what the application must not believe', async () => {
    const { port } = await open(echo)
    const headers = {
      authorization: 'Bearer secret',
      'x-remote-user': 'root',
      'X-Remote-Extra-Scopes': 'all',
      'impersonate-user': 'root',
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
      'x-mine': 'yes',
    }
    for (const answer of [await ask(port, { headers }), await h2(port, headers)]) {
      const { headers: seen, caller, url } = json(answer)
      expect(caller).toMatchObject({ subject: 'Bearer secret' })
      expect(Object.keys(seen).filter((name) => !['x-mine', 'host', 'connection'].includes(name))).toEqual([])
      expect(seen['x-mine']).toBe('yes')
      expect(url).toMatch(new RegExp(`^https://(127.0.0.1|localhost):${port}/x$`))
    }
  })

  it('believes the forwarded host of listed proxies only', async () => {
    const trustedProxies = new BlockList()
    trustedProxies.addSubnet('127.0.0.0', 8)
    const { port } = await open(echo, { trustedProxies })
    const url = async (host: string) => json(await ask(port, { headers: { 'x-forwarded-host': host } })).url
    expect(await url('api.example.org')).toBe('https://api.example.org/x')
    expect(await url('evil/../x')).toBe(`https://127.0.0.1:${port}/x`)
    expect(json(await h2(port, { 'x-forwarded-host': 'api.example.org' })).url).toBe('https://api.example.org/x')
  })

  it.each([
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/a/../b',
    '/a/..',
    '/./a',
    '/a/%2e%2e/b',
    '/a/%2E/b',
    '//a',
    '/a//b',
    '/a%00',
    '/a%',
    '/a%zz',
    '/a#b',
    '/ä',
    'https://127.0.0.1/x',
    '*',
  ])('refuses the path %s', async (path) => {
    let reached = 0
    const { port } = await open(() => (reached++, Promise.resolve(new Response('no'))))
    const answer = await raw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(reached).toBe(0)
  })

  it.each([
    'Host: a\r\nHost: b',
    'Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b',
    'Host: a\r\nIf-Unmodified-Since: 1\r\nif-unmodified-since: 2',
    'Host: a\r\nContent-Length: 1\r\nContent-Length: 2',
    'Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked',
    'Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Host: a\r\nContent-Length: +5',
    'Host: a\r\nContent-Length: 0x5',
    'Host: a\r\n X-Folded: b',
    'Host: a\r\nX-Bad : b',
    'Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade',
    'Host: a\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade',
    'X-No-Host: a',
  ])('refuses the headers %j', async (headers) => {
    let reached = 0
    const { port } = await open(() => (reached++, Promise.resolve(new Response('no'))))
    const close = headers.includes('Connection:') ? '' : '\r\nConnection: close'
    expect(await raw(port, `PUT /x HTTP/1.1\r\n${headers}${close}\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /)
    expect(reached).toBe(0)
  })

  it('opens no tunnel', async () => {
    const { port } = await open(echo)
    expect(await raw(port, 'CONNECT kubernetes.default:443 HTTP/1.1\r\nHost: kubernetes.default\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
    const session = connectH2(`https://localhost:${port}`, { ca: ca.cert })
    const refused = await new Promise((resolve) => {
      const stream = session.request({ ':method': 'CONNECT', ':authority': 'kubernetes.default:443' })
      stream.on('response', (head) => resolve(head[':status']))
      stream.on('error', () => resolve('reset'))
      stream.on('close', () => resolve('closed'))
    })
    session.destroy()
    expect([405, 'reset', 'closed']).toContain(refused)
  })

  it('takes bodies up to 1 MiB, with or without a length', async () => {
    const { port } = await open(echo)
    const put = (size: number, chunked: boolean) =>
      ask(port, { method: 'PUT', body: Buffer.alloc(size, 'a'), chunked, ...(chunked ? {} : { headers: { 'content-length': size } }) })
    for (const chunked of [false, true]) {
      expect(json(await put(1_048_576, chunked)).body).toHaveLength(1_048_576)
      const refused = await put(1_048_577, chunked)
      expect([refused.status, code(refused)]).toEqual([413, 'TooLarge'])
    }
    const big = await h2(port, { ':method': 'PUT' }, Buffer.alloc(1_200_000, 'a'))
    expect(big.status).toBe(413)
  })

  it('a body that is cut off cannot pass for a shorter one', async () => {
    let seen = ''
    const { port } = await open(async (incoming) => new Response((seen = await incoming.text()).slice(0, 1)))
    await ask(port, { method: 'PUT', body: `{}${' '.repeat(1_100_000)}`, chunked: true })
    expect(() => JSON.parse(seen) as unknown).toThrow('JSON')
  })

  it('refuses large heads', async () => {
    const { port } = await open(echo)
    const big = 'a'.repeat(40_000)
    expect(await raw(port, `GET /x HTTP/1.1\r\nHost: a\r\nX-Big: ${big}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
    expect((await ask(port, { headers: { 'x-big': 'a'.repeat(20_000) } })).status).toBe(200)
    const outcome = await h2(port, { 'x-big': big }).then(
      ({ status }) => status,
      () => 'reset',
    )
    expect([400, 431, 'reset']).toContain(outcome)
    expect((await ask(port)).status).toBe(200)
  })

  it('never redirects, and tells nobody what went wrong inside', async () => {
    const { port } = await open((incoming) => {
      if (incoming.url.endsWith('/redirect'))
        return Promise.resolve(new Response(null, { status: 302, headers: { location: 'https://evil.example' } }))
      throw new Error('password=hunter2')
    })
    for (const path of ['/redirect', '/throw']) {
      const answer = await ask(port, { path })
      expect([answer.status, answer.headers['location'], answer.body.includes('hunter2')]).toEqual([500, undefined, false])
    }
  })

  it('answers 401 with a challenge', async () => {
    const { port } = await open(echo, { authenticator: () => Promise.reject(new Unauthenticated('no token')) })
    const answer = await ask(port)
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="seca"'])
  })

  it('lets slow and silent clients go, and serves the others meanwhile', async () => {
    const times = { ...TIMES, handshakeMs: 300, headersMs: 300, requestMs: 600, idleMs: 300 }
    const { port } = await open(echo, { times, checkMs: 50 })
    const plain = new Promise((resolve) =>
      connectTcp(port, '127.0.0.1')
        .on('close', () => resolve('closed'))
        .on('error', () => undefined),
    )
    const silent = raw(port, '')
    const head = raw(port, 'GET /x HTTP/1.1\r\nHost: a\r\nX-Slow: ')
    const body = raw(port, 'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc')
    const session = connectH2(`https://localhost:${port}`, { ca: ca.cert })
    const idle = new Promise((resolve) => session.on('close', () => resolve('closed')).on('error', () => undefined))
    expect((await ask(port)).status).toBe(200)
    expect(await plain).toBe('closed')
    expect(await silent).toMatch(/^(HTTP\/1.1 408 |$)/)
    expect(await head).toMatch(/^HTTP\/1.1 408 /)
    expect(await body).toMatch(/^HTTP\/1.1 408 /)
    expect(await idle).toBe('closed')
    expect((await ask(port)).status).toBe(200)
  })

  it('takes over a new certificate when its volume is swapped, once others were told, and keeps the old one when the new is broken', async () => {
    const volume = createVolume()
    ends.push(() => Promise.resolve(volume.remove()))
    const mount = ({ cert, key }: KeyPair) => volume.mount({ 'tls.crt': cert, 'tls.key': key })
    mount(server())
    const tls = { certFile: volume.path('tls.crt'), keyFile: volume.path('tls.key') }
    let told = Promise.withResolvers<void>()
    const shown: string[] = []
    const beforeShown = ({ cert }: { cert: string }) => {
      shown.push(new X509Certificate(cert).fingerprint256)
      return told.promise
    }
    const { port } = await open(echo, { reloadMs: 20, tls, beforeShown })
    const fingerprint = () =>
      new Promise<string>((resolve, reject) => {
        const socket: TLSSocket = connectTls({ host: '127.0.0.1', port, ca: ca.cert }, () => {
          resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
          socket.destroy()
        })
        socket.on('error', reject)
      })
    const becomes = async (wanted: string) => {
      for (const stop = performance.now() + 10_000; performance.now() < stop;) if ((await fingerprint()) === wanted) return
      throw new Error('the certificate is not shown')
    }
    const first = await fingerprint()
    mount(server())
    await until(() => shown.length === 1)
    expect(await fingerprint()).toBe(first)
    told.resolve()
    await becomes(shown[0] ?? '')
    expect(shown[0]).not.toBe(first)
    volume.mount({ 'tls.crt': server().cert, 'tls.key': server().key })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await fingerprint()).toBe(shown[0])
    // Who cannot be told holds up nothing.
    told = Promise.withResolvers()
    told.promise.catch(() => undefined)
    told.reject(new Error('kube-apiserver is away'))
    mount(server())
    await until(() => shown.length === 2)
    await becomes(shown[1] ?? '')
  })

  it('that drains sends clients away, and loses nothing of what they send meanwhile', async () => {
    let isDraining = false
    let reached = 0
    let gate = Promise.withResolvers<void>()
    gate.resolve()
    const gated: App = async () => {
      reached++
      await gate.promise
      return new Response('done')
    }
    const listener = await open(gated, { isDraining: () => isDraining })
    const { port } = listener
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const connection = async () => (await ask(port, { agent })).headers['connection']
    const session = connectH2(`https://localhost:${port}`, { ca: ca.cert })
    const over = (one: ClientHttp2Session) =>
      new Promise((resolve, reject) => {
        const stream = one.request({ ':path': '/x' })
        stream.on('response', (head) => resolve(head[':status']))
        stream.on('error', reject)
        stream.resume()
      })
    const away = (one: ClientHttp2Session) => new Promise((resolve) => one.once('goaway', (code) => resolve(code)))
    ends.push(() => Promise.resolve(void agent.destroy()))
    const crowd = connectH2(`https://localhost:${port}`, { ca: ca.cert })
    expect([await connection(), await over(session), await over(crowd)]).toEqual(['keep-alive', 200, 200])
    const told = [away(session), away(crowd)]
    isDraining = true
    listener.drain()
    expect([await over(session), await told[0]]).toEqual([200, 0])
    expect(await connection()).toBe('close')
    // Nothing of what is open together is turned away.
    const before = reached
    gate = Promise.withResolvers()
    const answers = Promise.all([over(crowd), over(crowd), over(crowd)])
    await until(() => reached === before + 3)
    gate.resolve()
    expect([await answers, await told[1]]).toEqual([[200, 200, 200], 0])
    // Who comes anew is served once, not sent away at the door.
    const late = connectH2(`https://localhost:${port}`, { ca: ca.cert })
    const lateTold = away(late)
    expect([await over(late), await lateTold]).toEqual([200, 0])
  })

  it('that stops closes what is kept alive after the answer that was under way', async () => {
    const gate = Promise.withResolvers<void>()
    let reached = 0
    const listener = await open(async () => {
      reached++
      await gate.promise
      return new Response('done')
    })
    const agent = new Agent({ keepAlive: true })
    ends.push(() => Promise.resolve(void agent.destroy()))
    const answer = ask(listener.port, { agent })
    await until(() => reached === 1)
    // Far longer than this test may take: it does not wait for that.
    const stopped = listener.stop(3_600_000)
    gate.resolve()
    expect((await answer).body).toBe('done')
    await stopped
  })

  it('ends in order: what is under way is answered, what is idle is closed', async () => {
    const gate = Promise.withResolvers<void>()
    let reached = 0
    const listener = await open(async () => {
      reached++
      await gate.promise
      return new Response('done')
    })
    const [first, second] = [ask(listener.port), h2(listener.port, {})]
    const idle = raw(listener.port, 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => reached === 2)
    const stopped = listener.stop(10_000)
    expect(await idle).toContain('ok')
    gate.resolve()
    expect([(await first).body, (await second).body]).toEqual(['done', 'done'])
    await stopped
    await expect(ask(listener.port)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('the front proxy', () => {
  const trust = (data: Record<string, string> = {}) => ({
    'client-ca-file': ca.cert,
    'requestheader-client-ca-file': proxyCa.cert,
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    ...data,
  })
  async function openAggregated(state: { data: Record<string, string> | undefined }) {
    const kube = await serve((seen) => {
      if (seen.path.endsWith('/tokenreviews'))
        seen.json(201, { status: { authenticated: seen.body.includes('"good"'), user: { username: 'direct', groups: ['g'] } } })
      else if (state.data === undefined) seen.json(404, { kind: 'Status', code: 404 })
      else seen.json(200, { metadata: { name: 'x' }, data: state.data })
    })
    ends.push(kube.close)
    const proxy: FrontProxy = new FrontProxy({ client: kube.client, log, onTrust: () => listener.refresh() })
    const listener: Listener = await open(echo, {
      authenticator: aggregatedAuthenticator(proxy, new TokenReviews(kube.client)),
      clientCa: () => proxy.trust?.ca,
      identityHeaders: () => [...(proxy.trust?.usernameHeaders ?? []), ...(proxy.trust?.groupHeaders ?? [])],
    })
    const call = (certificate: KeyPair | undefined, headers: RequestOptions['headers'] = { 'X-Remote-User': 'alice' }) =>
      ask(listener.port, { headers, ...certificate })
    return { proxy, call, port: listener.port }
  }
  const good = client(proxyCa, 'front-proxy-client')

  it('speaks for others over its own certificate, value by value', async () => {
    const { proxy, call } = await openAggregated({ data: trust() })
    await proxy.load()
    const headers = {
      'X-Remote-User': 'alice',
      'X-Remote-Group': ['a,b', 'c'],
      'X-Remote-Extra-Scopes%2fX': ['1', '2'],
      'X-Remote-Uid': 'u',
    }
    expect(json(await call(good, headers))).toMatchObject({
      caller: { door: 'aggregated', username: 'alice', groups: ['a,b', 'c'], extra: { 'scopes/x': ['1', '2'] } },
    })
    // The UID header counts only where it is published.
    expect(json(await call(good, headers)).caller).not.toHaveProperty('uid')
  })

  it.each([
    ['no certificate', undefined],
    ['the name of somebody else', client(proxyCa, 'kubelet')],
    ['a client certificate of the cluster', client(ca, 'front-proxy-client')],
    ['a CA of its own', client(createAuthority('front-proxy-ca'), 'front-proxy-client')],
    ['a server certificate of the right CA', client(proxyCa, 'front-proxy-client', ['server'])],
    [
      'a certificate that has expired',
      issue(proxyCa, { commonName: 'front-proxy-client', usages: ['client'] }, Date.now() - 11 * 365 * 86_400_000),
    ],
  ] as const)('%s: 401', async (_, certificate) => {
    const { proxy, call } = await openAggregated({ data: trust() })
    await proxy.load()
    expect((await call(certificate, { 'X-Remote-User': 'root', 'X-Remote-Group': 'system:masters' })).status).toBe(401)
  })

  it.each([[{}], [{ 'X-Remote-User': '' }], [{ 'X-Remote-User': ['a', 'b'] }], [{ 'X-Remote-Group': 'system:masters' }]])(
    'and names nobody with %j: 401',
    async (headers) => {
      const { proxy, call } = await openAggregated({ data: trust() })
      await proxy.load()
      expect((await call(good, headers)).status).toBe(401)
    },
  )

  it('takes the names of headers from the cluster, and strips those', async () => {
    const { proxy, call } = await openAggregated({
      data: trust({ 'requestheader-username-headers': '["X-Who"]', 'requestheader-uid-headers': '["X-Remote-Uid"]' }),
    })
    await proxy.load()
    expect((await call(good, { 'X-Remote-User': 'root' })).status).toBe(401)
    const { caller, headers } = json(await call(good, { 'X-Who': 'alice', 'X-Remote-Uid': 'u', 'X-Remote-User': 'root' }))
    expect(caller).toMatchObject({ username: 'alice', uid: 'u' })
    expect(headers).not.toHaveProperty('x-who')
  })

  it('others come with a token that kube-apiserver knows; their headers count for nothing', async () => {
    const { proxy, call } = await openAggregated({ data: trust() })
    await proxy.load()
    expect(json(await call(undefined, { authorization: 'Bearer good', 'X-Remote-User': 'root' })).caller).toMatchObject({
      username: 'direct',
      groups: ['g'],
    })
    expect((await call(undefined, { authorization: 'Bearer bad' })).status).toBe(401)
  })

  it('is not trusted before it is known, or when the cluster publishes nonsense', async () => {
    const state: { data: Record<string, string> | undefined } = { data: undefined }
    const { proxy, call } = await openAggregated(state)
    await expect(proxy.load()).rejects.toThrow('extension-apiserver-authentication')
    expect((await call(good)).status).toBe(503)
    for (const data of [
      trust({ 'requestheader-client-ca-file': '' }),
      trust({ 'requestheader-username-headers': '[]' }),
      trust({ 'client-ca-file': proxyCa.cert, 'requestheader-allowed-names': '[]' }),
    ]) {
      state.data = data
      await expect(proxy.load()).rejects.toThrow('ConfigMap kube-system/extension-apiserver-authentication')
      expect((await call(good)).status).toBe(503)
    }
  })

  it('rotates: a new CA counts at once, the old one no more, on open connections too', async () => {
    const state = { data: trust() }
    const { proxy, call, port } = await openAggregated(state)
    await proxy.load()
    const session = connectH2(`https://localhost:${port}`, { ca: ca.cert, ...good })
    const over = (connection = session) =>
      new Promise((resolve) => {
        const stream = connection.request({ ':path': '/x', 'x-remote-user': 'alice' })
        stream.on('response', (head) => resolve(head[':status']))
        stream.resume()
      })
    expect(await over()).toBe(200)
    const next = createAuthority('front-proxy-ca-2')
    state.data = trust({ 'requestheader-client-ca-file': `${proxyCa.cert}${next.cert}` })
    await proxy.load()
    expect(await over()).toBe(200)
    expect((await call(client(next, 'front-proxy-client'))).status).toBe(200)
    // Made under the old CAs, and silent until they are gone.
    const silent = connectH2(`https://localhost:${port}`, { ca: ca.cert, ...good })
    await new Promise((resolve) => silent.on('connect', resolve))
    state.data = trust({ 'requestheader-client-ca-file': next.cert })
    await proxy.load()
    expect(await over()).toBe(401)
    expect(await over(silent)).toBe(401)
    silent.destroy()
    expect((await call(good)).status).toBe(401)
    expect((await call(client(next, 'front-proxy-client'))).status).toBe(200)
    session.destroy()
  })
})
