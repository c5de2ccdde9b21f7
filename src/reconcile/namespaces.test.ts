import { describe, expect, it } from 'vitest'
import { Cache } from '../cache/cache.ts'
import type { Namespace } from '../cache/directory.ts'
import { KINDS, kindNamed } from '../kinds/index.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { KubeClient } from '../kube/client.ts'
import type { Transport } from '../kube/transport.ts'
import { failure, MemoryServer } from '../kube/memory-testing.ts'
import { feed } from './feed-testing.ts'
import { ensureNamespace, releaseNamespace } from './namespaces.ts'

const SCOPE = { tenant: 'acme', workspace: 'prod' }
const LABELS = { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'prod' }
const context = { signal: new AbortController().signal }
const NOT_READY = { reason: 'NamespaceNotReady' }

function rig(namespaces?: readonly string[]) {
  const cache = new Cache(KINDS, 'eu-1')
  const cluster = new MemoryServer({ isPrompt: true })
  feed(cluster, cache)
  const client = new KubeClient(cluster.transport as Transport, namespaces)
  return {
    cache,
    cluster,
    add: (name: string, labels: object = LABELS) =>
      cluster.put<Namespace>(KUBERNETES.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } } as never),
    put: (kindName: string, namespace: string, name: string, metadata: object = {}) => {
      const { gvr, apiVersion } = kindNamed(kindName)!
      return cluster.put(gvr, { apiVersion, kind: kindName, metadata: { name, namespace, ...metadata } })
    },
    read: (name: string) => cluster.read<Namespace>(KUBERNETES.Namespace, undefined, name),
    ensure: (recorded?: string) => ensureNamespace(client, cache, { ...SCOPE, recorded }, context),
    release: (recorded?: string) => releaseNamespace(client, cache, { ...SCOPE, recorded }, context),
  }
}

describe('the namespace of a workspace', () => {
  it('is made with its labels, and known at once', async () => {
    const { cluster, cache, ensure, read } = rig()
    const deliver = cluster.holdWatches()
    expect(await ensure()).toBeUndefined()
    const name = cache.namespaceOf(SCOPE)!
    expect(read(name)?.metadata.labels).toEqual({ ...LABELS, 'secapi.cloud/managed': 'true' })
    expect(await ensure()).toBeUndefined()
    expect(cluster.writes).toEqual([`create namespaces ${name}`])
    deliver()
  })

  it('is brought where there are rights in some namespaces only', async () => {
    const { cluster, add, ensure } = rig(['mine'])
    const words = 'no namespace that the operator has rights in is labelled secapi.cloud/tenant=acme and secapi.cloud/workspace=prod'
    expect(await ensure()).toMatchObject({ ...NOT_READY, message: expect.stringContaining(words) as unknown })
    expect(cluster.writes).toEqual([])
    add('mine')
    expect(await ensure()).toBeUndefined()
  })

  it('is not given up for one without rights for us, since what is in it cannot be seen', async () => {
    const { cluster, ensure, release } = rig(['mine'])
    for (const problem of [await ensure('theirs'), await release('theirs')])
      expect(problem).toMatchObject({ ...NOT_READY, message: expect.stringContaining('namespace theirs is not among those') as unknown })
    expect(cluster.seen).toEqual([])
  })

  it('is the one that was labelled for it', async () => {
    const { cluster, add, ensure } = rig()
    add('mine')
    expect(await ensure()).toBeUndefined()
    expect(cluster.writes).toEqual([])
  })

  it('that is on its way out is waited for', async () => {
    const { cluster, add, ensure } = rig()
    add('mine')
    await cluster.client.delete(KUBERNETES.Namespace, undefined, 'mine')
    expect(await ensure()).toMatchObject({
      ...NOT_READY,
      message: expect.stringContaining('mine is still being deleted') as unknown,
      againMs: 5_000,
    })
  })

  it('is nobody else’s: who has the name is told of, until it is gone', async () => {
    const { cluster, add, ensure, cache } = rig()
    await ensure()
    const name = cache.namespaceOf(SCOPE)!
    const again = rig()
    again.add(name, {})
    expect(await again.ensure()).toMatchObject({
      ...NOT_READY,
      message: expect.stringContaining(`namespace ${name} exists without being this workspace's`) as unknown,
      againMs: 5_000,
    })
    await again.cluster.client.delete(KUBERNETES.Namespace, undefined, name)
    expect(await again.ensure()).toMatchObject({
      ...NOT_READY,
      message: expect.stringContaining('still being deleted') as unknown,
      againMs: 1_000,
    })
    again.cluster.sweep(name)
    expect(await again.ensure()).toBeUndefined()
    // In the way when it was made, and gone when it was looked at.
    const short = rig()
    short.add(name, {})
    short.cluster.fault = { before: ({ method }) => void (method === 'GET' && short.cluster.sweep(name)) }
    expect(await short.ensure()).toMatchObject({ ...NOT_READY, againMs: 1_000 })
    add('unrelated')
    expect(cluster.writes).toHaveLength(1)
  })

  it('that lost its labels is not replaced while there is something in it; an administrator decides', async () => {
    const { cluster, cache, add, put, read, ensure, release } = rig()
    add('mine', { own: 'x' })
    put('BlockStorage', 'mine', 'disk')
    const wanted = {
      ...NOT_READY,
      message:
        'namespace mine lost its labels of this workspace and still holds BlockStorage "disk": label it secapi.cloud/tenant=acme and secapi.cloud/workspace=prod again, or delete what is in it',
    }
    expect([await ensure('mine'), await release('mine'), cluster.writes]).toEqual([
      expect.objectContaining(wanted),
      expect.objectContaining(wanted),
      [],
    ])
    // Labelled again, whether that was heard of or not.
    const deliver = cluster.holdWatches()
    cluster.changeNamespace('mine', { metadata: { labels: LABELS } })
    expect([await ensure('mine'), cluster.writes]).toEqual([undefined, []])
    deliver()
    expect(cache.namespaceOf(SCOPE)).toBe('mine')
    cluster.changeNamespace('mine', { metadata: { labels: { 'secapi.cloud/workspace': null } } })
    // Emptied, it is nobody's any more; on its way out it is waited for.
    await cluster.client.delete(kindNamed('BlockStorage')!.gvr, 'mine', 'disk')
    await cluster.client.delete(KUBERNETES.Namespace, undefined, 'mine')
    expect(await ensure('mine')).toMatchObject({ message: expect.stringContaining('mine is still being deleted') as unknown })
    cluster.sweep('mine')
    expect(await release('mine')).toBeUndefined()
    expect(await ensure('mine')).toBeUndefined()
    expect(read(cache.namespaceOf(SCOPE)!)?.metadata.labels).toMatchObject(LABELS)
  })

  it('that lost its labels and is empty, or is another’s by now, is let go of', async () => {
    for (const labels of [{}, { ...LABELS, 'secapi.cloud/workspace': 'dev' }]) {
      const { cluster, add, put, ensure, release } = rig()
      add('mine', labels)
      if ('secapi.cloud/workspace' in labels) put('BlockStorage', 'mine', 'disk')
      expect([await release('mine'), await ensure('mine')]).toEqual([undefined, undefined])
      expect(cluster.writes).toEqual(['create namespaces seca-acme--prod'])
    }
  })

  it('that cannot be made is trouble', async () => {
    const { cluster, ensure } = rig()
    cluster.beforeWrite = () => {
      throw failure(500, 'x')
    }
    await expect(ensure()).rejects.toMatchObject({ status: 500 })
  })
})

describe('letting go of a namespace', () => {
  it('that was made here: it is told to go, and what is still in it is named', async () => {
    const { cache, cluster, ensure, put, read, release } = rig()
    await ensure()
    const name = cache.namespaceOf(SCOPE)!
    put('Nic', name, 'nic', { finalizers: ['x'] })
    put('BlockStorage', name, 'disk', { finalizers: ['x'] })
    put('BlockStorage', name, 'another', { finalizers: ['x'] })
    expect(await release()).toEqual({ reason: 'Deleting', message: 'waits for BlockStorage "another", Nic "nic" to go', againMs: 1_000 })
    expect(read(name)?.metadata.deletionTimestamp).toBeDefined()
    expect(await release()).toMatchObject({ reason: 'Deleting' })
    // Told once.
    expect(cluster.writes.filter((write) => write.startsWith('delete'))).toEqual([`delete namespaces ${name}`])
  })

  it('known at once as going, and not waited for when it is empty', async () => {
    const { cache, cluster, ensure, release } = rig()
    await ensure()
    const name = cache.namespaceOf(SCOPE)!
    cluster.holdWatches()
    expect(await release()).toBeUndefined()
    expect(cache.directory.isTerminating(name)).toBe(true)
  })

  it('that is gone already, or another’s by now, is done with', async () => {
    const { cache, cluster, ensure, release } = rig()
    expect(await release()).toBeUndefined()
    await ensure()
    const name = cache.namespaceOf(SCOPE)!
    cluster.holdWatches()
    await cluster.client.delete(KUBERNETES.Namespace, undefined, name)
    cluster.sweep(name)
    expect(await release()).toBeUndefined()
    const adopted = rig()
    adopted.add('mine')
    adopted.cluster.holdWatches()
    await adopted.cluster.client.delete(KUBERNETES.Namespace, undefined, 'mine')
    adopted.cluster.sweep('mine')
    expect(await adopted.release()).toBeUndefined()
  })

  it('that was labelled by others: the labels come off when it is empty, and it stays', async () => {
    const { cache, cluster, add, put, read, release } = rig()
    add('mine', { ...LABELS, own: 'x' })
    put('BlockStorage', 'mine', 'disk')
    expect(await release()).toMatchObject({ reason: 'Deleting', message: 'waits for BlockStorage "disk" to go' })
    expect(read('mine')?.metadata.labels).toMatchObject(LABELS)
    await cluster.client.delete(kindNamed('BlockStorage')!.gvr, 'mine', 'disk')
    cluster.holdWatches()
    expect(await release()).toBeUndefined()
    expect(read('mine')?.metadata).toMatchObject({ labels: { own: 'x' } })
    expect(read('mine')?.metadata).not.toHaveProperty('deletionTimestamp')
    // Known at once.
    expect(cache.namespaceOf(SCOPE)).toBeUndefined()
  })

  it('that others delete is left to them', async () => {
    const { cluster, add, release } = rig()
    add('mine')
    await cluster.client.delete(KUBERNETES.Namespace, undefined, 'mine')
    cluster.writes.length = 0
    expect([await release(), cluster.writes]).toEqual([undefined, []])
  })

  it('trouble is no end', async () => {
    const { cluster, add, release } = rig()
    add('mine')
    cluster.beforeWrite = () => {
      throw failure(500, 'x')
    }
    await expect(release()).rejects.toMatchObject({ status: 500 })
  })
})
