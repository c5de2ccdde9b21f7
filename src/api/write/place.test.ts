import { beforeEach, describe, expect, it } from 'vitest'
import { addNamespace } from '../../cache/testing.ts'
import { NETWORK, ROUTES, SKU, VOLUME, volume, WORKSPACES, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
const statusOf = async (path: string, body: unknown = volume(1)) => {
  const { status, json } = await rig.put(path, body)
  return [status, (json['sources'] as { parameter: string }[] | undefined)?.[0]?.parameter]
}
const DELETING = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'] }
const terminating = (name: string, labels: Record<string, string>) => {
  const namespace = {
    name,
    uid: name,
    resourceVersion: '99',
    creationTimestamp: '2026-01-01T00:00:00Z',
    deletionTimestamp: '2026-01-02T00:00:00Z',
    labels,
  }
  rig.cache.namespaces.set({ apiVersion: 'v1', kind: 'Namespace', metadata: namespace })
}

describe('the place of a new object', () => {
  it('is there: tenant 404, workspace 422, network 422', async () => {
    expect(await statusOf(VOLUME.replace('acme', 'none') + '/x')).toEqual([404, undefined])
    expect(await statusOf(WORKSPACES.replace('acme', 'none') + '/x', {})).toEqual([404, undefined])
    expect(await statusOf(VOLUME.replace('prod', 'none') + '/x')).toEqual([422, 'workspace'])
    const subnet = { spec: { cidr: { ipv4: '10.0.0.0/24' }, zone: 'a', routeTableRef: 'route-tables/main' } }
    expect(await statusOf(`${NETWORK}/networks/none/subnets/a`, subnet)).toEqual([422, 'network'])
    expect(await statusOf(`${NETWORK}/networks/has.dot/subnets/a`, subnet)).toEqual([422, 'network'])
    expect(rig.server.seen).toEqual([])
  })

  it('is in the region of the path', async () => {
    rig.cache
      .store('Region')
      .set({ ...rig.cache.get('Region', 'eu-1')!, metadata: { ...rig.cache.get('Region', 'eu-1')!.metadata, name: 'it-1', uid: 'it' } })
    expect(await statusOf(`/regions/it-1${VOLUME}/x`)).toEqual([422, 'workspace'])
    expect((await rig.put(`/regions/none${VOLUME}/x`, volume(1))).status).toBe(404)
    expect((await rig.put(`/regions/it-1${WORKSPACES}/there`, {})).status).toBe(201)
    expect(rig.stored('Workspace', 'there')?.spec).toEqual({ region: 'it-1' })
  })

  it('stays: what is being deleted takes nothing new', async () => {
    rig.add('Workspace', 'going', {}, { metadata: DELETING })
    addNamespace(rig.cache, 'g', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'going' })
    expect((await statusOf(VOLUME.replace('prod', 'going') + '/x'))[0]).toBe(409)
    rig.add('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU }, { metadata: DELETING })
    const table = { spec: { routes: ROUTES } }
    expect((await statusOf(`${NETWORK}/networks/net/route-tables/x`, table))[0]).toBe(409)
    terminating('t', { 'secapi.cloud/tenant': 'acme' })
    expect((await statusOf(`${WORKSPACES}/x`, {}))[0]).toBe(409)
    expect(rig.server.seen.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it('is waited for, but not for long', async () => {
    rig.add('Workspace', 'fresh', {})
    const answer = await rig.put(`${VOLUME.replace('prod', 'fresh')}/x`, volume(1))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('has room for the name with all its parents', async () => {
    rig.add('Network', 'n'.repeat(60), { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU })
    const answer = await rig.put(`${NETWORK}/networks/${'n'.repeat(60)}/route-tables/${'x'.repeat(128)}`, { spec: { routes: ROUTES } })
    expect([answer.status, answer.json['detail']]).toEqual([422, expect.stringContaining('255')])
  })
})
