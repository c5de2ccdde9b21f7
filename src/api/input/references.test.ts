import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { cpuMs } from '../../dev/cpu-time.ts'
import type { Cache } from '../../cache/cache.ts'
import { ACTIVE, add, addNamespace, testCache } from '../../cache/testing.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { KubeClient } from '../../kube/client.ts'
import { ApiError } from '../../kube/errors.ts'
import { AccessReviews } from '../access/access-review.ts'
import { createAuthorizer } from '../access/authz.ts'
import { type Answer, type TestApp, testApp } from '../app-testing.ts'
import type { Attempt, Door } from '../contract.ts'

const T = 'tenants/acme'
const W = `${T}/workspaces/prod`
const path = (api: string, rest: string) => `/providers/seca.${api}/v1/${rest}`
const SKU = { resource: 'skus/rd100' }

let cache: Cache
/** What the cluster has, and memory does not (yet). */
let live: Map<string, Resource>
/** Calls for single objects, those that run now, and the most at once. */
let gets: string[]
let [running, most] = [0, 0]
let count = 0

const calls = {
  async get(_gvr: unknown, namespace: string | undefined, name: string) {
    const key = namespace === undefined ? name : `${namespace}/${name}`
    gets.push(key)
    most = Math.max(most, ++running)
    await sleep(1)
    running--
    const object = live.get(key)
    if (object === undefined) throw new ApiError('not found', { status: 404, reason: 'NotFound' })
    return object
  },
  create: (_gvr: unknown, _namespace: string, object: Resource) => Promise.resolve(written(object)),
  patch: (gvr: { kind: string }, namespace: string, name: string) =>
    Promise.resolve(written({ apiVersion: 'x', kind: gvr.kind, metadata: { namespace, name }, spec: {} } as unknown as Resource)),
}
const client = calls as unknown as KubeClient
/** A client that finds everything as memory has it. */
const upToDate = (kind: string) =>
  ({
    ...calls,
    get: (_gvr: unknown, namespace: string, name: string) => Promise.resolve(cache.get(kind, `${namespace}/${name}`)),
  }) as unknown as KubeClient

const written = (object: Resource) =>
  ({
    ...object,
    metadata: {
      ...object.metadata,
      uid: `u${count}`,
      resourceVersion: String(1_000_000 + count++),
      generation: 2,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
  }) as Resource

beforeEach(() => {
  cache = testCache()
  live = new Map()
  gets = []
  running = most = 0
  addNamespace(cache, 'v', { 'secapi.cloud/tenant': 'victim' })
  addNamespace(cache, 'vw', { 'secapi.cloud/tenant': 'victim', 'secapi.cloud/workspace': 'vault' })
  addNamespace(cache, 'p', { 'secapi.cloud/tenant': 'public', 'secapi.cloud/shared': 'true' })
  addNamespace(cache, 'far', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'lab' })
  addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'other' })
  add(cache, 'Region', undefined, 'it-1', { availableZones: ['x'], cloudProvider: 'sim' }, ACTIVE)
  add(cache, 'InstanceSku', undefined, 'it-1.big', { region: 'it-1', vCPU: 60, ram: 100 })
  add(cache, 'InstanceSku', undefined, 'eu-1.ds', { region: 'eu-1', vCPU: 1, ram: 1 })
  add(cache, 'Workspace', 't', 'lab', { region: 'it-1' }, ACTIVE)
  add(cache, 'Workspace', 't', 'other', {}, ACTIVE)
  add(cache, 'Workspace', 'v', 'vault', {}, ACTIVE)
  add(cache, 'BlockStorage', 'w', 'disk', { sizeGB: 50, skuRef: SKU }, ACTIVE)
  add(cache, 'BlockStorage', 'far', 'disk', { sizeGB: 50, skuRef: SKU }, ACTIVE)
  add(cache, 'BlockStorage', 'o', 'disk', { sizeGB: 50, skuRef: SKU }, ACTIVE)
  add(cache, 'BlockStorage', 'vw', 'disk', { sizeGB: 50, skuRef: SKU }, ACTIVE)
  add(cache, 'Image', 'v', 'golden', {}, ACTIVE)
  add(cache, 'Image', 'p', 'debian', {}, ACTIVE)
  add(cache, 'Image', 't', 'roman', { region: 'it-1' }, ACTIVE)
  for (const network of ['a', 'secretnet']) {
    add(cache, 'Network', 'w', network, { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU }, ACTIVE)
    add(cache, 'Subnet', 'w', `${network}.twin`, { network, cidr: {}, zone: 'a' }, ACTIVE)
  }
  add(cache, 'Subnet', 'w', 'a.b.c', { network: 'a', cidr: {}, zone: 'a' }, ACTIVE)
})

const told = ({ status, json }: Answer): [number, ...string[]] => [
  status,
  ...((json['sources'] as { pointer: string }[] | undefined) ?? []).map(({ pointer }) => pointer),
]
const instance = (app: TestApp, spec: object) =>
  app.call('PUT', path('compute', `${W}/instances/i`), {
    body: { spec: { skuRef: 'skus/DS', zone: 'a', bootVolume: { deviceRef: 'disk' }, ...spec } },
  })
const image = (app: TestApp, blockStorageRef: unknown) =>
  app.call('PUT', path('storage', `${T}/images/i`), { body: { spec: { blockStorageRef, cpuArchitecture: 'amd64' } } })
const nic = (app: TestApp, subnetRef: unknown, more: object = {}) =>
  app.call('PUT', path('network', `${W}/nics/n`), { body: { spec: { subnetRef, ...more } } })
const table = (app: TestApp, targets: readonly string[]) =>
  app.call('PUT', path('network', `${W}/networks/a/route-tables/r${count}`), {
    body: { spec: { routes: targets.map((targetRef) => ({ destinationCidrBlock: '10.0.0.0/8', targetRef })) } },
  })

describe('references that are refused (contract §9)', () => {
  it('parts that do not exist or contradict, each with its place', async () => {
    const app = testApp(cache, { client })
    expect(told(await nic(app, 'networks/a.b/subnets/c'))).toEqual([422, '/spec/subnetRef'])
    expect(told(await nic(app, 'networks/a/subnets/b.c'))).toEqual([201])
    const mars = { resource: 'block-storages/disk', region: 'mars' }
    const answer = await instance(app, { skuRef: { resource: 'skus/big', region: 'it-1' }, bootVolume: { deviceRef: mars } })
    expect(told(answer)).toEqual([422, '/spec/skuRef', '/spec/bootVolume/deviceRef'])
    expect(told(await instance(app, { dataVolumes: [{ deviceRef: 'networks/a/block-storages/disk' }] }))).toEqual([
      422,
      '/spec/dataVolumes/0/deviceRef',
    ])
    // Even what may come later has to be possible.
    expect(told(await instance(app, { primaryNicRef: 'nics/Later' }))).toEqual([422, '/spec/primaryNicRef'])
    expect(told(await instance(app, { primaryNicRef: 'nics/later' }))).toEqual([201])
  })

  it('an image whose volume is missing, or in another region', async () => {
    const app = testApp(cache, { client })
    for (const ref of ['workspaces/prod/block-storages/none', 'workspaces/none/block-storages/disk', 'workspaces/lab/block-storages/disk'])
      expect(told(await image(app, ref))).toEqual([422, '/spec/blockStorageRef'])
    expect(told(await image(app, 'workspaces/prod/block-storages/disk'))).toEqual([201])
  })

  it('an image that loses its volume can still be changed in everything else', async () => {
    const spec = { region: 'eu-1', blockStorageRef: { resource: 'workspaces/prod/block-storages/gone' }, cpuArchitecture: 'amd64' }
    add(cache, 'Image', 't', 'i', spec, ACTIVE, { managedFields: [] })
    const app = testApp(cache, { client: upToDate('Image') })
    const body = { spec: { ...spec, cpuArchitecture: 'arm64' } }
    expect((await app.call('PUT', path('storage', `${T}/images/i`), { body })).status).toBe(200)
  })

  it('a volume from an image of another region', async () => {
    const put = (app: TestApp) =>
      app.call('PUT', path('storage', `${W}/block-storages/v`), {
        body: { spec: { sizeGB: 50, skuRef: SKU, sourceImageRef: 'images/roman' } },
      })
    const answer = await put(testApp(cache, { client }))
    expect(told(answer)).toEqual([422, '/spec/sourceImageRef'])
    expect(answer.json['detail']).toContain('does not exist in region eu-1: it is in region it-1')
    // Who may not get it there is told what is told of an image that is nowhere: it may come later.
    const deny = ({ kind, region }: Attempt) => kind.kind === 'Image' && region === 'it-1'
    expect(told(await put(testApp(cache, { client, deny })))).toEqual([201])
  })

  it('the same words in another field are another reference', async () => {
    add(cache, 'Instance', 'w', 'i', { skuRef: { resource: 'ds' }, zone: 'a', bootVolume: { deviceRef: { resource: 'disk' } } }, ACTIVE, {
      managedFields: [],
    })
    const deny = ({ kind }: Attempt) => kind.kind === 'Nic'
    const app = testApp(cache, { client, deny })
    expect(told(await instance(app, { skuRef: 'ds', primaryNicRef: 'disk' }))).toEqual([403, '/spec/primaryNicRef'])
    expect(app.attempts.filter(({ verb }) => verb === 'get').map(({ kind }) => kind.kind)).toEqual(['Nic'])
  })
})

describe('what it costs', () => {
  it('grows with the number of references, not with its square', async () => {
    const rules = (count: number, tag: number) =>
      Array.from({ length: count / 32 }, (_, index) => ({
        direction: 'ingress',
        sourceRef: Array.from({ length: 32 }, (_, item) => ({
          resource: `${index > 255 ? 11 : 10}.${tag}.${index % 256}.${item}`,
        })),
      }))
    const time = async (size: number) => {
      add(cache, 'SecurityGroup', 'w', `g${size}`, { rules: rules(size, 1) }, ACTIVE, { managedFields: [] })
      const app = testApp(cache, {
        client: upToDate('SecurityGroup'),
      })
      const body = { spec: { rules: rules(size, 2) } }
      return cpuMs(async () => expect((await app.call('PUT', path('network', `${W}/security-groups/g${size}`), { body })).status).toBe(200))
    }
    // Each with each would be 256 million comparisons, some minutes.
    expect(await time(16_000)).toBeLessThan(8_000)
  }, 60_000)

  it('a thousand routes to one gateway ask once', async () => {
    add(cache, 'InternetGateway', 'w', 'exit', {}, ACTIVE)
    const app = testApp(cache, { client })
    expect((await table(app, Array<string>(1_000).fill('internet-gateways/exit'))).status).toBe(201)
    expect(app.attempts.filter(({ verb }) => verb === 'get')).toHaveLength(1)
    expect(gets).toEqual([])
  })

  it('a thousand routes to as many missing gateways ask the cluster a few times, and all are told', async () => {
    const app = testApp(cache, { client })
    const answer = await table(
      app,
      Array.from({ length: 1_000 }, (_, index) => `internet-gateways/none-${index}`),
    )
    expect([answer.status, gets.length, most]).toEqual([422, 8, 8])
    expect(told(answer)).toHaveLength(33)
    expect(answer.json['detail']).toContain('and 968 more')
  })

  it('memory that is behind is caught up with; one budget for the request, then 503', async () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `new-${index}`)
    const targets = (count: number) => names(count).map((name) => `internet-gateways/${name}`)
    const made = testCache()
    for (const name of names(200)) live.set(`w/${name}`, add(made, 'InternetGateway', 'w', name, {}, ACTIVE, { resourceVersion: '999999' }))
    const app = testApp(cache, { client })
    const put = async (size: number) => {
      gets = []
      const answer = await table(app, targets(size))
      return [answer.status, gets.length, answer.headers.get('retry-after')]
    }
    expect(await put(40)).toEqual([201, 40, null])
    expect(await put(200)).toEqual([503, 64, '1'])
    expect(await put(200)).toEqual([503, 64, '1'])
    expect(await put(200)).toEqual([201, 32, null])
    expect(await put(200)).toEqual([201, 0, null])
  })

  it('decisions run a few at a time, and no request names more targets than its budget', async () => {
    let [now, peak, asked] = [0, 0, 0]
    const authorizer = {
      authorize: async (_caller: unknown, { verb, name = '' }: Attempt) => {
        if (verb !== 'get') return { isAllowed: true, why: '' }
        asked++
        peak = Math.max(peak, ++now)
        await sleep(1)
        now--
        return { isAllowed: !['n90', 'n91'].includes(name), why: '' }
      },
    }
    const app = testApp(cache, { client, authorizer })
    const answer = await table(
      app,
      Array.from({ length: 800 }, (_, index) => `instances/n${index}`),
    )
    // The first that is refused is the one that is told, however the answers come in.
    expect(told(answer)).toEqual([403, '/spec/routes/90/targetRef'])
    expect(peak).toBe(8)
    expect(asked).toBeLessThan(110)

    const rules = Array.from({ length: 100 }, (_, index) => ({
      direction: 'ingress',
      sourceRef: Array.from({ length: 32 }, (_, item) => `nics/m${index}-${item}`),
    }))
    const many = testApp(cache, { client })
    const refused = await many.call('PUT', path('network', `${W}/security-groups/g`), { body: { spec: { rules } } })
    expect([refused.status, refused.json['detail']]).toEqual([422, expect.stringContaining('more than 2000 objects')])
    expect(many.attempts.filter(({ verb }) => verb === 'get')).toHaveLength(2_000)
  })
})

/** Two requests that differ in whether something is there must get the same answer, but for the name that was sent. */
describe('existence does not show', () => {
  const WRITES = [
    { provider: 'seca.compute', resources: ['instances/*'], verb: ['put'] },
    { provider: 'seca.network', resources: ['nics/*', 'security-groups/*', 'subnets/*', 'networks/a/subnets/*'], verb: ['put'] },
    { provider: 'seca.storage', resources: ['images/*', 'block-storages/*'], verb: ['put'] },
    { provider: 'seca.authorization', resources: ['role-assignments/*'], verb: ['put'] },
  ]

  /** Alice may write what refers to things, and get none of them, but the SKUs and what `more` gives her. */
  function appOf(door: Door, more: readonly object[] = []): TestApp {
    add(cache, 'Role', 't', 'writer', {
      permissions: [...WRITES, { provider: 'seca.compute', resources: ['skus/*'], verb: ['get'] }, ...more],
    })
    add(cache, 'RoleAssignment', 't', 'ra', { subs: ['alice'], roles: ['writer'], scopes: [{}] })
    const kube = {
      raw: (_method: string, _path: string, { spec }: { spec: { resourceAttributes: { verb: string; resource: string } } }) => {
        const { verb, resource } = spec.resourceAttributes
        return Promise.resolve({ status: { allowed: verb !== 'get' || resource.endsWith('skus') } })
      },
    } as unknown as KubeClient
    const authorizer = createAuthorizer({ cache, isSynced: () => true, reviews: new AccessReviews(kube, cache) })
    const app = testApp(cache, { client, authorizer })
    return {
      ...app,
      call: (method, target, options) => {
        return app.call(method, door === 'direct' ? target : target.replace('/providers/', '/apis/'), { ...options, door })
      },
    }
  }

  const blank = ({ status, text }: Answer, name: string) => `${status} ${text.replaceAll(name, 'NAME')}`

  const PAIRS: readonly [string, (app: TestApp, name: string) => Promise<Answer>, string, string][] = [
    ['volume', (app, name) => instance(app, { bootVolume: { deviceRef: name } }), 'disk', 'none'],
    ['workspace of a volume', (app, name) => image(app, `workspaces/${name}/block-storages/disk`), 'other', 'none'],
    ['workspace of another region', (app, name) => image(app, `workspaces/${name}/block-storages/disk`), 'lab', 'none'],
    ['tenant', (app, name) => image(app, `tenants/${name}/workspaces/vault/block-storages/disk`), 'victim', 'nobody'],
    ['tenant of an image', (app, name) => volume(app, `tenants/${name}/images/golden`), 'victim', 'nobody'],
    ['image of another tenant', (app, name) => volume(app, `tenants/victim/images/${name}`), 'golden', 'none'],
    ['tenant of a SKU', (app, name) => volume(app, undefined, `tenants/${name}/skus/rd100`), 'victim', 'nobody'],
    ['subnet', (app, name) => nic(app, `networks/a/subnets/${name}`), 'twin', 'none'],
    ['network', (app, name) => nic(app, `networks/${name}/subnets/twin`), 'secretnet', 'none'],
    ['subnet of several networks', (app, name) => nic(app, `subnets/${name}`), 'twin', 'none'],
    ['subnet of one network', (app, name) => nic(app, name), 'b.c', 'n.n'],
    ['tenant in scope', (app, name) => scope(app, name), 'victim', 'nobody'],
    ['open tenant in scope', (app, name) => scope(app, name), 'public', 'nobody'],
  ]

  const volume = (app: TestApp, sourceImageRef: string | undefined, skuRef = 'tenants/seca/skus/rd100') =>
    app.call('PUT', path('storage', `${W}/block-storages/v`), { body: { spec: { sizeGB: 50, skuRef, sourceImageRef } } })
  const scope = (app: TestApp, tenant: string) =>
    app.call('PUT', path('authorization', `${T}/role-assignments/x`), {
      body: { spec: { subs: ['bob'], roles: ['writer'], scopes: [{ tenants: ['acme', tenant] }] } },
    })

  describe.each<Door>(['direct', 'aggregated'])('%s door', (door) => {
    it.each(PAIRS)('%s', async (_what, send, real, absent) => {
      const app = appOf(door)
      const [one, other] = [await send(app, real), await send(app, absent)]
      expect([403, 422]).toContain(one.status)
      expect(blank(one, real)).toBe(blank(other, absent))
    })
  })

  it('a workspace of another region, to who may read volumes in this one only', async () => {
    add(cache, 'Role', 't', 'volumes', { permissions: [{ provider: 'seca.storage', resources: ['block-storages/*'], verb: ['get'] }] })
    add(cache, 'RoleAssignment', 't', 'here', { subs: ['alice'], roles: ['volumes'], scopes: [{ regions: ['eu-1'] }] })
    const app = appOf('direct')
    const [one, other] = [await image(app, 'workspaces/lab/block-storages/disk'), await image(app, 'workspaces/none/block-storages/disk')]
    expect(told(one)).toEqual([422, '/spec/blockStorageRef'])
    expect(blank(one, 'lab')).toBe(blank(other, 'none'))
    expect(told(await image(app, 'workspaces/other/block-storages/disk'))).toEqual([201])
  })

  it('an open tenant answers like one that is not, to a Kubernetes user who may not read there', async () => {
    const app = appOf('aggregated')
    const [one, other] = [await volume(app, 'tenants/public/images/debian'), await volume(app, 'tenants/closed/images/debian')]
    expect(one.status).toBe(422)
    expect(blank(one, 'public')).toBe(blank(other, 'closed'))
    expect(told(await volume(appOf('direct'), 'tenants/public/images/debian'))).toEqual([201])
  })

  it('who may read one network is not told of the others', async () => {
    const app = appOf('direct', [{ provider: 'seca.network', resources: ['networks/a/subnets/*'], verb: ['get'] }])
    const answer = await nic(app, 'subnets/twin')
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain('secretnet')
    expect(answer.json['detail']).toContain('name the network too')
    expect(told(await nic(app, 'networks/a/subnets/twin'))).toEqual([201])
    const all = appOf('direct', [{ provider: 'seca.network', resources: ['subnets/*'], verb: ['get'] }])
    expect((await nic(all, 'subnets/twin')).json['detail']).toContain('it is in a, secretnet')
  })

  it('tenants in scope: the own one, all, and those where the caller may read as much', async () => {
    const app = appOf('direct')
    expect((await scope(app, 'acme')).status).toBe(201)
    expect((await scope(app, '*')).status).toBe(201)
    expect(told(await scope(app, 'victim'))).toEqual([422, '/spec/scopes/0/tenants/1'])
    add(cache, 'Role', 'v', 'reader', { permissions: [{ provider: 'seca.authorization', resources: ['*'], verb: ['get'] }] })
    add(cache, 'RoleAssignment', 'v', 'ra', { subs: ['alice'], roles: ['reader'], scopes: [{}] })
    expect((await scope(app, 'victim')).status).toBe(201)
  })
})
