import { execFileSync } from 'node:child_process'
import { connect as connectHttp2, constants } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyManifests, eventually, makeTenant, uniqueTenant } from '../support/harness.ts'
import { type Api, call, pki, startApi } from '../support/api.ts'

/** Connections that idle, as many of these as the machine lets two processes hold. */
const WANTED = 10_000
const FEWEST = 2_000
/** Generous: other tests may have the processors. What is told by it is that nobody waits for the slow ones, which take longer. */
const SERVED_MS = 5_000

/** Files that a process may have open; some are needed for other things. */
const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString().replace('unlimited', '1000000'))
const idle = Math.min(WANTED, limit - 1_000)

/** Clients that hold on to what they have and do next to nothing with it. */
describe('slow clients', () => {
  const tenant = uniqueTenant('slow')
  const sockets = new Set<TLSSocket>()
  let api: Api
  let token: string
  let session: Buffer | undefined
  /** PUTs whose bodies take for ever, begun in the first test and looked at again in the last. */
  let bodies: readonly TLSSocket[] = []
  let dripping: NodeJS.Timeout | undefined

  beforeAll(async () => {
    api = await startApi()
    const { namespace } = await makeTenant(api.client, tenant, 'prod')
    await applyManifests([
      {
        apiVersion: 'authorization.secapi.cloud/v1',
        kind: 'RoleAssignment',
        metadata: { name: 'admin', namespace },
        spec: { subs: ['admin'], roles: ['seca.admin'], scopes: [{}] },
      },
    ])
    token = await api.token('admin')
    await eventually(async () => (await call(`${api.url}${disks()}`, { token })).status === 200)
  })
  afterAll(async () => {
    clearInterval(dripping)
    for (const socket of sockets) socket.destroy()
    await api.stop()
  })

  const disks = (name = ''): string => `/providers/seca.storage/v1/tenants/${tenant}/workspaces/prod/block-storages${name}`

  /** A connection over which `first` has been sent, and answered when it is a whole request. */
  const open = (first: string, isAnswered: boolean) =>
    new Promise<TLSSocket>((resolve, reject) => {
      const { port } = new URL(api.url)
      const socket = connectTls(
        { host: '127.0.0.1', port: Number(port), ca: pki().read('ca.crt'), ...(session ? { session } : {}) },
        () => {
          socket.write(first)
          if (!isAnswered) resolve(socket)
        },
      )
      sockets.add(socket)
      // Resumed handshakes take less of the processor, which both sides share here.
      socket.once('session', (made: Buffer) => (session ??= made))
      socket.once('data', () => resolve(socket))
      socket.on('error', reject).on('close', () => sockets.delete(socket))
    })

  /** Time that a client with something to do waits: the longest of some reads and a write. */
  const served = async (name: string): Promise<number> => {
    const times: number[] = []
    const timed = async (status: number, target: string, options: object = {}) => {
      const started = performance.now()
      expect((await call(api.url + target, { token, ...options })).status).toBe(status)
      times.push(performance.now() - started)
    }
    for (let round = 0; round < 20; round++) await timed(200, disks())
    await timed(201, disks(`/${name}`), { method: 'PUT', body: { spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 } } })
    return Math.max(...times)
  }

  const isGone = (socket: TLSSocket): boolean => socket.destroyed || socket.readyState !== 'open'

  it('hold nobody up, and are cut off', async () => {
    const head = `GET ${disks()} HTTP/1.1\r\nHost: localhost\r\n`
    const fields = `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000`
    const put = `PUT ${disks('/slow')} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n{`
    const many = (count: number, first: string) => Promise.all(Array.from({ length: count }, () => open(first, false)))
    bodies = await many(100, put)
    const [heads, silent, endless] = [await many(200, head), await many(100, ''), await many(20, head)]
    const statuses = new Map<TLSSocket, string>()
    for (const socket of [...heads, ...endless])
      socket.on('data', (chunk: Buffer) => statuses.set(socket, chunk.toString('latin1').slice(9, 12)))
    const drip = (all: readonly TLSSocket[], text: string) => all.filter(({ writable }) => writable).forEach((socket) => socket.write(text))
    dripping = setInterval(() => {
      drip(heads, 'X-A: b\r\n')
      drip(bodies, ' ')
      drip(endless, `X-Long: ${'x'.repeat(8_000)}\r\n`)
    }, 500)
    expect(await served('beside-slow')).toBeLessThan(SERVED_MS)
    await eventually(() => [...heads, ...silent, ...endless].every(isGone), { everyMs: 500 })
    // Who was still writing may lose the answer to the reset.
    const told = (all: readonly TLSSocket[]) => [...new Set(all.flatMap((socket) => statuses.get(socket) ?? []))]
    expect([told(heads), told(endless)]).toEqual([['408'], ['431']])
  })

  it(`and ${idle} idle connections neither`, async () => {
    expect(idle).toBeGreaterThanOrEqual(FEWEST)
    const request = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const started = performance.now()
    const held: TLSSocket[] = []
    let left = idle
    const connect = async () => {
      while (left-- > 0) held.push(await open(request, true))
    }
    await Promise.all(Array.from({ length: 50 }, connect))
    const opened = performance.now() - started
    const alive = held.filter((socket) => !isGone(socket)).length
    expect(alive).toBe(idle)
    const longest = await served('beside-idle')
    expect(longest).toBeLessThan(SERVED_MS)
    process.stdout.write(
      `${alive} idle connections, opened in ${(opened / 1_000).toFixed(1)} s: longest answer beside them ${Math.round(longest)} ms\n`,
    )
    for (const socket of held) socket.destroy()
  })

  it('nor do streams of HTTP/2 that are opened and reset', async () => {
    const client = connectHttp2(api.url, { ca: pki().read('ca.crt') })
    client.on('error', () => undefined)
    for (let round = 0; round < 100 && !client.destroyed; round++) {
      for (let index = 0; index < 100 && !client.destroyed; index++) {
        const stream = client.request({ ':path': disks(), authorization: `Bearer ${token}` })
        stream.on('error', () => undefined)
        stream.close(constants.NGHTTP2_CANCEL)
      }
      await sleep(1)
    }
    expect(await served('beside-resets')).toBeLessThan(SERVED_MS)
    client.destroy()
    expect((await fetch(`${api.healthUrl}/readyz`)).status).toBe(200)
  })

  it('a body that never ends is given up, and nothing of it is kept', async () => {
    await eventually(() => bodies.every(isGone), { everyMs: 500 })
    expect((await call(`${api.url}${disks('/slow')}`, { token })).status).toBe(404)
  })
})
