import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectH2, type ClientHttp2Session } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { BlockList } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority, issue, type KeyPair } from '../../x509.ts'
import { serve } from '../../kube/testing.ts'
import { aggregatedAuthenticator } from '../identity/authn.ts'
import { FrontProxy } from '../identity/front-proxy.ts'
import { TokenReviews } from '../identity/token-review.ts'
import { createHandler } from './handler.ts'
import { type Listener, startListener } from './listener.ts'

const log = pino({ level: 'silent' })
const folder = mkdtempSync(join(tmpdir(), 'seca-rotation-'))
const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
const ca = createAuthority('server-ca')
const [first, second] = [createAuthority('front-proxy-1'), createAuthority('front-proxy-2')]
const client = (authority: KeyPair) => issue(authority, { commonName: 'front-proxy-client', usages: ['client'] })
const withChain = (leaf: KeyPair, ...intermediates: KeyPair[]) => ({
  key: leaf.key,
  cert: [leaf, ...intermediates].map(({ cert }) => cert).join(''),
})
beforeAll(() => {
  const { cert, key } = issue(ca, { commonName: 'server', usages: ['server'], hosts: ['127.0.0.1', 'localhost'] })
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key)
  return () => rmSync(folder, { recursive: true })
})

/** An aggregated door, and the CAs that kube-apiserver publishes. */
async function start(...trusted: KeyPair[]) {
  let published: readonly KeyPair[] | undefined = trusted
  const kube = await serve((seen) => {
    if (seen.path.endsWith('/tokenreviews')) return seen.json(201, { status: { authenticated: false } })
    if (published === undefined) return seen.json(404, { kind: 'Status', code: 404, reason: 'NotFound' })
    const data = {
      'requestheader-client-ca-file': published.map(({ cert }) => cert).join(''),
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    }
    seen.json(200, { metadata: { name: 'x' }, data })
  })
  const proxy: FrontProxy = new FrontProxy({ client: kube.client, log, onTrust: () => listener.refresh() })
  const handler = createHandler({
    door: 'aggregated',
    app: async (_request, _door, authenticate) => Response.json(await authenticate()),
    authenticator: aggregatedAuthenticator(proxy, new TokenReviews(kube.client)),
    plain: () => undefined,
    trustedProxies: new BlockList(),
    validationStatus: 422,
    isDraining: () => false,
    log,
  })
  const listener: Listener = await startListener({
    name: 'aggregated',
    host: '127.0.0.1',
    port: 0,
    tls: files,
    clientCa: () => proxy.trust?.ca,
    handler,
    log,
  })
  const opened: { destroy(): void }[] = []
  onTestFinished(async () => {
    for (const one of opened) one.destroy()
    await listener.stop(100)
    await kube.close()
  })
  await proxy.load()
  const { port } = listener
  return {
    port,
    async publish(...next: KeyPair[]) {
      published = next
      await proxy.load()
    },
    async withdraw() {
      published = undefined
      await proxy.load().catch(() => undefined)
    },
    tcp: () =>
      new Promise<Socket>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => setTimeout(() => resolve(socket), 50))
        opened.push(socket)
      }),
    tls: (options: ConnectionOptions) =>
      new Promise<TLSSocket>((resolve, reject) => {
        const socket = connectTls({ ca: ca.cert, servername: 'localhost', host: '127.0.0.1', port, ...options }, () => resolve(socket))
        socket.on('error', reject)
        opened.push(socket)
      }),
    h2(pair: KeyPair) {
      const session = connectH2(`https://localhost:${port}`, { ca: ca.cert, ...pair })
      session.on('error', () => undefined)
      opened.push(session)
      return session
    },
  }
}

/** Status of a request of HTTP/1.1 on a connection, which stays open. */
const over = (socket: TLSSocket) =>
  new Promise<number>((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(Number(chunk.toString().split(' ')[1])))
    socket.once('close', () => reject(new Error('closed')))
    socket.write('GET /x HTTP/1.1\r\nHost: localhost\r\nX-Remote-User: root\r\n\r\n')
  })
const overH2 = (session: ClientHttp2Session) =>
  new Promise<unknown>((resolve, reject) => {
    const stream = session.request({ ':path': '/x', 'x-remote-user': 'root' })
    stream.on('response', (head) => resolve(head[':status']))
    stream.on('error', reject)
    stream.resume()
  })

describe('a CA of the front proxy that was rotated out', () => {
  const pair = client(first)

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('counts no more on any connection, however far it was: %s', async (version) => {
    const door = await start(first)
    const only = { ...pair, minVersion: version, maxVersion: version }
    const [used, silent, waiting] = [await door.tls(only), await door.tls(only), await door.tcp()]
    expect(await over(used)).toBe(200)
    await door.publish(second)
    // The handshake begins after the change, with the context of before it.
    const late = await door.tls({ ...only, socket: waiting })
    expect([await over(used), await over(silent), await over(late), await over(await door.tls(only))]).toEqual([401, 401, 401, 401])
    expect(await over(await door.tls(client(second)))).toBe(200)
  })

  it('nor does its return make up for what was in between', async () => {
    const door = await start(first)
    const used = await door.tls(pair)
    await door.publish(second)
    expect(await over(used)).toBe(401)
    await door.publish(first)
    expect(await over(used)).toBe(200)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('cannot be brought back by resuming a session: %s', async (version) => {
    const door = await start(first)
    const only = { ...pair, minVersion: version, maxVersion: version }
    const before = await door.tls(only)
    let session = before.getSession()
    before.on('session', (ticket) => (session = ticket as typeof session))
    expect(await over(before)).toBe(200)
    const again = await door.tls({ ...only, session: session! })
    expect([again.isSessionReused(), await over(again)]).toEqual([false, 200])
    await door.publish(second)
    const after = await door.tls({ ...only, session: session! })
    expect([after.isSessionReused(), await over(after)]).toEqual([false, 401])
  })

  it('stays while it stands beside the new one', async () => {
    const door = await start(first)
    const used = await door.tls(pair)
    await door.publish(first, second)
    expect(await over(used)).toBe(200)
    expect(await over(await door.tls(client(second)))).toBe(200)
  })

  it('takes its intermediates with it; those of a CA that stays go on', async () => {
    const [between, other] = [createAuthority('between', Date.now(), first), createAuthority('other', Date.now(), second)]
    const door = await start(first, second)
    const [mine, theirs] = [await door.tls(withChain(client(between), between)), await door.tls(withChain(client(other), other))]
    expect([await over(mine), await over(theirs)]).toEqual([200, 200])
    await door.publish(second)
    expect([await over(mine), await over(theirs)]).toEqual([401, 200])
  })

  it('counts no more when nothing is published any longer', async () => {
    const door = await start(first)
    const used = await door.tls(pair)
    expect(await over(used)).toBe(200)
    await door.withdraw()
    expect(await over(used)).toBe(503)
  })
})

describe('a new CA of the front proxy', () => {
  it('lets in who came too early: those connections are closed, and the next ones are judged anew', async () => {
    const door = await start(first)
    const early = {
      h2: door.h2(client(second)),
      h1: await door.tls({ ...client(second), ALPNProtocols: ['http/1.1'] }),
      good: door.h2(client(first)),
    }
    expect([await overH2(early.h2), await over(early.h1), await overH2(early.good)]).toEqual([401, 401, 200])
    const closed = Promise.all([early.h2, early.h1].map((one) => new Promise((resolve) => one.once('close', resolve))))
    await door.publish(first, second)
    await closed
    expect(await overH2(early.good)).toBe(200)
    expect(await overH2(door.h2(client(second)))).toBe(200)
  })
})
