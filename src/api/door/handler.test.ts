import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectH2, constants, type ClientHttp2Session } from 'node:http2'
import { Agent, request } from 'node:https'
import { BlockList } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { pino } from 'pino'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority, issue } from '../../x509.ts'
import { until } from '../../kube/testing.ts'
import { Answer, Unauthenticated } from '../contract.ts'
import { createHandler, type DoorOptions } from './handler.ts'
import { TIMES } from './limits.ts'
import { startListener } from './listener.ts'
import { Shares } from './shares.ts'

const log = pino({ level: 'silent' })
const folder = mkdtempSync(join(tmpdir(), 'seca-handler-'))
const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
const ca = createAuthority('test-ca')
beforeAll(() => {
  const { cert, key } = issue(ca, { commonName: 'server', usages: ['server'], hosts: ['127.0.0.1', 'localhost'] })
  writeFileSync(files.keyFile, key)
  writeFileSync(files.certFile, cert)
  return () => rmSync(folder, { recursive: true })
})
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** A door where `Bearer <name>` is that caller, and everything else nobody. */
async function open(app: DoorOptions['app'], more: Partial<DoorOptions> = {}, times = TIMES): Promise<number> {
  const handler = createHandler({
    door: 'direct',
    app,
    authenticator: ({ headers }) => {
      const subject = headers.get('authorization')?.[0]?.replace('Bearer ', '')
      if (subject === undefined || subject === 'bad') return Promise.reject(new Unauthenticated('who?'))
      return Promise.resolve({ door: 'direct', subject, scope: {} })
    },
    plain: ({ path }) => (path === '/livez' ? { status: 200, headers: {}, body: 'ok' } : undefined),
    trustedProxies: new BlockList(),
    validationStatus: 422,
    isDraining: () => false,
    log,
    ...more,
  })
  const listener = await startListener({ name: 'test', host: '127.0.0.1', port: 0, tls: files, handler, log, times, checkMs: 100 })
  ends.push(() => listener.stop(100))
  return listener.port
}

interface Got {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}
function ask(port: number, caller: string, { method = 'GET', path = '/x', body = '', isChunked = false } = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, path, method, ca: ca.cert, agent: new Agent(), headers: { authorization: `Bearer ${caller}` } },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }))
      },
    )
    call.on('error', reject)
    // Node says the length of what it gets at once.
    if (isChunked) call.flushHeaders()
    call.end(body)
  })
}
function session(port: number): ClientHttp2Session {
  const made = connectH2(`https://localhost:${port}`, { ca: ca.cert })
  made.on('error', () => undefined)
  ends.push(() => made.destroy())
  return made
}
const over = (client: ClientHttp2Session, headers: Record<string, string>, body?: Buffer | string) =>
  new Promise<number>((resolve) => {
    const stream = client.request({ ':path': '/x', ...headers }, { endStream: body === undefined })
    stream.on('response', (head) => resolve(Number(head[':status'])))
    stream.on('error', () => resolve(0))
    stream.resume()
    if (body !== undefined) stream.end(body)
  })

/** Work that keeps the processor, as hostile requests do. */
const burn = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end;);
}

describe('a handler', () => {
  it('32 expensive requests of one caller, over either protocol, do not stand in front of another’s', async () => {
    const port = await open(async (incoming, _door, authenticate) => {
      await authenticate()
      if (incoming.url.endsWith('/expensive')) burn(20)
      return new Answer('done')
    })
    const client = session(port)
    await over(client, { authorization: 'Bearer a' })
    let done = 0
    const attack = [
      ...Array.from({ length: 32 }, () => over(client, { ':path': '/expensive', authorization: 'Bearer a' })),
      ...Array.from({ length: 16 }, () => ask(port, 'a', { path: '/expensive' })),
    ].map((call) => call.then(() => done++))
    await until(() => done >= 2)
    const before = done
    await over(session(port), { authorization: 'Bearer b' })
    // A handshake and a request take a few turns of the loop, of one expensive request each; not the 40 that wait.
    expect(done - before).toBeLessThan(20)
    await Promise.all(attack)
    expect(done).toBe(48)
  })

  it('a caller has so many requests under way, and others are served meanwhile', async () => {
    const gate = Promise.withResolvers<void>()
    let underWay = 0
    const limits = { requestsPerSecond: 1_000, burst: 1_000, concurrency: 3 }
    const port = await open(
      async (incoming) => {
        underWay++
        if (incoming.url.endsWith('/slow')) await gate.promise
        return new Answer('done')
      },
      { shares: new Shares({ limits }) },
    )
    const slow = Array.from({ length: 10 }, () => ask(port, 'a', { path: '/slow' }))
    await until(() => underWay === 3)
    expect((await ask(port, 'b')).status).toBe(200)
    expect(underWay).toBe(4)
    gate.resolve()
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
  })

  it('far over the rate: 429 with Retry-After and a problem document, before the application sees anything', async () => {
    let reached = 0
    const limits = { requestsPerSecond: 1, burst: 4, concurrency: 10 }
    const port = await open(() => (reached++, Promise.resolve(new Answer('ok'))), {
      shares: new Shares({ limits, maxWaitMs: { rate: 0, turn: 0 } }),
    })
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(port, 'a')))
    const refused = answers.filter(({ status }) => status === 429)
    expect([reached, refused.length]).toEqual([4, 6])
    expect(refused[0]!.headers['retry-after']).toBe('1')
    expect(JSON.parse(refused[0]!.body)).toMatchObject({ status: 429, title: 'Too Many Requests', meta: { code: 'TooManyRequests' } })
    expect((await ask(port, 'b')).status).toBe(200)
    expect((await ask(port, 'a', { path: '/livez' })).status).toBe(200)
  })

  it.each([
    ['an answer', 'a', { path: '/large' }],
    ['an answer to nobody', 'bad', { path: '/large' }],
    ['an answer that is sent compressed, or not at all', 'a', { path: '/small', method: 'HEAD' }],
    ['a body whose length the head does not say', 'a', { path: '/x', method: 'PUT', body: 'x'.repeat(1_000_000), isChunked: true }],
  ])('%s counts for its size: the next request waits for it', async (_what, caller, request) => {
    const limits = { requestsPerSecond: 1, burst: 10, concurrency: 10 }
    const port = await open(
      ({ url }) =>
        Promise.resolve(
          url.endsWith('large') ? new Answer('x'.repeat(1_000_000)) : new Answer('x', { made: url.endsWith('small') ? 1_000_000 : 1 }),
        ),
      { shares: new Shares({ limits, maxWaitMs: { rate: 0, turn: 0 } }) },
    )
    // Who is new waits with its address.
    expect((await ask(port, 'b')).status).toBe(200)
    expect([(await ask(port, caller, request)).status, (await ask(port, caller)).status]).toEqual([200, 429])
    expect((await ask(port, 'b')).status).toBe(200)
  })

  it('the body of somebody unknown is not kept; the application still says what is wrong', async () => {
    const seen: number[] = []
    const port = await open(async (incoming, _door, authenticate) => {
      seen.push((await incoming.arrayBuffer()).byteLength)
      await authenticate()
      return new Answer('ok')
    })
    expect((await ask(port, 'bad', { method: 'PUT', body: 'x'.repeat(1_000_000) })).status).toBe(401)
    expect((await ask(port, 'a', { method: 'PUT', body: 'x'.repeat(1_000_000) })).status).toBe(200)
    expect(await over(session(port), { ':method': 'PUT', authorization: 'Bearer a' }, 'x'.repeat(300_000))).toBe(200)
    expect(seen).toEqual([0, 1_000_000, 300_000])
  })

  it('too many bodies of one caller at a time are refused, and their memory is free again', async () => {
    const shares = new Shares({ maxBodies: { caller: 1_500_000, process: 10_000_000 } })
    const gate = Promise.withResolvers<void>()
    const port = await open(() => gate.promise.then(() => new Answer('ok')), { shares })
    const put = (caller: string) => ask(port, caller, { method: 'PUT', body: 'x'.repeat(1_000_000) })
    const first = put('a')
    await until(() => shares.of('subject:a').bytes === 1_000_000)
    expect((await put('a')).status).toBe(429)
    const other = put('b')
    await until(() => shares.of('subject:b').bytes === 1_000_000)
    gate.resolve()
    expect([(await first).status, (await other).status]).toEqual([200, 200])
    await until(() => shares.of('subject:a').bytes === 0 && shares.of('subject:a').lane.running === 0)
  })

  it('a client that has gone leaves nothing behind', async () => {
    const shares = new Shares({ limits: { requestsPerSecond: 1_000, burst: 1_000, concurrency: 1 } })
    const gate = Promise.withResolvers<void>()
    let reached = 0
    const port = await open(() => (reached++, gate.promise.then(() => new Answer('ok'))), { shares })
    const [first, waiting] = [session(port), session(port)]
    void over(first, { authorization: 'Bearer a' })
    await until(() => reached === 1)
    void over(waiting, { authorization: 'Bearer a' })
    await until(() => shares.of('subject:a').lane.waiting.length === 1)
    waiting.destroy()
    first.destroy()
    await until(() => shares.of('subject:a').lane.waiting.every(({ isOver }) => isOver))
    expect(shares.of('subject:a').lane.running).toBe(1)
    gate.resolve()
    expect((await ask(port, 'a')).status).toBe(200)
    expect(reached).toBe(2)
  })

  it('an HTTP/2 connection that takes its requests back is cut off, and one that does so at times is not', async () => {
    const limits = { requestsPerSecond: 1e6, burst: 1e6, concurrency: 1e4 }
    const port = await open(({ url }) => (url.endsWith('/slow') ? new Promise(() => undefined) : Promise.resolve(new Answer('ok'))), {
      shares: new Shares({ limits }),
    })
    const resets = async (count: number) => {
      const client = session(port)
      const closed = new Promise<string>((resolve) => client.on('close', () => resolve('closed')))
      expect(await over(client, { authorization: 'Bearer a' })).toBe(200)
      for (let sent = 0; sent < count && !client.destroyed; sent++) {
        const stream = client.request({ ':path': '/slow', authorization: 'Bearer a' })
        stream.on('error', () => undefined)
        // Once it has been sent: until then it would not be.
        await Promise.race([turn(), closed])
        stream.close(constants.NGHTTP2_CANCEL)
      }
      return Promise.race([closed, client.destroyed ? closed : over(client, { authorization: 'Bearer a' })])
    }
    expect([await resets(60), await resets(600)]).toEqual([200, 'closed'])
  })

  it('who does not read its answer is cut off', async () => {
    const port = await open(
      () => Promise.resolve(new Answer('x'.repeat(30_000_000))),
      {},
      { ...TIMES, idleMs: 300, headersMs: 100, requestMs: 150 },
    )
    const socket = connectTls({ host: '127.0.0.1', port, ca: ca.cert, servername: 'localhost' }, () => {
      socket.pause()
      socket.write('GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\n\r\n')
    })
    let size = 0
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined))
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    socket.on('data', (chunk: Buffer) => (size += chunk.length)).resume()
    await closed
    expect(size).toBeLessThan(30_000_000)
  })

  it('a connection that sends requests without end before it has an answer is closed', async () => {
    let reached = 0
    const port = await open(() => (reached++, new Promise(() => undefined)), {
      shares: new Shares({ limits: { requestsPerSecond: 1e6, burst: 1e6, concurrency: 1e4 } }),
    })
    const closed = new Promise((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port, ca: ca.cert, servername: 'localhost' }, () =>
        socket.write('GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\n\r\n'.repeat(1_000)),
      )
      socket.on('close', resolve).on('error', () => undefined)
    })
    await closed
    expect(reached).toBeLessThanOrEqual(64)
  })

  it.each(['a b', 'a/b', 'a?b', 'user@host', '[::1', 'a:b:c', 'x'.repeat(300)])('refuses the host %.20s', async (host) => {
    const port = await open(() => Promise.resolve(new Answer('ok')))
    expect([0, 400]).toContain(await over(session(port), { ':authority': host, authorization: 'Bearer a' }))
  })

  it.each([
    [200, 'text', '4'],
    [202, null, '0'],
    [304, null, undefined],
    [200, new Uint8Array(7), '7'],
  ] as const)('sends %s with %j and its length, and HEAD nothing but the head', async (status, body, length) => {
    const port = await open(() => Promise.resolve(new Answer(body, { status })))
    const got = await ask(port, 'a')
    expect([got.status, got.headers['content-length']]).toEqual([status, length])
    const head = await ask(port, 'a', { method: 'HEAD' })
    expect([head.status, head.body, head.headers['content-length']]).toEqual([status, '', length])
  })
})
