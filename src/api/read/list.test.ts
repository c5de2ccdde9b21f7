import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Cache } from '../../cache/cache.ts'
import { ACTIVE, add, testCache } from '../../cache/testing.ts'
import type { Resource } from '../../kinds/resource.ts'
import { type TestApp, testApp } from '../app-testing.ts'

const PATH = '/providers/seca.storage/v1/tenants/acme/workspaces/prod/block-storages'
const SPEC = { sizeGB: 1, skuRef: { resource: 'rd100' } }

let cache: Cache
let app: TestApp
beforeEach(() => {
  cache = testCache()
  app = testApp(cache)
})

interface List {
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
  readonly metadata: { readonly skipToken?: string }
}

async function page(query: string, headers: Record<string, string> = {}): Promise<{ names: string[]; skipToken: string | undefined }> {
  const { json, status, text } = await app.call('GET', `${PATH}${query}`, { headers })
  expect(status, text).toBe(200)
  const { items, metadata } = json as unknown as List
  return { names: items.map((item) => item.metadata.name), skipToken: metadata.skipToken }
}

const volume = (name: string, metadata: object = {}) => add(cache, 'BlockStorage', 'w', name, SPEC, ACTIVE, metadata)
const remove = (object: Resource) =>
  cache.store('BlockStorage').remove({ ...object, metadata: { ...object.metadata, resourceVersion: String(Number.MAX_SAFE_INTEGER) } })

describe('LIST', () => {
  it('pages by name and leaves skipToken out on the last page', async () => {
    for (const name of ['c', 'a', 'e', 'b', 'd']) volume(name)
    const first = await page('?limit=2')
    expect(first.names).toEqual(['a', 'b'])
    const second = await page(`?limit=2&skipToken=${first.skipToken}`)
    expect(second.names).toEqual(['c', 'd'])
    expect(await page(`?limit=2&skipToken=${second.skipToken}`)).toEqual({ names: ['e'], skipToken: undefined })
    const { json } = await app.call('GET', `${PATH}?limit=5`)
    expect(json['metadata']).toEqual({ provider: 'seca.storage/v1', resource: 'block-storages', verb: 'GET' })
  })

  it('has neither duplicates nor gaps while others write', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,3}$/)
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 1, maxLength: 30 }),
        fc.array(fc.record({ name, isDelete: fc.boolean() }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        async (stable, writes, limit) => {
          cache = testCache()
          app = testApp(cache)
          for (const one of stable) volume(one)
          const untouched = new Set(stable.filter((one) => !writes.some((write) => write.name === one)))
          const seen: string[] = []
          let token: string | undefined
          do {
            const { names, skipToken } = await page(`?limit=${limit}${token === undefined ? '' : `&skipToken=${token}`}`)
            seen.push(...names)
            token = skipToken
            for (const write of writes.splice(0, 3)) {
              const object = cache.get('BlockStorage', `w/${write.name}`)
              if (write.isDelete && object) remove(object)
              else if (!write.isDelete && !object) volume(write.name, { uid: `${write.name}-${seen.length}-${Math.random()}` })
            }
          } while (token !== undefined)
          expect(seen).toEqual([...new Set(seen)].toSorted())
          expect([...untouched].filter((one) => !seen.includes(one))).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('lists children of one network only, and SKUs of one region', async () => {
    for (const name of ['n.b', 'n.a', 'n-2.x', 'm.a', 'n0.z'])
      add(cache, 'Subnet', 'w', name, { network: name.split('.')[0], cidr: {} }, ACTIVE)
    const { json } = await app.call('GET', '/providers/seca.network/v1/tenants/acme/workspaces/prod/networks/n/subnets')
    const list = json as unknown as List
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect(list.metadata).toMatchObject({ resource: 'networks/n/subnets' })
    const skus = await app.call('GET', '/providers/seca.storage/v1/tenants/acme/skus')
    expect((skus.json as unknown as List).items.map(({ metadata }) => metadata.name)).toEqual(['rd100'])
  })

  it('mixes the system roles in by name, page by page', async () => {
    for (const name of ['aa', 'seca-x', 'zz']) add(cache, 'Role', 't', name, { permissions: [] }, ACTIVE)
    const names: string[] = []
    let token = ''
    do {
      const { json } = await app.call('GET', `/providers/seca.authorization/v1/tenants/acme/roles?limit=1${token}`)
      const list = json as unknown as List
      names.push(...list.items.map(({ metadata }) => metadata.name))
      token = list.metadata.skipToken === undefined ? '' : `&skipToken=${list.metadata.skipToken}`
    } while (token !== '')
    expect(names).toEqual([
      'aa',
      'seca-x',
      'seca.admin',
      'seca.region-admin',
      'seca.workspace-admin',
      'seca.workspace-editor',
      'seca.workspace-viewer',
      'zz',
    ])
  })

  it('hides what is being deleted unless asked for it', async () => {
    volume('alive')
    volume('gone', { deletionTimestamp: '2026-01-02T00:00:00Z' })
    expect((await page('')).names).toEqual(['alive'])
    expect((await page('', { accept: 'application/json; deleted=true' })).names).toEqual(['alive', 'gone'])
    expect((await page('', { accept: 'application/json; deleted=only' })).names).toEqual(['gone'])
  })

  it('filters by labels, those that Kubernetes cannot hold included', async () => {
    volume('a', { labels: { env: 'prod', size: '5', 'app.kubernetes.io/name': 'hidden' } })
    volume('b', { labels: { env: 'test' }, annotations: { 'secapi.cloud/kept': '{"labels":{"team:x":"a b"}}' } })
    volume('c', { annotations: { 'secapi.cloud/kept': 'no json' } })
    const select = async (labels: string) => (await page(`?labels=${encodeURIComponent(labels)}`)).names
    expect(await select('env=prod')).toEqual(['a'])
    expect(await select('env!=prod')).toEqual(['b', 'c'])
    expect(await select('team:x=a b')).toEqual(['b'])
    expect(await select('size>=5,env')).toEqual(['a'])
    expect(await select('app.kubernetes.io/name=hidden')).toEqual([])
    expect(await select('')).toEqual(['a', 'b', 'c'])
    expect((await page('?labels=env&limit=1')).skipToken).toBeDefined()
    expect((await page('?labels=size&limit=1')).skipToken).toBeUndefined()
  })

  it('ends a page of very much text early', async () => {
    const note = 'x'.repeat(1_024)
    const annotations = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`n${index}`, note]))
    for (let index = 10; index < 50; index++) volume(`v${index}`, { annotations })
    const first = await page('?limit=10000')
    // 16 MiB of text, and the object with which it was reached.
    expect(first.names).toHaveLength(17)
    const second = await page(`?limit=10000&skipToken=${first.skipToken}`)
    const third = await page(`?limit=10000&skipToken=${second.skipToken}`)
    expect([...first.names, ...second.names, ...third.names]).toEqual(Array.from({ length: 40 }, (_, index) => `v${index + 10}`))
    expect(third.skipToken).toBeUndefined()
  })

  describe('that is long', () => {
    const COUNT = 4_000
    const nameOf = (index: number) => `v${String(index).padStart(5, '0')}`
    const labels = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, 'a'.repeat(63)]))
    beforeEach(() => {
      for (let index = 0; index < COUNT; index++) volume(nameOf(index), { labels })
    })
    /** Rounds of the event loop, in which others have their turn, until the work is done. */
    const rounds = async (work: Promise<unknown>, each: (round: number) => void = () => undefined) => {
      let [count, isOver] = [0, false]
      const end = () => (isOver = true)
      work.then(end, end)
      while (!isOver) {
        await new Promise((resolve) => setImmediate(resolve))
        each(++count)
      }
      return count
    }

    it('pauses, and has neither duplicates nor gaps when others write meanwhile', async () => {
      const work = page('?limit=10000')
      let writes = 0
      const count = await rounds(work, (round) => {
        for (const index of [round * 7, COUNT / 2 + round * 11, COUNT - round * 13]) {
          const object = cache.get('BlockStorage', `w/${nameOf(index)}`)
          if (object === undefined) continue
          remove(object)
          volume(`${nameOf(index)}-new`)
          writes++
        }
      })
      const { names } = await work
      expect(count).toBeGreaterThan(3)
      expect(writes).toBeGreaterThan(3)
      expect(names).toEqual([...new Set(names)].toSorted())
      const seen = new Set(names)
      const stayed = Array.from({ length: COUNT }, (_, index) => nameOf(index)).filter(
        (one) => cache.get('BlockStorage', `w/${one}`) !== undefined,
      )
      expect(stayed.filter((one) => !seen.has(one))).toEqual([])
    })

    it('holds nobody up, whatever its selector, and gives up in the end', async () => {
      const values = Array.from({ length: 300 }, (_, index) => `*a*${index % 10}*`).join()
      const work = app.call('GET', `${PATH}?labels=${encodeURIComponent(`* in (${values})`)}`)
      const count = await rounds(work)
      const { status, json } = await work
      expect([status, json['detail']]).toEqual([400, expect.stringContaining('takes too long')])
      expect(json['sources']).toEqual([{ pointer: '/', parameter: 'labels' }])
      // Slices of 4 ms; how many they are depends on how fast the machine is.
      expect(count).toBeGreaterThan(4)
    })
  })

  it('is empty where the parent does not exist', async () => {
    const { json, status } = await app.call('GET', '/providers/seca.storage/v1/tenants/acme/workspaces/none/block-storages')
    expect([status, json['items']]).toEqual([200, []])
  })

  it('compresses large answers for clients that can read them', async () => {
    for (let index = 0; index < 100; index++) volume(`v${index}`)
    const plain = await app.call('GET', PATH)
    expect([plain.headers.get('content-encoding'), plain.headers.get('vary')]).toEqual([null, 'accept-encoding'])
    const refused = await app.call('GET', PATH, { headers: { 'accept-encoding': 'br, gzip;q=0' } })
    expect(refused.headers.get('content-encoding')).toBeNull()
    const packed = await app.call('GET', PATH, { headers: { 'accept-encoding': 'br;q=1, gzip' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(gunzipSync(packed.bytes).toString()).toBe(plain.text)
  })
})
