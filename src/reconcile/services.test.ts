import { describe, expect, it } from 'vitest'
import { Cache } from '../cache/cache.ts'
import { KINDS, kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeClient } from '../kube/client.ts'
import { failure, MemoryServer } from '../kube/memory-testing.ts'
import { createServices, isUninstalling, live, readSecret } from './services.ts'

const context = { signal: new AbortController().signal }
const volume = kindNamed('BlockStorage') as Kind

function rig() {
  const cache = new Cache(KINDS, 'eu-1')
  const cluster = new MemoryServer({ isPrompt: true })
  const { client } = cluster
  const disk = (name: string, metadata: object = {}) =>
    cluster.put<Resource>(volume.gvr, { apiVersion: volume.apiVersion, kind: volume.kind, metadata: { name, namespace: 'w', ...metadata } })
  return { cluster, client, disk, services: createServices(client, cache, {} as never) }
}

describe('deleting an object', () => {
  it('deletes this one, and no successor of its name', async () => {
    const { cluster, disk, services } = rig()
    const old = disk('a')
    await services.deleteObject(volume, old, context)
    expect(cluster.read(volume.gvr, 'w', 'a')).toBeUndefined()
    // Gone already.
    await services.deleteObject(volume, old, context)
    disk('a')
    await services.deleteObject(volume, old, context)
    expect(cluster.read(volume.gvr, 'w', 'a')).toBeDefined()
  })

  it('does not keep trouble to itself', async () => {
    const { cluster, disk, services } = rig()
    const object = disk('a')
    cluster.beforeWrite = () => {
      throw failure(503, 'ServiceUnavailable')
    }
    await expect(services.deleteObject(volume, object, context)).rejects.toMatchObject({ status: 503 })
  })
})

describe('what is in a namespace', () => {
  const names = async (list: AsyncIterable<readonly Resource[]>) => {
    const found: string[] = []
    for await (const page of list) found.push(...page.map(({ metadata }) => metadata.name))
    return found
  }

  it('is listed as the cluster has it; nothing of a kind that is not installed', async () => {
    const { disk, services } = rig()
    disk('a')
    disk('b')
    expect(await names(services.listLive(volume, 'w', context))).toEqual(['a', 'b'])
    const failing = (status: number) => {
      const list = () => ({ next: () => Promise.reject(failure(status, 'x')), [Symbol.asyncIterator]: list })
      return createServices({ list } as unknown as KubeClient, {} as Cache, {} as never)
    }
    expect(await names(failing(404).listLive(volume, 'w', context))).toEqual([])
    await expect(names(failing(500).listLive(volume, 'w', context))).rejects.toMatchObject({ status: 500 })
  })
})

const trouble = { get: () => Promise.reject(failure(500, 'x')) } as unknown as KubeClient

describe('a kind is being uninstalled', () => {
  it('when its CRD is going, or gone', async () => {
    const { cluster, client } = rig()
    const ask = () => isUninstalling(client, volume, context.signal)
    expect(await ask()).toBe(true)
    cluster.install('blockstorages.storage.secapi.cloud')
    expect(await ask()).toBe(false)
    cluster.uninstall('blockstorages.storage.secapi.cloud')
    expect(await ask()).toBe(true)
    await expect(isUninstalling(trouble, volume, context.signal)).rejects.toMatchObject({ status: 500 })
  })
})

describe('an object is there', () => {
  it('when the cluster has it with this uid', async () => {
    const { client, disk } = rig()
    const object = disk('a')
    const ask = async () => (await live(client, volume, object, context.signal)) !== undefined
    expect(await ask()).toBe(true)
    await client.delete(volume.gvr, 'w', 'a')
    expect(await ask()).toBe(false)
    disk('a')
    expect(await ask()).toBe(false)
    await expect(live(trouble, volume, object, context.signal)).rejects.toMatchObject({ status: 500 })
  })
})

describe('a Secret', () => {
  it('is read as text, with its version', async () => {
    const { cluster, client } = rig()
    const read = (name: string) => readSecret(client, 'ops', name, context.signal)
    const put = (name: string, data?: object) =>
      cluster.put<Resource>(KUBERNETES.Secret, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'ops' }, data } as never)
    const { resourceVersion } = put('s', { token: Buffer.from('geheim ä').toString('base64') }).metadata
    put('empty')
    expect(await read('s')).toEqual({ resourceVersion, data: { token: 'geheim ä' } })
    expect(await read('empty')).toMatchObject({ data: {} })
    expect(await read('none')).toBeUndefined()
    await expect(readSecret(trouble, 'ops', 's', context.signal)).rejects.toMatchObject({ status: 500 })
  })
})
