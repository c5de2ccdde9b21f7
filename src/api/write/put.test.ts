import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { conflict } from '../../kube/memory-testing.ts'
import { until } from '../../kube/testing.ts'
import { made, NETWORK, ROUTES, SKU, VOLUME, volume, WORKSPACES, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
const states = (json: Readonly<Record<string, unknown>>) => {
  const { state, conditions } = json['status'] as { state: string; conditions: { state: string }[] }
  return [state, ...conditions.map((one) => one.state)]
}

describe('a PUT that replaces', () => {
  it('answers the stored state, which only later reads show as updating', async () => {
    const history = ['active', 'creating', 'pending'].map((state) => ({ state, lastTransitionAt: '2026-01-01T00:00:00.000Z' }))
    await made(rig, 'data')
    rig.handle('BlockStorage', 'data', { history })
    const answer = await rig.put(`${VOLUME}/data`, volume(20))
    expect([answer.status, ...states(answer.json)]).toEqual([200, 'active', 'active', 'creating', 'pending'])
    const read = await rig.app.call('GET', `${VOLUME}/data`)
    expect(states(read.json)).toEqual(['updating', 'updating', 'active', 'creating', 'pending'])
    rig.handle('BlockStorage', 'data', {
      state: 'error',
      history: [{ state: 'error', lastTransitionAt: '2026-01-02T00:00:00.000Z' }, ...history],
    })
    expect(states((await rig.put(`${VOLUME}/data`, volume(30))).json).slice(0, 2)).toEqual(['error', 'error'])
    expect(states((await rig.app.call('GET', `${VOLUME}/data`)).json)[0]).toBe('updating')
  })

  it('lets every one of many writers through, in order; the last one stays', async () => {
    await made(rig, 'data')
    rig.isWatching = false
    rig.server.seen.length = 0
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, index) => rig.put(`${VOLUME}/data`, volume(10, { labels: { writer: String(index) } }))),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 32 }, () => 200))
    const versions = answers.map(({ json }) => (json['metadata'] as { resourceVersion: number }).resourceVersion)
    expect(versions).toEqual(versions.toSorted((one, other) => one - other))
    expect(rig.stored('BlockStorage', 'data')?.metadata.labels).toEqual({ writer: '31' })
    // One call each: nobody lost to another one.
    expect(rig.server.seen.map(({ method }) => method)).toEqual(Array.from({ length: 32 }, () => 'PATCH'))
  })

  it('goes in turn with deletions and actions, and holds up no reader and no other resource', async () => {
    await made(rig, 'data')
    await made(rig, 'other')
    const { promise, resolve } = Promise.withResolvers<void>()
    rig.server.fault = { before: ({ path }) => (path.includes('/data') ? promise : undefined) }
    const order: string[] = []
    const noted = <T>(name: string, work: Promise<T>) => work.finally(() => order.push(name))
    const first = noted('put', rig.put(`${VOLUME}/data`, volume(11)))
    // A PUT has its turn when its body is there.
    await until(() => rig.server.seen.at(-1)?.method === 'PATCH')
    const held = [first, noted('delete', rig.app.call('DELETE', `${VOLUME}/data`)), noted('late', rig.put(`${VOLUME}/data`, volume(12)))]
    expect((await rig.app.call('GET', `${VOLUME}/data`)).status).toBe(200)
    expect((await rig.put(`${VOLUME}/other`, volume(11))).status).toBe(200)
    expect(order).toEqual([])
    resolve()
    const [put, removed, late] = await Promise.all(held)
    expect([put?.status, removed?.status, late?.status, order]).toEqual([200, 202, 409, ['put', 'delete', 'late']])
  })

  it('tries again against writers outside, from what they wrote', async () => {
    await made(rig, 'data')
    rig.isWatching = false
    let others = 3
    rig.server.fault = {
      before: ({ method }) => {
        if (method !== 'PATCH' || others-- <= 0) return
        const object = rig.stored('BlockStorage', 'data')!
        const labels = { ...object.metadata.labels, [`by${others}`]: 'kubectl' }
        rig.server.update({ ...object, metadata: { ...object.metadata, labels } }, 'kubectl-edit')
      },
    }
    const answer = await rig.put(`${VOLUME}/data`, volume(10, { labels: { mine: 'x' } }))
    expect([answer.status, rig.stored('BlockStorage', 'data')?.metadata.labels]).toEqual([200, { mine: 'x' }])
    rig.server.fault = { before: ({ method }) => (method === 'PATCH' ? Promise.reject(conflict()) : undefined) }
    expect((await rig.put(`${VOLUME}/data`, volume(10))).status).toBe(409)
  })

  it('refuses what may not change, and what is being deleted', async () => {
    await made(rig, 'data')
    const shrunk = await rig.put(`${VOLUME}/data`, volume(5))
    expect([shrunk.status, shrunk.json['sources']]).toEqual([422, [{ pointer: '/spec/sizeGB', parameter: 'body' }]])
    expect((await rig.put(`${VOLUME}/data`, { spec: { sizeGB: 10, skuRef: { resource: 'skus/none' } } })).status).toBe(422)
    await rig.app.call('DELETE', `${VOLUME}/data`)
    expect((await rig.put(`${VOLUME}/data`, volume(20))).status).toBe(409)
    expect(rig.stored('BlockStorage', 'data')?.spec).toMatchObject({ sizeGB: 10 })
  })

  it('refuses what is being deleted also where memory does not know', async () => {
    const { metadata } = await made(rig, 'data')
    rig.isWatching = false
    await rig.server.client.delete(
      { group: 'storage.secapi.cloud', version: 'v1', resource: 'blockstorages', kind: 'BlockStorage', namespaced: true },
      'w',
      metadata.name,
    )
    expect((await rig.put(`${VOLUME}/data`, volume(20))).status).toBe(409)
  })

  it('checks references as they are after it, and only the new ones', async () => {
    rig.add('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU })
    rig.add('RouteTable', 'net.main', { network: 'net', routes: ROUTES })
    rig.add('Subnet', 'net.a', {
      network: 'net',
      cidr: { ipv4: '10.0.0.0/24' },
      zone: 'a',
      routeTableRef: { resource: 'route-tables/main' },
    })
    const path = `${NETWORK}/networks/net/subnets/a`
    const body = (table: string, labels = {}) => ({
      labels,
      spec: { cidr: { ipv4: '10.0.0.0/24' }, zone: 'a', routeTableRef: { resource: table } },
    })
    expect((await rig.put(path, body('route-tables/none'))).status).toBe(422)
    rig.cache.store('RouteTable').remove({
      ...rig.stored('RouteTable', 'net.main')!,
      metadata: { ...rig.stored('RouteTable', 'net.main')!.metadata, resourceVersion: '99999' },
    })
    expect((await rig.put(path, body('route-tables/main', { a: 'b' }))).status).toBe(200)
    expect(rig.stored('Subnet', 'net.a')?.spec).toMatchObject({ network: 'net' })
  })
})

describe('the spec of a workspace', () => {
  it('is refused or comes back as sent, whatever it was before', async () => {
    const value = fc.jsonValue({ maxDepth: 4 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('a', 'b', '__proto__', 'region')), value, { maxKeys: 5 }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (specs) => {
          rig = writeRig()
          let kept: string | undefined
          for (const spec of specs) {
            const text = JSON.stringify(spec)
            const answer = await rig.put(`${WORKSPACES}/free`, `{"spec":${text}}`)
            expect(answer.status === 422 ? 1 : 0).toBe(Math.min((answer.json['sources'] as unknown[] | undefined)?.length ?? 0, 1))
            expect([200, 201, 422]).toContain(answer.status)
            if (answer.status !== 422) kept = text
            if (kept === undefined) continue
            const read = await rig.app.call('GET', `${WORKSPACES}/free`)
            expect(sorted(read.json['spec'])).toEqual(sorted(JSON.parse(kept)))
            expect(rig.stored('Workspace', 'free')?.spec).toMatchObject({ region: 'eu-1' })
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

/** As text, keys in order: sees `__proto__`, which `toEqual` does not. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : field,
  )
