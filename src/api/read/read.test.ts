import { beforeEach, describe, expect, it } from 'vitest'
import type { Cache } from '../../cache/cache.ts'
import { ACTIVE, add, addNamespace, testCache } from '../../cache/testing.ts'
import { type TestApp, testApp } from '../app-testing.ts'
import { Unauthenticated } from '../contract.ts'

const STORAGE = '/providers/seca.storage/v1/tenants/acme/workspaces/prod/block-storages'
const NETWORK = '/providers/seca.network/v1/tenants/acme/workspaces/prod'
const SKU = { resource: 'seca.storage/v1/tenants/acme/skus/rd100' }
const HISTORY = [
  { state: 'active', lastTransitionAt: '2026-01-01T00:00:01.002Z', reason: 'Available' },
  { state: 'creating', lastTransitionAt: '2026-01-01T00:00:00.001Z' },
  { state: 'pending', lastTransitionAt: '2026-01-01T00:00:00.000Z' },
] as const

let cache: Cache
let app: TestApp
beforeEach(() => {
  cache = testCache()
  app = testApp(cache, { now: () => Date.parse('2026-02-02T00:00:00.123Z') })
})

describe('GET', () => {
  it('renders the envelope', async () => {
    add(
      cache,
      'BlockStorage',
      'w',
      'data',
      { sizeGB: 10, skuRef: SKU },
      {
        ...ACTIVE,
        history: HISTORY,
        sizeGB: 10,
        lastModifiedAt: '2026-01-01T00:00:01.002Z',
        conditions: [],
        externalId: 'vol-1',
        incarnation: 'x',
      },
      {
        resourceVersion: '4711',
        labels: { env: 'prod', 'app.kubernetes.io/name': 'x' },
        annotations: { note: 'a b', 'secapi.cloud/paused': 'true' },
      },
    )
    const answer = await app.call('GET', `${STORAGE}/data`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.json).toEqual({
      labels: { env: 'prod' },
      annotations: { note: 'a b' },
      metadata: {
        name: 'data',
        provider: 'seca.storage/v1',
        resource: 'block-storages/data',
        verb: 'GET',
        apiVersion: 'v1',
        kind: 'block-storage',
        ref: 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/data',
        tenant: 'acme',
        workspace: 'prod',
        region: 'eu-1',
        createdAt: '2026-01-01T00:00:00.000Z',
        lastModifiedAt: '2026-01-01T00:00:01.002Z',
        resourceVersion: 4711,
      },
      spec: { sizeGB: 10, skuRef: SKU },
      status: { state: 'active', sizeGB: 10, conditions: HISTORY },
    })
  })

  it('answers pending, and what the contract requires in status, before the controllers have seen it', async () => {
    add(cache, 'BlockStorage', 'w', 'new', { sizeGB: 7, skuRef: SKU }, { observedGeneration: -1 })
    add(cache, 'Instance', 'w', 'new', { powerState: 'on' })
    add(cache, 'Network', 'w', 'new', { cidr: { ipv4: '10.0.0.0/16' } })
    const [volume, instance, network] = await Promise.all([
      app.call('GET', `${STORAGE}/new`),
      app.call('GET', '/providers/seca.compute/v1/tenants/acme/workspaces/prod/instances/new'),
      app.call('GET', `${NETWORK}/networks/new`),
    ])
    const conditions = [{ state: 'pending', lastTransitionAt: '2026-01-01T00:00:00.000Z' }]
    expect(volume.json['status']).toEqual({ state: 'pending', sizeGB: 7, conditions })
    expect(instance.json).toMatchObject({ spec: {}, status: { state: 'pending', powerState: 'off', conditions } })
    expect(instance.json['spec']).toEqual({})
    expect(network.json['status']).toEqual({ state: 'pending', cidr: { ipv4: '0.0.0.0/0' }, conditions })
  })

  it('shows updating while a generation or a request is not handled', async () => {
    const status = { ...ACTIVE, history: HISTORY, lastHandledRequest: '1@2026-01-01T00:00:09.000Z' }
    const annotations = { 'secapi.cloud/requested': '2@2026-01-02T00:00:00.500Z' }
    add(cache, 'BlockStorage', 'w', 'a', { sizeGB: 1, skuRef: SKU }, status, { annotations })
    add(cache, 'BlockStorage', 'w', 'b', { sizeGB: 1, skuRef: SKU }, { ...ACTIVE, history: HISTORY }, { generation: 2 })
    const [token, generation] = await Promise.all([app.call('GET', `${STORAGE}/a`), app.call('GET', `${STORAGE}/b`)])
    expect(token.json).toMatchObject({
      metadata: { lastModifiedAt: '2026-01-02T00:00:00.500Z' },
      status: { state: 'updating', conditions: [{ state: 'updating', lastTransitionAt: '2026-01-02T00:00:00.500Z' }, ...HISTORY] },
    })
    expect(generation.json).toMatchObject({
      status: { state: 'updating', conditions: [{ state: 'updating', lastTransitionAt: '2026-02-02T00:00:00.123Z' }, ...HISTORY] },
    })
    expect(generation.json['annotations']).toBeUndefined()
  })

  it('shows what is being deleted, with deletedAt', async () => {
    add(
      cache,
      'BlockStorage',
      'w',
      'a',
      { sizeGB: 1, skuRef: SKU },
      { ...ACTIVE, history: HISTORY },
      { deletionTimestamp: '2026-01-03T00:00:00Z' },
    )
    const { json } = await app.call('GET', `${STORAGE}/a`)
    expect(json).toMatchObject({ metadata: { deletedAt: '2026-01-03T00:00:00.000Z' }, status: { state: 'deleting' } })
  })

  it('gives nested kinds the name after their parent, and finds them by that parent only', async () => {
    add(cache, 'Subnet', 'w', 'n.a.b', { network: 'n', cidr: { ipv4: '10.0.0.0/24' } }, ACTIVE)
    const { json } = await app.call('GET', `${NETWORK}/networks/n/subnets/a.b`)
    expect(json['metadata']).toMatchObject({
      name: 'a.b',
      resource: 'networks/n/subnets/a.b',
      ref: 'seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets/a.b',
      network: 'n',
    })
    expect(json['spec']).toEqual({ cidr: { ipv4: '10.0.0.0/24' } })
    expect((await app.call('GET', `${NETWORK}/networks/n.a/subnets/b`)).status).toBe(404)
  })

  it('finds SKUs in any case, only for tenants that see them', async () => {
    add(cache, 'StorageSku', undefined, 'eu-1.gold', {
      region: 'eu-1',
      tenants: ['other'],
      iops: 1,
      type: 'remote-durable',
      minVolumeSize: 1,
    })
    const { json } = await app.call('GET', '/providers/seca.storage/v1/tenants/acme/skus/RD100')
    expect(json).toEqual({
      metadata: {
        name: 'rd100',
        provider: 'seca.storage/v1',
        resource: 'skus/rd100',
        verb: 'GET',
        apiVersion: 'v1',
        kind: 'storage-sku',
        ref: 'seca.storage/v1/tenants/acme/skus/rd100',
        tenant: 'acme',
        region: 'eu-1',
      },
      spec: { iops: 100, type: 'remote-durable', minVolumeSize: 1 },
    })
    expect((await app.call('GET', '/providers/seca.storage/v1/tenants/acme/skus/gold')).status).toBe(404)
    expect((await app.call('GET', '/providers/seca.storage/v1/tenants/other/skus/gold')).status).toBe(200)
  })

  it('has the system roles in every tenant', async () => {
    const { status, json } = await app.call('GET', '/providers/seca.authorization/v1/tenants/acme/roles/seca.admin')
    expect(status).toBe(200)
    expect(json).toMatchObject({ metadata: { name: 'seca.admin', kind: 'role', resourceVersion: 1 }, status: { state: 'active' } })
    expect(json['metadata']).not.toHaveProperty('region')
    expect((await app.call('GET', '/providers/seca.authorization/v1/tenants/nobody/roles/seca.admin')).status).toBe(404)
  })
})

describe('regions', () => {
  beforeEach(() => {
    add(cache, 'Region', undefined, 'it-1', { availableZones: ['x'], cloudProvider: 'sim' }, ACTIVE)
    add(cache, 'Workspace', 't', 'rome', { region: 'it-1' }, ACTIVE)
    addNamespace(cache, 'r', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'rome' })
    add(cache, 'BlockStorage', 'r', 'data', { sizeGB: 1, skuRef: SKU }, ACTIVE)
  })
  const path = (workspace: string) => `/providers/seca.storage/v1/tenants/acme/workspaces/${workspace}/block-storages`

  it('serves a workspace below its own region only', async () => {
    const there = await app.call('GET', `/regions/it-1${path('rome')}/data`)
    expect(there.json['metadata']).toMatchObject({ region: 'it-1' })
    expect((await app.call('GET', `${path('rome')}/data`)).status).toBe(404)
    expect((await app.call('GET', path('rome'))).json['items']).toEqual([])
    expect((await app.call('GET', `/regions/eu-1${path('prod')}`)).status).toBe(200)
    expect((await app.call('GET', `/regions/none${path('prod')}`)).status).toBe(404)
    expect((await app.call('GET', '/regions/it-1/providers/seca.workspace/v1/tenants/acme/workspaces/rome')).status).toBe(200)
    expect((await app.call('GET', '/providers/seca.workspace/v1/tenants/acme/workspaces/rome')).status).toBe(404)
    expect((await app.call('GET', '/regions/it-1/providers/seca.authorization/v1/tenants/acme/roles')).status).toBe(404)
  })

  it('serves the aggregated door below /apis', async () => {
    const options = { door: 'aggregated' } as const
    expect((await app.call('GET', `/apis/it-1.seca.storage/v1/tenants/acme/workspaces/rome/block-storages/data`, options)).status).toBe(200)
    expect((await app.call('GET', `/apis/seca.storage/v1/tenants/acme/workspaces/prod/block-storages`, options)).status).toBe(200)
    expect((await app.call('GET', path('prod'), options)).status).toBe(404)
    expect((await app.call('GET', '/apis/seca.storage/v1/tenants/acme/workspaces/prod/block-storages')).status).toBe(404)
  })

  it('renders provider URLs as the client reaches them', async () => {
    const urls = async (name: string, door: 'direct' | 'aggregated', app: TestApp) => {
      const base = door === 'direct' ? '/providers/seca.region' : '/apis/seca.region'
      const { json } = await app.call('GET', `${base}/v1/regions/${name}`, { door })
      expect(Object.keys(json)).toEqual(['metadata', 'spec'])
      return Object.fromEntries(
        (json['spec'] as { providers: { name: string; url: string }[] }).providers.map((one) => [one.name, one.url]),
      )
    }
    expect(await urls('eu-1', 'direct', app)).toEqual({
      'seca.storage': 'https://seca.test/providers/seca.storage',
      'seca.compute': 'https://seca.test/providers/seca.compute',
      'seca.network': 'https://seca.test/providers/seca.network',
      'seca.workspace': 'https://seca.test/providers/seca.workspace',
    })
    const outside = testApp(cache, { externalUrls: { direct: 'https://cloud.example/base', aggregated: 'https://kube.example:6443' } })
    expect((await urls('it-1', 'direct', outside))['seca.compute']).toBe('https://cloud.example/base/regions/it-1/providers/seca.compute')
    expect((await urls('it-1', 'aggregated', outside))['seca.compute']).toBe('https://kube.example:6443/apis/it-1.seca.compute')
    expect((await urls('eu-1', 'aggregated', outside))['seca.compute']).toBe('https://kube.example:6443/apis/seca.compute')
  })

  it('tells where the global APIs are, to anybody', async () => {
    const { json } = await app.call('GET', '/.wellknown/secapi')
    expect(json).toEqual({
      version: 'v1',
      endpoints: [
        { provider: 'seca.region/v1', url: 'https://seca.test/providers/seca.region/v1' },
        { provider: 'seca.authorization/v1', url: 'https://seca.test/providers/seca.authorization/v1' },
      ],
    })
    expect(app.attempts).toEqual([])
  })
})

describe('HTTP', () => {
  const problem = (status: number, type: string) => ({
    status,
    type: `http://secapi.cloud/errors/${type}`,
    sources: expect.any(Array),
    instance: expect.any(String),
  })

  it.each([
    ['GET', '/nowhere', 404, 'resource-not-found'],
    ['GET', `${STORAGE}/missing`, 404, 'resource-not-found'],
    ['GET', `${STORAGE}/`, 404, 'resource-not-found'],
    ['GET', `${STORAGE}//x`, 404, 'resource-not-found'],
    ['GET', `${STORAGE}/Bad_Name`, 400, 'invalid-request'],
    ['GET', `${STORAGE}/${'a'.repeat(129)}`, 400, 'invalid-request'],
    ['PUT', `${STORAGE}/Bad_Name`, 422, 'validation-error'],
    ['GET', `${STORAGE}/a%2Fb`, 404, 'resource-not-found'],
    ['GET', '/providers/seca.storage/v1/tenants/acme%2Fprod/images', 404, 'resource-not-found'],
    ['GET', `${STORAGE}/%ff`, 404, 'resource-not-found'],
    ['GET', `/providers/seca.storage/v1/tenants/${'a'.repeat(65)}/images`, 400, 'invalid-request'],
    ['GET', `${STORAGE}?limit=0`, 400, 'invalid-request'],
    ['GET', `${STORAGE}?limit=10001`, 400, 'invalid-request'],
    ['GET', `${STORAGE}?limit=1&limit=2`, 400, 'invalid-request'],
    ['GET', `${STORAGE}?skipToken=nope`, 400, 'invalid-request'],
    ['GET', `${STORAGE}?labels=%3Dx`, 400, 'invalid-request'],
    ['POST', `${STORAGE}/x`, 405, 'invalid-request'],
    ['PUT', STORAGE, 405, 'invalid-request'],
    ['PATCH', `${STORAGE}/x`, 405, 'invalid-request'],
    ['PUT', '/providers/seca.storage/v1/tenants/acme/skus/x', 405, 'invalid-request'],
    ['POST', '/.wellknown/secapi', 405, 'invalid-request'],
    ['GET', '/providers/seca.compute/v1/tenants/acme/workspaces/prod/instances/x/start', 405, 'invalid-request'],
    ['DELETE', '/providers/seca.authorization/v1/tenants/acme/roles/seca.admin', 409, 'resource-conflict'],
  ])('%s %s: %i', async (method, path, status, type) => {
    const answer = await app.call(method, path)
    expect(answer.json).toMatchObject(problem(status, type))
    expect(answer.status).toBe(status)
    expect(answer.headers.has('allow')).toBe(status === 405)
  })

  it('answers HEAD like GET, without a body', async () => {
    add(cache, 'BlockStorage', 'w', 'a', { sizeGB: 1, skuRef: SKU }, ACTIVE)
    const [head, get] = await Promise.all([app.call('HEAD', `${STORAGE}/a`), app.call('GET', `${STORAGE}/a`)])
    expect([head.status, head.text]).toEqual([200, ''])
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)))
    expect((await app.call('HEAD', `${STORAGE}/none`)).status).toBe(404)
  })

  it.each([
    ['text/html', 406],
    ['application/json;q=0', 406],
    ['application/json; deleted=maybe', 406],
    ['text/html, application/json;q=0.1', 200],
    ['application/*', 200],
    ['application/json; charset=utf-8; deleted=true', 200],
  ])('Accept %s: %i', async (accept, status) => {
    expect((await app.call('GET', STORAGE, { headers: { accept } })).status).toBe(status)
  })

  it('asks the authorizer, and says no with 403 before existence', async () => {
    const strict = testApp(cache, { deny: () => true })
    expect((await strict.call('GET', `${STORAGE}/missing`)).json).toMatchObject(problem(403, 'forbidden'))
    expect(strict.attempts[0]).toMatchObject({
      verb: 'get',
      region: 'eu-1',
      tenant: 'acme',
      workspace: 'prod',
      name: 'missing',
      namespace: 'w',
      objectName: 'missing',
    })
  })

  it('tells apart who may not, who is nobody, and what is not ready', async () => {
    const notReady = testApp(cache, { isSynced: () => false })
    const answer = await notReady.call('GET', STORAGE)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await notReady.call('GET', '/.wellknown/secapi')).status).toBe(200)
    const nobody = testApp(cache, {
      authorizer: { authorize: () => Promise.reject(new Unauthenticated('the token has expired', 'Bearer error="invalid_token"')) },
    })
    const refused = await nobody.call('GET', STORAGE)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
    const broken = testApp(cache, { authorizer: { authorize: () => Promise.reject(new Error('secret detail')) } })
    const trouble = await broken.call('GET', STORAGE)
    expect(trouble.status).toBe(500)
    expect(trouble.text).not.toContain('secret detail')
  })

  it('maps invalid input and conflicts to 412 when the conformance suite wants that', async () => {
    const mapped = testApp(cache, { validationStatus: 412 })
    expect((await mapped.call('DELETE', '/providers/seca.authorization/v1/tenants/acme/roles/seca.admin')).json).toMatchObject(
      problem(412, 'precondition-failed'),
    )
    expect((await mapped.call('GET', `${STORAGE}?limit=0`)).status).toBe(400)
  })
})
