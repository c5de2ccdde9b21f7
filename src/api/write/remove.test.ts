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

  it('names of what is in the way only what the caller may get, and counts the rest', async () => {
    const users = (rig: WriteRig) => {
      rig.add('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' }, skuRef: SKU })
      rig.add('RouteTable', 'net.main', { network: 'net', routes: ROUTES })
      rig.add('Subnet', 'net.a', { network: 'net', cidr: { ipv4: '10.0.0.0/24' }, zone: 'a', routeTableRef: { resource: 'main' } })
      for (const name of ['one', 'two']) rig.add('Nic', name, { subnetRef: { resource: 'networks/net/subnets/a' } })
    }
    const told = async (hidden: readonly string[], path = `${NETWORK}/networks/net`) => {
      rig = writeRig({ deny: ({ verb, kind }) => verb === 'get' && hidden.includes(kind.kind) })
      users(rig)
      const answer = await remove(path)
      expect(answer.status).toBe(409)
      return answer.json['detail']
    }
    expect(await told([])).toBe('still used by nic "one", nic "two", routing-table "net.main"; delete them first')
    expect(await told(['Nic'])).toBe('still used by routing-table "net.main" and 2 more; delete them first')
    expect(await told(['Nic', 'RouteTable'])).toBe('still used by 3 resources that you may not get; delete them first')
    expect(await told(['Nic', 'RouteTable', 'Subnet', 'Network'], `${WORKSPACES}/prod`)).toBe(
      'still used by 5 resources that you may not get; delete them first',
    )
    expect(rig.app.attempts.find(({ kind }) => kind.kind === 'Subnet')).toMatchObject({
      verb: 'get',
      tenant: 'acme',
      workspace: 'prod',
      parent: 'net',
      name: 'a',
      objectName: 'net.a',
      namespace: 'w',
      region: 'eu-1',
    })
  })

  it('looks at some of what is in the way, however much there is', async () => {
    rig = writeRig({ deny: ({ verb, name }) => verb === 'get' && name?.startsWith('v1') === true })
    for (let n = 0; n < 300; n++) rig.add('BlockStorage', `v${n}`, { sizeGB: 1, skuRef: SKU })
    const answer = await remove(`${WORKSPACES}/prod`)
    expect(answer.json['detail']).toMatch(/^still used by block-storage "v0" and 299 more; delete/)
    expect(rig.app.attempts.length).toBeLessThan(50)
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
