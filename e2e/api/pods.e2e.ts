import { randomBytes } from 'node:crypto'
import { connect as connectH2, type ClientHttp2Session } from 'node:http2'
import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority, issue, type KeyPair } from '../../src/x509.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { createVolume, type Volume } from '../../src/mounted-testing.ts'
import { type Api, call, pki, startApi } from '../support/api.ts'
import { startBalancer } from '../support/balancer.ts'
import { applyManifests, eventually, kubectl, makeTenant, uniqueTenant } from '../support/harness.ts'

const PEER_KEY = 'a secret of all replicas'
const certificate = (authority: KeyPair) => issue(authority, { commonName: 'api', usages: ['server'], hosts: ['127.0.0.1'] })
const filesOf = ({ cert, key }: KeyPair) => ({ 'tls.crt': cert, 'tls.key': key, 'peer.key': PEER_KEY })
const volumeOf = (files?: Record<string, string>) => {
  const volume = createVolume()
  if (files !== undefined) volume.mount(files)
  return volume
}
const flagsOf = (volume: Volume) => [`--tls-cert-file=${volume.path('tls.crt')}`, `--tls-key-file=${volume.path('tls.key')}`]
const probe = async ({ healthUrl }: Pick<Api, 'healthUrl'>, path: string) => {
  const response = await fetch(healthUrl + path)
  return { status: response.status, text: await response.text() }
}

async function administered(api: Api, subject: string) {
  const tenant = uniqueTenant('pods')
  const { namespace } = await makeTenant(api.client, tenant, 'prod')
  await applyManifests([
    {
      apiVersion: 'authorization.secapi.cloud/v1',
      kind: 'RoleAssignment',
      metadata: { name: 'admin', namespace },
      spec: { subs: [subject], roles: ['seca.admin'], scopes: [{}] },
    },
  ])
  return { tenant, namespace, disks: `/providers/seca.storage/v1/tenants/${tenant}/workspaces/prod/block-storages` }
}

describe('a pod that comes before its Secret', () => {
  it('is live and not ready, says once what it waits for, and serves when the files are there', async () => {
    const { direct, health } = await freePorts(['direct', 'health'], {})
    const volume = volumeOf()
    const peers = [`--peer-address=https://127.0.0.1:${direct}`, `--peer-key-file=${volume.path('peer.key')}`]
    const ports = [`--port=${direct}`, `--health-port=${health}`]
    const api = await startApi({ isEarly: true, flags: [...flagsOf(volume), ...peers, ...ports] })
    onTestFinished(async () => {
      await api.stop()
      volume.remove()
    })
    const place = { healthUrl: `http://127.0.0.1:${health}` }
    const waitsFor = async (file: string) =>
      eventually(async () => expect((await probe(place, '/readyz')).text).toContain(`${volume.path(file)} is not there yet`))
    await waitsFor('tls.crt')
    expect([(await probe(place, '/livez')).status, (await probe(place, '/readyz')).status]).toEqual([200, 503])
    const { cert, key } = { cert: pki().read('api.crt'), key: pki().read('api.key') }
    volume.mount({ 'tls.crt': cert })
    await waitsFor('tls.key')
    volume.mount({ 'tls.crt': cert, 'tls.key': key })
    await waitsFor('peer.key')
    await sleep(2_500)
    expect(api.logs().match(/waiting for files/g)).toHaveLength(3)
    volume.mount({ 'tls.crt': cert, 'tls.key': key, 'peer.key': PEER_KEY })
    await eventually(async () => (await probe(place, '/readyz')).status === 200)
    expect((await call(`https://127.0.0.1:${direct}/readyz`)).status).toBe(200)
  })

  it('ends at once when it is told to while it waits', async () => {
    const volume = volumeOf()
    onTestFinished(() => volume.remove())
    const api = await startApi({ isEarly: true, seeded: false, flags: [...flagsOf(volume), '--drain=30s'] })
    onTestFinished(() => api.stop())
    await eventually(() => api.logs().includes('waiting for files'))
    const start = performance.now()
    expect(await api.terminate()).toBe('exit code 0')
    expect(performance.now() - start).toBeLessThan(5_000)
  })
})

describe('tokens of the cluster itself', () => {
  it('are taken where the API may ask kube-apiserver for its keys, by the token of its own pod', async () => {
    const server = await kubectl(['config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}'])
    const own = JSON.parse(await tokenOf('seca-system', 'seca-api')) as { status: { token: string } }
    const volume = volumeOf({ 'ca.crt': pki().read('ca.crt'), token: own.status.token })
    const flags = [
      '--token-issuer=https://kubernetes.default.svc',
      `--token-jwks-url=${server}/openid/v1/jwks`,
      `--token-ca-file=${volume.path('ca.crt')}`,
    ]
    const bearer = `--token-issuer-bearer-file=${volume.path('token')}`
    const api = await startApi({ issuer: 'other', flags: [...flags, bearer] })
    const without = await startApi({ issuer: 'other', seeded: false, flags })
    onTestFinished(async () => {
      await api.stop()
      await without.stop()
      volume.remove()
    })
    const name = `ci-${randomBytes(3).toString('hex')}`
    const subject = `system:serviceaccount:default:${name}`
    await kubectl(['create', 'serviceaccount', name, '-n', 'default'])
    const { disks } = await administered(api, subject)
    const ask = async (url: string, audience: string) => {
      const { status } = JSON.parse(await tokenOf('default', name, audience)) as { status: { token: string } }
      return (await call(url + disks, { token: status.token })).status
    }
    await eventually(async () => expect(await ask(api.url, 'seca')).toBe(200))
    // A token for kube-apiserver, which every pod has, is none for this API.
    expect(await ask(api.url, 'https://kubernetes.default.svc')).toBe(401)
    expect(await ask(without.url, 'seca')).toBe(503)
    for (const log of [api.logs(), without.logs()]) expect(log).not.toContain(own.status.token)
  })

  /** A TokenRequest, by hand: kubectl would print the token alone. */
  const tokenOf = (namespace: string, name: string, audience?: string) =>
    kubectl(['create', '--raw', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, '-f', '-'], {
      input: JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: audience === undefined ? {} : { audiences: [audience] },
      }),
    })
})

describe('a rolling restart', () => {
  const authorities = [createAuthority('ca-1'), createAuthority('ca-2')] as const
  const ca = authorities.map(({ cert }) => cert).join('')
  let balancer: Awaited<ReturnType<typeof startBalancer>>
  let issuerKeyFile = ''
  let first: Api
  const volumes: Volume[] = []
  const apis: Api[] = []
  beforeAll(async () => {
    balancer = await startBalancer()
    first = await replica(authorities[0])
    issuerKeyFile = first.issuerKeyFile
  })
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.stop()))
    await balancer.close()
    for (const volume of volumes) volume.remove()
  })

  /** A further replica behind the balancer, with a volume of its own; resolves when it is ready. */
  async function replica(authority: KeyPair) {
    const { direct, health } = await freePorts(['direct', 'health'], {})
    const volume = volumeOf(filesOf(certificate(authority)))
    volumes.push(volume)
    const flags = [
      ...flagsOf(volume),
      `--port=${direct}`,
      `--health-port=${health}`,
      `--peer-address=https://127.0.0.1:${direct}`,
      `--peer-key-file=${volume.path('peer.key')}`,
      '--drain=3s',
      '--log-level=debug',
      ...(issuerKeyFile === '' ? [] : [`--token-key-file=${issuerKeyFile}`]),
    ]
    // Its probe would look at the usual port.
    const api = await startApi({ flags, isEarly: true, seeded: apis.length === 0 })
    apis.push(api)
    const healthUrl = `http://127.0.0.1:${health}`
    await eventually(async () => (await probe({ healthUrl }, '/readyz')).status === 200)
    balancer.add({ port: direct, healthUrl })
    return { ...api, volume }
  }

  it('of all replicas, and other certificates, lose no request and show nothing stale', async () => {
    let [a, b] = [first as Awaited<ReturnType<typeof replica>>, await replica(authorities[0])]
    await eventually(() => balancer.ready() === 2)
    const url = `https://127.0.0.1:${balancer.port}`
    const { disks } = await administered(a, 'admin')
    const token = await first.token('admin')
    await eventually(async () => (await call(`${url}${disks}`, { token, ca })).status === 200)

    const counts = { written: 0, read: 0, streams: 0 }
    const failed: string[] = []
    let isOver = false
    const body = (round: number) => ({ labels: { round: String(round) }, spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 50 } })
    const roundOf = (text: string) => Number((JSON.parse(text) as { labels?: { round?: string } }).labels?.round)
    const guard = async (what: string, work: () => Promise<string | undefined>) => {
      const trouble = await work().catch((error: unknown) => String(error))
      if (trouble !== undefined) failed.push(`${what}: ${trouble}`)
    }
    /** Writes over a connection that it keeps, and reads what it wrote over a new one, which leads to another replica. */
    const writer = async (name: string) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (let round = 1; !isOver; round++) {
        await guard('write', async () => {
          const { status } = await call(`${url}${disks}/${name}`, { method: 'PUT', token, body: body(round), agent, ca })
          counts.written++
          return status === 200 || status === 201 ? undefined : String(status)
        })
        await guard('read', async () => {
          const { status, text } = await call(`${url}${disks}/${name}`, { token, ca })
          counts.read++
          if (status !== 200) return String(status)
          return roundOf(text) === round ? undefined : `stale: ${roundOf(text)} after ${round} was written`
        })
        await sleep(20)
      }
      agent.destroy()
    }
    /** Requests over HTTP/2, one after the other over a connection that it keeps for as long as the server does. */
    const streams = async () => {
      let session: ClientHttp2Session | undefined
      while (!isOver) {
        if (session === undefined || session.closed || session.destroyed) {
          session = connectH2(url, { ca })
          session.on('error', () => undefined)
        }
        const over = session
        await guard('stream', async () => {
          const status = await new Promise<number>((resolve, reject) => {
            const stream = over.request({ ':path': disks, authorization: `Bearer ${token}` })
            let answered = 0
            stream.on('response', (head) => (answered = Number(head[':status'])))
            stream.on('error', reject)
            stream.on('end', () => resolve(answered))
            stream.resume()
          })
          counts.streams++
          return status === 200 ? undefined : String(status)
        })
        await sleep(20)
      }
      session?.destroy()
    }
    const load = Promise.all([writer('one'), writer('two'), writer('three'), streams(), streams()])
    onTestFinished(async () => {
      isOver = true
      await load
    })

    // One volume follows the Secret a good while after the other, and what is issued by another CA now.
    await sleep(2_000)
    const next = certificate(authorities[1])
    const shown = async (api: { logs(): string }) => eventually(() => api.logs().includes('certificate read again'))
    a.volume.mount(filesOf(next))
    await shown(a)
    await sleep(2_000)
    b.volume.mount(filesOf(next))
    await shown(b)

    for (let round = 0; round < 2; round++) {
      for (const old of [a, b]) {
        const fresh = await replica(authorities[1])
        await eventually(() => balancer.ready() === 3)
        await sleep(1_000)
        expect(await old.terminate()).toBe('exit code 0')
        if (old === a) a = fresh
        else b = fresh
      }
    }
    await sleep(1_000)
    isOver = true
    await load
    const late = apis.map((api) => api.logs().match(/did not confirm/g)?.length ?? 0)
    process.stderr.write(`rolling restart: ${JSON.stringify(counts)}, failed ${failed.length}, late confirmations ${late.join('+')}\n`)
    expect(failed).toEqual([])
    expect(counts.written + counts.read + counts.streams).toBeGreaterThan(1_000)
  }, 300_000)
})
