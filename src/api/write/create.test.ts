import { beforeEach, describe, expect, it } from 'vitest'
import { add, addNamespace } from '../../cache/testing.ts'
import { noAnswer } from '../../kube/memory-testing.ts'
import { AUTHORIZATION, COMPUTE, made, SKU, VOLUME, volume, WORKSPACES, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
const states = (json: Readonly<Record<string, unknown>>) => {
  const { state, conditions } = json['status'] as { state: string; conditions: { state: string }[] }
  return [state, ...conditions.map((one) => one.state)]
}

describe('a PUT that creates', () => {
  it('answers 201 with Location and the pending object', async () => {
    const answer = await rig.put(`${VOLUME}/data`, volume(10, { labels: { env: 'x' }, extensions: { e: 'f' } }))
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${VOLUME}/data`])
    expect(states(answer.json)).toEqual(['pending', 'pending'])
    expect(rig.stored('BlockStorage', 'data')).toMatchObject({
      metadata: { labels: { env: 'x' }, managedFields: [{ manager: 'seca-api' }] },
      spec: { sizeGB: 10, skuRef: SKU },
      extensions: { e: 'f' },
    })
    expect(rig.app.attempts.map(({ verb, isUpdate, kind, name }) => [verb, isUpdate, kind.kind, name])).toEqual([
      ['put', false, 'BlockStorage', 'data'],
      ['get', undefined, 'StorageSku', 'rd100'],
    ])
  })

  it('has the finalizer from the start where a deletion concerns a cloud or others, however soon it comes', async () => {
    const role = { spec: { permissions: [{ provider: 'seca.compute', resources: ['*'], verb: ['get'] }] } }
    expect((await rig.put(`${AUTHORIZATION}/roles/reader`, role)).status).toBe(201)
    expect((await rig.app.call('DELETE', `${AUTHORIZATION}/roles/reader`)).status).toBe(202)
    expect(rig.stored('Role', 'reader')?.metadata).toMatchObject({
      finalizers: ['secapi.cloud/teardown'],
      deletionTimestamp: expect.any(String),
    })
    await rig.put(`${VOLUME}/data`, volume(10))
    expect(rig.stored('BlockStorage', 'data')?.metadata['finalizers']).toEqual(['secapi.cloud/teardown'])
    const given = { spec: { subs: ['x'], roles: ['reader'], scopes: [{}] } }
    expect((await rig.put(`${AUTHORIZATION}/role-assignments/some`, given)).status).toBe(201)
    expect(rig.stored('RoleAssignment', 'some')?.metadata['finalizers']).toBeUndefined()
  })

  it('is read at once, also when the watch is behind', async () => {
    rig.isWatching = false
    await rig.put(`${VOLUME}/data`, volume(10))
    expect((await rig.app.call('GET', `${VOLUME}/data`)).status).toBe(200)
  })

  it('writes nothing that the caller may not, nor reads the body', async () => {
    rig = writeRig({ deny: ({ verb }) => verb === 'put' })
    expect((await rig.put(`${VOLUME}/data`, '{')).status).toBe(403)
    expect((await rig.put(`${VOLUME}/data`, volume(10))).status).toBe(403)
    expect(rig.server.seen).toEqual([])
  })

  it('asks for the right to read what it names', async () => {
    rig = writeRig({ deny: ({ kind }) => kind.kind === 'StorageSku' })
    expect((await rig.put(`${VOLUME}/data`, volume(10))).status).toBe(403)
    expect(rig.stored('BlockStorage', 'data')).toBeUndefined()
  })

  it('checks references, the surroundings and the place', async () => {
    const missing = await rig.put(`${VOLUME}/data`, { spec: { sizeGB: 1, skuRef: { resource: 'skus/none' } } })
    expect([missing.status, missing.json['sources']]).toEqual([422, [{ pointer: '/spec/skuRef', parameter: 'body' }]])
    const zone = { spec: { zone: 'z', skuRef: SKU, bootVolume: { deviceRef: 'block-storages/none' }, primaryNicRef: 'nics/n' } }
    expect((await rig.put(`${COMPUTE}/web`, zone)).text).toContain('/spec/zone')
    const elsewhere = VOLUME.replace('prod', 'none')
    expect((await rig.put(`${elsewhere}/data`, volume(1))).status).toBe(422)
    expect((await rig.put(`${VOLUME}/data`, volume(1, { metadata: { region: 'mars' } }))).status).toBe(422)
  })

  it('is an update when somebody else was faster, and is then allowed as one', async () => {
    rig.isWatching = false
    rig.add('BlockStorage', 'data', { sizeGB: 5, skuRef: SKU })
    const answer = await rig.put(`${VOLUME}/data`, volume(10))
    expect([answer.status, rig.stored('BlockStorage', 'data')?.spec]).toEqual([200, { sizeGB: 10, skuRef: SKU }])
    expect(rig.app.attempts.filter(({ verb }) => verb === 'put').map(({ isUpdate }) => isUpdate)).toEqual([false, true])
  })

  it('is refused as an update to who may only create', async () => {
    rig = writeRig({ deny: ({ isUpdate }) => isUpdate === true })
    rig.isWatching = false
    rig.add('BlockStorage', 'data', { sizeGB: 5, skuRef: SKU })
    expect((await rig.put(`${VOLUME}/data`, volume(10))).status).toBe(403)
    // Two at once: the second is an update by its turn.
    const both = await Promise.all([rig.put(`${VOLUME}/new`, volume(1)), rig.put(`${VOLUME}/new`, volume(2))])
    expect(both.map(({ status }) => status)).toEqual([201, 403])
    expect(rig.stored('BlockStorage', 'new')?.spec).toMatchObject({ sizeGB: 1 })
  })

  it('creates anew what is gone without memory knowing, as far as that is allowed', async () => {
    const object = await made(rig, 'data')
    const gone = async () => {
      rig.isWatching = false
      rig.server.update({ ...object, metadata: { ...object.metadata, finalizers: [] } })
      await rig.server.client.delete(
        { group: 'storage.secapi.cloud', version: 'v1', resource: 'blockstorages', kind: 'BlockStorage', namespaced: true },
        'w',
        'data',
      )
    }
    await gone()
    expect((await rig.put(`${VOLUME}/data`, volume(11))).status).toBe(201)
    expect(rig.app.attempts.filter(({ verb }) => verb === 'put').map(({ isUpdate }) => isUpdate)).toEqual([false, true, false])
  })

  it('waits for the namespace of a workspace that was just made, every one of several', async () => {
    rig.add('Workspace', 'fresh', {})
    const path = VOLUME.replace('prod', 'fresh')
    const all = Promise.all(Array.from({ length: 4 }, (_, index) => rig.put(`${path}/data`, volume(10 + index))))
    setTimeout(() => addNamespace(rig.cache, 'f', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'fresh' }), 60)
    expect((await all).map(({ status }) => status)).toEqual([201, 200, 200, 200])
  })

  it('takes a name only once in a tenant, whatever the region', async () => {
    rig.cache.store('Region').set({
      ...rig.cache.get('Region', 'eu-1')!,
      metadata: { name: 'it-1', uid: 'r', resourceVersion: '9', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
    })
    rig.add('Workspace', 'taken', { region: 'eu-1' })
    const answer = await rig.put(`/regions/it-1${WORKSPACES}/taken`, { spec: {} })
    expect([answer.status, answer.json['detail']]).toEqual([409, expect.stringContaining('another region')])
    expect(rig.stored('Workspace', 'taken')?.spec).toMatchObject({ region: 'eu-1' })
  })

  it('says where a name is taken only to who may see it there', async () => {
    rig = writeRig({ deny: ({ verb, region, name }) => verb === 'get' && region === 'eu-1' && name === 'taken' })
    add(rig.cache, 'Region', undefined, 'it-1', { availableZones: ['x'], cloudProvider: 'sim' })
    rig.add('Workspace', 'taken', { region: 'eu-1' })
    const answer = await rig.put(`/regions/it-1${WORKSPACES}/taken`, {})
    expect([answer.status, answer.json['detail']]).toEqual([
      409,
      'workspace "taken" cannot be made: the name is not free in this tenant; choose another one',
    ])
  })

  it('leaves the system roles alone', async () => {
    const role = { spec: { permissions: [{ provider: 'seca.compute', resources: ['*'], verb: ['get'] }] } }
    expect((await rig.put(`${AUTHORIZATION}/roles/seca.admin`, role)).status).toBe(409)
    expect((await rig.app.call('DELETE', `${AUTHORIZATION}/roles/seca.admin`)).status).toBe(409)
    expect(rig.server.seen).toEqual([])
  })

  it('tells of no success when the cluster gives no answer', async () => {
    rig.server.fault = { before: () => Promise.reject(noAnswer()) }
    expect((await rig.put(`${VOLUME}/data`, volume(10))).status).toBe(503)
  })
})
