import { beforeEach, describe, expect, it } from 'vitest'
import type { KubeObject } from './gvr.ts'
import { MemoryServer } from './memory-testing.ts'
import { type ConfigMap, CONFIG_MAPS } from './testing.ts'

/** The stand-in says what a kube-apiserver would: tests of writes are worth no more than this. */
let server: MemoryServer
beforeEach(() => {
  server = new MemoryServer()
})
const create = (data: Record<string, string> = { a: '1' }, metadata: object = {}) =>
  server.client.create<ConfigMap>(
    CONFIG_MAPS,
    'ns',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'ns', ...metadata }, data },
    undefined,
    { fieldManager: 'me' },
  )
const patch = (body: object, type: 'merge' | 'json' = 'merge') =>
  server.client.patch<ConfigMap>(CONFIG_MAPS, 'ns', 'x', { type, body, fieldManager: 'other' })
const get = () => server.client.get<ConfigMap>(CONFIG_MAPS, 'ns', 'x')

describe('the cluster in memory', () => {
  it('gives uid, version, generation and time; a name is taken once', async () => {
    const made = await create()
    expect(made.metadata).toMatchObject({
      uid: expect.any(String),
      resourceVersion: expect.stringMatching(/^\d+$/),
      creationTimestamp: expect.any(String),
    })
    await expect(create()).rejects.toMatchObject({ status: 409, reason: 'AlreadyExists' })
    await expect(server.client.get(CONFIG_MAPS, 'ns', 'none')).rejects.toMatchObject({ status: 404 })
    await expect(server.client.get(CONFIG_MAPS, 'other', 'x')).rejects.toMatchObject({ status: 404 })
  })

  it('merges as RFC 7386 says, and counts versions only for changes', async () => {
    const made = await create({ a: '1', b: '2' })
    const changed = await patch({ data: { a: null, c: '3' } })
    expect(changed.data).toEqual({ b: '2', c: '3' })
    expect(Number(changed.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion))
    expect(await patch({ data: { c: '3' } })).toEqual(changed)
  })

  it('refuses stale versions, other uids, and a JSON patch whose test fails', async () => {
    const { metadata } = await create()
    await patch({ data: { a: '2' } })
    await expect(patch({ metadata: { resourceVersion: metadata.resourceVersion }, data: {} })).rejects.toMatchObject({ status: 409 })
    await expect(patch({ metadata: { uid: 'x' }, data: {} })).rejects.toMatchObject({ status: 422 })
    await expect(patch([{ op: 'test', path: '/data/a', value: '1' }], 'json')).rejects.toMatchObject({ status: 422 })
    const list = [
      { op: 'test', path: '/data/a', value: '2' },
      { op: 'add', path: '/metadata/finalizers', value: ['f'] },
      { op: 'add', path: '/metadata/finalizers/-', value: 'g' },
    ]
    expect((await patch(list, 'json')).metadata.finalizers).toEqual(['f', 'g'])
    expect((await patch([{ op: 'remove', path: '/metadata/finalizers/0' }], 'json')).metadata.finalizers).toEqual(['g'])
    const { uid } = metadata
    await expect(server.client.delete(CONFIG_MAPS, 'ns', 'x', { uid: 'x' })).rejects.toMatchObject({ status: 409 })
    await expect(server.client.delete(CONFIG_MAPS, 'ns', 'x', { uid: uid!, resourceVersion: '1' })).rejects.toMatchObject({ status: 409 })
    expect((await get()).metadata.deletionTimestamp).toBeUndefined()
  })

  it('holds what is deleted by its finalizers, and tells the watch', async () => {
    const seen: [string, boolean][] = []
    server.onChange(({ metadata }: KubeObject, isGone) => seen.push([metadata.deletionTimestamp === undefined ? 'alive' : 'going', isGone]))
    await create({}, { finalizers: ['f'] })
    await server.client.delete(CONFIG_MAPS, 'ns', 'x')
    expect((await get()).metadata.deletionTimestamp).toEqual(expect.any(String))
    await patch({ metadata: { finalizers: null } })
    await expect(get()).rejects.toMatchObject({ status: 404 })
    expect(seen).toEqual([
      ['alive', false],
      ['going', false],
      ['going', true],
    ])
  })

  it('knows who owns which field', async () => {
    const spec = (fields: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'ns' }, spec: fields })
    await server.client.apply(CONFIG_MAPS, spec({ a: 1, b: { c: 2 } }), { fieldManager: 'flux' })
    await patch({ spec: { b: { c: 3 }, d: 4 } })
    const owners = ((await get()).metadata.managedFields as { manager: string; fieldsV1: object }[]).map(({ manager, fieldsV1 }) => [
      manager,
      fieldsV1,
    ])
    expect(owners).toEqual([
      ['flux', { 'f:spec': { 'f:a': {} } }],
      ['other', { 'f:spec': { 'f:b': { 'f:c': {} }, 'f:d': {} } }],
    ])
  })

  it('fails as it is told, before or after the deed', async () => {
    server.fault = { before: () => Promise.reject(new Error('before')) }
    await expect(create()).rejects.toThrow('before')
    server.fault = { after: () => Promise.reject(new Error('after')) }
    await expect(create()).rejects.toThrow('after')
    server.fault = {}
    expect((await get()).data).toEqual({ a: '1' })
  })
})
