import { beforeEach, describe, expect, it } from 'vitest'
import { BlockStorage } from '../../kinds/index.ts'
import type { Written } from '../contract.ts'
import { made, NETWORK, ROUTES, SKU, VOLUME, volume, WORKSPACES, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
const remove = (path: string, headers: Record<string, string> = {}) => rig.app.call('DELETE', path, { headers })
/** Happens once, just before the next DELETE reaches the cluster. */
function before(happens: () => void | Promise<void>): void {
  rig.server.fault = {
    before: ({ method }) => {
      if (method !== 'DELETE') return
      rig.server.fault = {}
      return happens()
    },
  }
}
/** Deleted and made again by others. */
async function remade(name: string) {
  const object = await made(rig, name)
  rig.isWatching = false
  rig.server.update({ ...object, metadata: { ...object.metadata, finalizers: [] } })
  await rig.server.client.delete(BlockStorage.gvr, 'w', name)
  return rig.add('BlockStorage', name, { sizeGB: 1, skuRef: SKU }, { metadata: { finalizers: ['secapi.cloud/teardown'] } })
}

describe('DELETE', () => {
  it('answers 202 while it is going, 404 once it is gone; memory knows at once', async () => {
    await made(rig, 'data')
    rig.isWatching = false
    expect((await remove(`${VOLUME}/data`)).status).toBe(202)
    expect((await rig.app.call('GET', `${VOLUME}/data`)).json).toMatchObject({ status: { state: 'deleting' } })
    expect((await remove(`${VOLUME}/data`)).status).toBe(202)
    expect(rig.server.seen.filter(({ method }) => method === 'DELETE')).toHaveLength(1)
    const { metadata, ...rest } = rig.stored('BlockStorage', 'data')!
    rig.isWatching = true
    rig.server.update({ ...rest, metadata: { ...metadata, finalizers: [] } })
    expect((await remove(`${VOLUME}/data`)).status).toBe(404)
  })

  it('takes what nothing holds out of memory at once, and lets an older answer not bring it back', async () => {
    const object = rig.add('BlockStorage', 'data', { sizeGB: 1, skuRef: SKU })
    rig.isWatching = false
    expect((await remove(`${VOLUME}/data`)).status).toBe(202)
    expect((await rig.app.call('GET', `${VOLUME}/data`)).status).toBe(404)
    rig.cache.store('BlockStorage').set({ ...object, metadata: { ...object.metadata, resourceVersion: '5000' } })
    expect((await rig.app.call('GET', `${VOLUME}/data`)).status).toBe(404)
  })

  it('is not done for who may not, or must not', async () => {
    rig = writeRig({ deny: ({ verb }) => verb === 'delete' })
    await made(rig, 'data')
    expect((await remove(`${VOLUME}/data`)).status).toBe(403)
    expect(rig.stored('BlockStorage', 'data')?.metadata.deletionTimestamp).toBeUndefined()
  })

  it('reaches no later object of the name unseen: one that is in use is told', async () => {
    const first = await made(rig, 'data')
    before(async () => {
      rig.server.update({ ...first, metadata: { ...first.metadata, finalizers: [] } })
      await rig.server.client.delete(BlockStorage.gvr, 'w', 'data')
      rig.add('BlockStorage', 'data', first.spec)
      rig.add('Instance', 'web', {
        zone: 'a',
        skuRef: SKU,
        bootVolume: { deviceRef: { resource: 'block-storages/data' } },
        primaryNicRef: { resource: 'nics/n' },
      })
    })
    const answer = await remove(`${VOLUME}/data`)
    expect([answer.status, answer.json['detail']]).toEqual([409, expect.stringContaining('instance "web"')])
    expect(rig.stored('BlockStorage', 'data')?.metadata.uid).not.toBe(first.metadata.uid)
  })

  it('with a version loses to whoever writes at the same time', async () => {
    const { metadata, ...rest } = await made(rig, 'data')
    before(() => {
      rig.server.update({ ...rest, metadata: { ...metadata, labels: { a: 'b' } } }, 'kubectl-edit')
    })
    expect((await remove(`${VOLUME}/data`, { 'if-unmodified-since': metadata.resourceVersion })).status).toBe(412)
    expect(rig.stored('BlockStorage', 'data')?.metadata.deletionTimestamp).toBeUndefined()
  })

  it('with a version deletes that version only, whoever made the object since', async () => {
    const second = await remade('data')
    const { resourceVersion: old } = rig.cache.get('BlockStorage', 'w/data')!.metadata
    expect((await remove(`${VOLUME}/data`, { 'if-unmodified-since': old })).status).toBe(412)
    expect(rig.stored('BlockStorage', 'data')?.metadata.deletionTimestamp).toBeUndefined()
    expect((await remove(`${VOLUME}/data`, { 'if-unmodified-since': second.metadata.resourceVersion })).status).toBe(202)
    expect((await remove(`${VOLUME}/none`, { 'if-unmodified-since': '1' })).status).toBe(404)
    expect((await remove(`${VOLUME}/data`, { 'if-unmodified-since': 'Wed, 21 Oct 2015' })).status).toBe(400)
  })

  it('is 409 while something that must not break is alive', async () => {
    await made(rig, 'data')
    rig.add('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU })
    rig.add('RouteTable', 'net.main', { network: 'net', routes: ROUTES })
    const workspace = await remove(`${WORKSPACES}/prod`)
    expect([workspace.status, workspace.json['detail']]).toEqual([409, expect.stringContaining('block-storage "data"')])
    expect((await remove(`${NETWORK}/networks/net`)).status).toBe(409)
    expect(rig.server.seen.filter(({ method }) => method === 'DELETE')).toEqual([])
  })

  it('is told to the other replicas before the client hears of it', async () => {
    const told: Written[] = []
    rig = writeRig({ peers: { confirm: (written) => Promise.resolve(void told.push(written)) } })
    await made(rig, 'data', volume(1))
    await remove(`${VOLUME}/data`)
    expect(told.map(({ kind, key }) => [kind, key])).toEqual([
      ['BlockStorage', 'w/data'],
      ['BlockStorage', 'w/data'],
    ])
    expect(Number(told[1]?.resourceVersion)).toBeGreaterThan(Number(told[0]?.resourceVersion))
  })
})
