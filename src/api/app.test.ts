import { describe, expect, it } from 'vitest'
import { ACTIVE, add, testCache } from '../cache/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import { testApp } from './app-testing.ts'
import type { AppOptions } from './contract.ts'
import { SURFACES } from './path/surface.ts'

const PROD = '/providers/seca.compute/v1/tenants/acme/workspaces/prod/instances'
const VOLUMES = '/providers/seca.storage/v1/tenants/acme/workspaces/prod/block-storages'
const cache = testCache()
add(cache, 'BlockStorage', 'w', 'disk', { sizeGB: 1, skuRef: { resource: 'skus/rd100' } }, ACTIVE)

describe('an action on a place', () => {
  const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS', 'QUERY']

  it.each(SURFACES.map((surface) => [surface.kind.kind, surface] as const))(
    '%s: what it does not take is 405, before anybody is asked',
    async (_, { api, segments, isReadOnly, kind }) => {
      const collection = `/providers/${api}/${segments.map((segment) => (segment.startsWith('{') ? 'x' : segment)).join('/')}`
      const places: [string, string[]][] = [
        [collection, ['GET', 'HEAD']],
        [`${collection}/x`, isReadOnly ? ['GET', 'HEAD'] : ['GET', 'HEAD', 'PUT', 'DELETE']],
        ...(kind.actions ?? []).map((action): [string, string[]] => [`${collection}/x/${action}`, ['POST']]),
      ]
      for (const [path, taken] of places)
        for (const method of METHODS.filter((one) => !taken.includes(one))) {
          const app = testApp(cache)
          const answer = await app.call(method, path)
          expect([path, method, answer.status, answer.headers.get('allow'), app.attempts]).toEqual([
            path,
            method,
            405,
            taken.join(', '),
            [],
          ])
        }
    },
  )

  it('documents are read', async () => {
    for (const path of ['/docs', '/openapi.json', '/.wellknown/secapi']) {
      expect((await testApp(cache).call('GET', path)).status).toBe(200)
      const refused = await testApp(cache).call('POST', path)
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
    for (const method of METHODS) expect((await testApp(cache).call(method, '/nowhere')).status).toBe(404)
  })
})

describe('every request is decided', () => {
  const body = { spec: { sizeGB: 1, skuRef: 'skus/rd100' } }
  it.each([
    ['GET', `${VOLUMES}/disk`, { verb: 'get', name: 'disk' }],
    ['HEAD', `${VOLUMES}/disk`, { verb: 'get', name: 'disk' }],
    ['GET', VOLUMES, { verb: 'list' }],
    ['HEAD', VOLUMES, { verb: 'list' }],
    ['GET', '/providers/seca.region/v1/regions', { verb: 'list' }],
    ['GET', '/providers/seca.region/v1/regions/eu-1', { verb: 'get', name: 'eu-1' }],
    ['GET', '/providers/seca.storage/v1/tenants/acme/skus/rd100', { verb: 'get', name: 'rd100' }],
    ['PUT', `${VOLUMES}/disk`, { verb: 'put', name: 'disk', isUpdate: true }],
    ['PUT', `${VOLUMES}/new`, { verb: 'put', name: 'new', isUpdate: false }],
    ['DELETE', `${VOLUMES}/disk`, { verb: 'delete', name: 'disk' }],
    ['POST', `${PROD}/web/start`, { verb: 'post', action: 'start', name: 'web' }],
  ])('%s %s: 403 when the answer is no', async (method, path, attempt) => {
    const app = testApp(cache, { deny: () => true })
    const answer = await app.call(method, path, method === 'PUT' ? { body } : {})
    expect(answer.status).toBe(403)
    expect(app.attempts).toEqual([expect.objectContaining(attempt)])
    const what = 'action' in attempt ? attempt.action : attempt.verb
    expect([method, answer.json['detail']]).toEqual([method, method === 'HEAD' ? undefined : `you may not ${what} this: the test says so`])
  })

  it('unless nobody knows yet', async () => {
    const app = testApp(cache, { isSynced: () => false })
    const answer = await app.call('GET', `${VOLUMES}/disk`)
    expect([answer.status, answer.headers.get('retry-after'), app.attempts]).toEqual([503, '1', []])
    expect((await app.call('GET', '/docs')).status).toBe(200)
  })
})

describe('an answer', () => {
  it('to HEAD is that to GET without its body', async () => {
    for (const path of [`${VOLUMES}/disk`, VOLUMES, `${VOLUMES}/none`, '/docs']) {
      const [get, head] = [await testApp(cache).call('GET', path), await testApp(cache).call('HEAD', path)]
      expect([head.status, head.text, Number(head.headers.get('content-length'))]).toEqual([get.status, '', get.bytes.length])
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    }
  })

  it('tells what is not there, and what cannot be', async () => {
    const status = async (method: string, path: string, more: object = {}) => (await testApp(cache).call(method, path, more)).status
    expect(await status('GET', `${VOLUMES}/none`)).toBe(404)
    // A name in a PUT is content.
    expect([await status('GET', `${VOLUMES}/None`), await status('DELETE', `${VOLUMES}/None`)]).toEqual([400, 400])
    expect(await status('PUT', `${VOLUMES}/None`, { body: { spec: {} } })).toBe(422)
  })

  it('is in JSON, or not at all', async () => {
    const headers = { accept: 'text/html' }
    expect((await testApp(cache).call('GET', `${VOLUMES}/disk`, { headers })).status).toBe(406)
    const writes = testApp(cache)
    expect((await writes.call('PUT', `${VOLUMES}/disk`, { headers, body: {} })).status).toBe(406)
    expect((await writes.call('DELETE', `${VOLUMES}/disk`, { headers })).status).toBe(406)
    expect(writes.attempts).toEqual([])
  })

  it('names the base URL that is configured, or that the client used', async () => {
    const urlOf = async (more: Partial<AppOptions>) => {
      const { json } = await testApp(cache, more).call('GET', '/providers/seca.region/v1/regions/eu-1')
      return (json['spec'] as { providers: { url: string }[] }).providers[0]?.url.replace(/\/providers.*/, '')
    }
    expect(await urlOf({})).toBe('https://seca.test')
    expect(await urlOf({ externalUrls: { direct: 'https://out/base' } })).toBe('https://out/base')
    expect(await urlOf({ externalUrls: { aggregated: 'https://out' } })).toBe('https://seca.test')
  })

  it('to trouble is logged as far as it is ours, and in words for the client', async () => {
    const lines: [string, number][] = []
    const write = (level: string) => (fields: { status: number }) => void lines.push([level, fields.status])
    const log = { error: write('error'), warn: write('warn'), info: write('info') } as unknown as AppOptions['log']
    const failing = async (thrown: unknown) => {
      const answer = await testApp(cache, { log, authorizer: { authorize: () => Promise.reject(thrown as Error) } }).call('GET', VOLUMES)
      return [answer.status, answer.json['detail']]
    }
    expect(await failing(new Error('secret'))).toEqual([500, 'unexpected error; the log of the API server says more'])
    const late = [503, 'the cluster did not answer in time; try again']
    expect(await failing(new DOMException('x', 'TimeoutError'))).toEqual(late)
    expect(await failing(new DOMException('x', 'AbortError'))).toEqual(late)
    expect((await failing(new DOMException('x', 'DataError')))[0]).toBe(500)
    expect((await testApp(cache, { log }).call('GET', '/nowhere')).status).toBe(404)
    expect(lines).toEqual([
      ['error', 500],
      ['warn', 503],
      ['warn', 503],
      ['error', 500],
    ])
  })

  it('is counted, without what clients make up', async () => {
    const metrics = createMetrics()
    const app = testApp(cache, { metrics })
    await app.call('GET', `${VOLUMES}/disk`)
    await app.call('GET', '/nowhere/made-up')
    await app.call('BREW', `${VOLUMES}/disk`)
    const counted = (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('seca_api_requests_total{'))
    const told = counted.map((line) => [...line.matchAll(/(method|kind|code)="([^"]*)"/g)].map(([, , value]) => value).join(' '))
    expect(told.toSorted()).toEqual(['GET BlockStorage 200', 'GET none 404', 'other BlockStorage 405'])
  })
})
