import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createBudget } from '../../src/provider/budget.ts'
import type { ProviderError } from '../../src/provider/errors.ts'
import { type Entry, type Sample, World } from '../../src/provider/testkit/world.ts'
import { SimulatorAdmin } from './admin.ts'
import { simulator } from './index.ts'
import { CATALOGUE, SAMPLES } from './samples.ts'
import type { StandIn } from '../stand-in/server.ts'
import { startSimulator } from './server.ts'

let cloud: StandIn
let admin: SimulatorAdmin
let world: World
const budget = createBudget({ requestsPerSecond: 10_000, burst: 10_000 })

beforeAll(async () => {
  cloud = await startSimulator({ port: 0, latencyMs: 0, token: 'customer', adminToken: 'admin' })
  admin = new SimulatorAdmin({ url: cloud.url, adminToken: 'admin' })
  const connection = simulator.connect({
    region: 'eu-1',
    cloudRegion: 'eu-1',
    settings: { characters: ['neat'], endpoint: cloud.url },
    credentials: { token: 'customer' },
    ...budget,
  })
  world = new World({
    provider: simulator as never,
    connection,
    region: 'eu-1',
    zone: 'a',
    catalogue: CATALOGUE,
    samples: SAMPLES,
    pollMs: 1,
    patienceMs: 10_000,
  })
  await world.build()
})
afterEach(async () => {
  await admin.clearFaults()
  await admin.latency(0)
  await admin.finish()
})
afterAll(async () => {
  await world.connection.close()
  await cloud.stop()
})

const sample = (key: string, spec: Record<string, unknown> = {}): Sample => {
  const base = world.sample(key)
  return { ...base, spec: { ...base.spec, ...spec } }
}
/** A new object like a sample, with some of its spec replaced, converged. */
const made = async (key: string, spec?: Record<string, unknown>): Promise<Entry> => {
  const entry = await world.fresh(sample(key, spec))
  await world.converge(entry)
  return entry
}
const inCloud = (entry: Entry) => admin.object(entry.externalId ?? '')
const to = (resource: string) => ({ resource })
const failureOf = (pending: Promise<unknown>): Promise<ProviderError> =>
  pending.then(
    () => expect.unreachable('went through'),
    (thrown: ProviderError) => thrown,
  )

describe('instances', () => {
  test('end up off, although this cloud starts what it builds', async () => {
    const entry = await made('Instance/server')
    expect(entry.status).toMatchObject({ powerState: 'off', powerStateSince: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect(await inCloud(entry)).toMatchObject({ power: 'off', boots: 1 })
  })

  test('boot once when power is wanted from the start', async () => {
    expect(await inCloud(await made('Instance/server', { powerState: 'on' }))).toMatchObject({ power: 'on', boots: 1 })
  })

  test('restart once for each request, and not for the one that they were made with', async () => {
    const entry = await world.fresh(sample('Instance/server', { powerState: 'on' }))
    entry.restartRequest = 'before'
    await world.converge(entry)
    expect(await inCloud(entry)).toMatchObject({ boots: 1 })
    entry.restartRequest = 'now'
    expect((await world.observe(entry))?.drift).toEqual(['restart'])
    await world.converge(entry)
    await world.converge(entry)
    expect(await inCloud(entry)).toMatchObject({ boots: 2 })
    entry.restartRequest = undefined
    expect((await world.observe(entry))?.drift).toEqual([])
  })

  test('that are off stay off when a restart is asked for, and a start answers it', async () => {
    const entry = await made('Instance/server')
    entry.restartRequest = 'off'
    await world.converge(entry)
    expect(await inCloud(entry)).toMatchObject({ power: 'off', boots: 1 })
    entry.restartRequest = 'together'
    entry.spec = { ...entry.spec, powerState: 'on' }
    await world.converge(entry)
    expect(await inCloud(entry)).toMatchObject({ power: 'on', boots: 2 })
  })

  test('keep their boot volume while they are on, in the words of the cloud', async () => {
    const entry = await made('Instance/server', { powerState: 'on' })
    entry.spec = { ...entry.spec, bootVolume: { deviceRef: to('BlockStorage/data') } }
    expect(await failureOf(world.converge(entry))).toMatchObject({ failure: 'rejected', message: expect.stringContaining('must be off') })
  })
})

describe('networks', () => {
  test('have the families that were asked for, assigned where that was asked', async () => {
    const entry = await made('Network/net', { cidr: { ipv4: '0.0.0.0/20' }, additionalCidrs: [{ ipv6: 'FD00:0:0:1::/64' }] })
    expect(entry.status).toEqual({ cidr: { ipv4: expect.stringMatching(/^10\..*\/20$/) }, additionalCidrs: [{ ipv6: 'fd00:0:0:1::/64' }] })
  })

  test('routes to what is not there are left out; what the cloud refuses is told by its place in the spec', async () => {
    const routes = [
      { destinationCidrBlock: '198.51.100.0/24', targetRef: to('Instance/missing') },
      { destinationCidrBlock: '10.0.1.0/24', targetRef: to('InternetGateway/gateway') },
      { destinationCidrBlock: '0.0.0.0/0', targetRef: to('InternetGateway/gateway') },
    ]
    const entry = await made('RouteTable/routes', { routes })
    expect((await inCloud(entry))['routes']).toHaveLength(2)
    expect((await world.observe(entry))?.items).toEqual({
      'routes[1]': { state: 'error', message: expect.stringContaining('10.0.1.0/24') },
    })
  })

  test('a public address that is missing is bound when it comes, and one that is gone is taken out', async () => {
    const bound = async () => (await inCloud(entry))['floating_ips']
    const entry = await made('Nic/nic', { publicIpRefs: [to('PublicIp/ip'), to('PublicIp/late')] })
    const first = await bound()
    expect(first).toEqual([expect.any(String)])
    const late = world.add(sample('PublicIp/ip'), 'late', {})
    expect((await world.observe(entry))?.drift).toEqual([])
    await world.converge(late)
    await world.converge(entry)
    expect(await bound()).toEqual([...(first as string[]), late.externalId])
    entry.spec = { ...entry.spec, publicIpRefs: [to('PublicIp/ip'), to('PublicIp/unknown')] }
    expect((await world.observe(entry))?.drift).toEqual(['publicIpRefs'])
    await world.converge(entry)
    expect(await bound()).toEqual(first)
  })

  test('a rule whose other side is not there lets nobody in', async () => {
    const rules = [
      { direction: 'ingress', sourceRef: [to('SecurityGroup/missing')] },
      { direction: 'ingress', sourceRef: [] },
    ]
    expect((await inCloud(await made('SecurityGroup/group', { rules })))['rules']).toMatchObject([{ peers: [] }, { peers: null }])
  })

  test('ports of a rule: one of from and to is that port, and list adds', async () => {
    const ports = [{ from: 22 }, { to: 80 }, { from: 1, to: 9, list: [443] }, { list: [53] }]
    const entry = await made('SecurityGroup/group', { rules: ports.map((one) => ({ direction: 'ingress', ports: one })) })
    const ranges = ((await inCloud(entry))['rules'] as { ports: unknown }[]).map((rule) => rule.ports)
    expect(ranges).toEqual([
      [[22, 22]],
      [[80, 80]],
      [
        [1, 9],
        [443, 443],
      ],
      [[53, 53]],
    ])
  })

  test('addresses are compared, not their spelling, and assigned ones stay', async () => {
    const entry = await made('Nic/second', { addresses: ['0.0.0.0', '::'] })
    const [v4, v6 = ''] = entry.status['addresses'] as string[]
    entry.spec = { ...entry.spec, addresses: [v4, v6.toUpperCase()] }
    expect((await world.observe(entry))?.drift).toEqual([])
    entry.spec = { ...entry.spec, addresses: ['::', '0.0.0.0'] }
    expect((await world.converge(entry)).status).toMatchObject({ addresses: [v6, v4], macAddress: expect.stringMatching(/^02:5e:/) })
  })
})

describe('storage', () => {
  test('an image is not made again because its volume was', async () => {
    const volume = await made('BlockStorage/boot')
    const entry = await made('Image/golden', { blockStorageRef: to(`BlockStorage/${volume.path.name}`) })
    const before = await inCloud(entry)
    await admin.remove(volume.externalId ?? '')
    volume.incarnation = 'again'
    await world.converge(volume)
    expect((await world.observe(entry))?.drift).toEqual([])
    expect(await inCloud(entry)).toEqual(before)
  })

  test('a volume is filled once', async () => {
    const other = await made('Image/golden')
    const entry = await made('BlockStorage/filled')
    entry.spec = { ...entry.spec, sourceImageRef: to(`Image/${other.path.name}`) }
    expect((await world.observe(entry))?.drift).toEqual(['sourceImageRef'])
    expect(await failureOf(world.converge(entry))).toMatchObject({
      failure: 'unsupported',
      message: expect.stringContaining('sourceImageRef cannot be changed'),
    })
  })
})

describe('calls', () => {
  const requests = async () => Object.values((await admin.stats()).requests).reduce((sum, count) => sum + count, 0)

  test('observing is one request', async () => {
    for (const { kind, name } of SAMPLES) {
      const entry = await made(`${kind}/${name}`)
      const before = await requests()
      await world.observe(entry)
      expect((await requests()) - before, kind).toBe(1)
    }
  })

  test('deleting needs nothing but the tag: what the spec names may be gone', async () => {
    const gone = {
      bootVolume: { deviceRef: to('BlockStorage/gone') },
      primaryNicRef: to('Nic/gone'),
      skuRef: to('InstanceSku/gone'),
      securityGroupRef: to('SecurityGroup/gone'),
    }
    const entry = await made('Instance/server')
    entry.spec = gone
    entry.externalId = undefined
    expect((await world.observe(entry))?.drift).toEqual([])
    await world.destroy(entry)
    expect(await world.copies(entry)).toEqual([])
  })

  test('what is in use is tried again, what is refused is not', async () => {
    const disk = await made('BlockStorage/boot')
    await made('Instance/server', { dataVolumes: [{ deviceRef: to(`BlockStorage/${disk.path.name}`) }] })
    const seen = await world.observe(disk)
    expect(await failureOf(world.delete(disk, seen!))).toMatchObject({
      failure: 'waiting',
      message: expect.stringContaining('in use by srv-'),
    })
    await admin.quota({ volumes: 0 })
    expect(await failureOf(made('BlockStorage/boot'))).toMatchObject({
      failure: 'quota',
      message: expect.stringContaining('quota of 0 volumes reached'),
    })
    await admin.quota({ volumes: null })
  })

  test('a change under way is no drift', async () => {
    const entry = await made('BlockStorage/boot')
    await admin.latency(3_600_000)
    entry.spec = { ...entry.spec, sizeGB: 99 }
    await world.update(entry, (await world.observe(entry))!)
    expect(await world.observe(entry)).toMatchObject({ busy: 'changing', drift: [], status: { sizeGB: 10 } })
    expect(await failureOf(world.update(entry, { externalId: entry.externalId ?? '', status: {}, drift: ['sizeGB'] }))).toMatchObject({
      failure: 'waiting',
    })
  })

  test('an operation that fails is told in the words of the cloud, and a change tries again', async () => {
    const entry = await made('BlockStorage/boot')
    await admin.fault({ method: 'PATCH', effect: 'fail-operation', message: 'no disks left' })
    entry.spec = { ...entry.spec, sizeGB: 99 }
    await world.update(entry, (await world.observe(entry))!)
    expect(await world.observe(entry)).toMatchObject({ failed: 'no disks left', drift: ['sizeGB'] })
    await world.update(entry, (await world.observe(entry))!)
    expect(await world.observe(entry)).toMatchObject({ failed: undefined, drift: [], status: { sizeGB: 99 } })
  })
})

describe('configuration', () => {
  test.each(['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:1', 'https://cloud.example'])(
    '%s is an endpoint',
    (endpoint) => void expect(simulator.settings.safeParse({ endpoint }).success).toBe(true),
  )
  test.each(['http://cloud.example', 'ftp://127.0.0.1', 'localhost:80', '', 'http://127.0.0.1.example'])(
    '"%s" is none',
    (endpoint) => void expect(simulator.settings.safeParse({ endpoint }).success).toBe(false),
  )
  test('a token may end in a line break, but not be empty', () => {
    expect(simulator.credentials.parse({ token: 'abc\n' })).toEqual({ token: 'abc' })
    expect(simulator.credentials.safeParse({ token: ' ' }).success).toBe(false)
  })
})
