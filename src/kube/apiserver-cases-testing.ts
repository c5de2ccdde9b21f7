import { describe, expect, it } from 'vitest'
import type { KubeClient } from './client.ts'
import type { GroupVersionResource, KubeObject } from './gvr.ts'

/** A kind with a status, whose fields nobody checks. */
export const THINGS: GroupVersionResource = {
  group: 'cases.secapi.cloud',
  version: 'v1',
  resource: 'things',
  kind: 'Thing',
  namespaced: true,
}
interface Thing extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}
const CONFIG_MAPS: GroupVersionResource = { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', namespaced: true }
const me = { fieldManager: 'me', force: true } as const
const refused = (status: number, reason?: string) =>
  expect.objectContaining({ status, ...(reason === undefined ? {} : { reason }) }) as unknown

/** What writes of ours rely on: held by the apiserver in memory in unit tests, and by a real one end to end. */
export function apiserverCases(clientOf: () => KubeClient, namespace: string): void {
  let count = 0
  const thing = (name: string, more: object = {}, metadata: object = {}) => ({
    apiVersion: 'cases.secapi.cloud/v1',
    kind: 'Thing',
    metadata: { name, namespace, ...metadata },
    ...more,
  })
  const create = (more: object = { spec: { a: 1 } }, metadata: object = {}) =>
    clientOf().create<Thing>(THINGS, namespace, thing(`thing-${++count}`, more, metadata), undefined, { fieldManager: 'me' })
  const get = ({ metadata }: Thing) => clientOf().get<Thing>(THINGS, namespace, metadata.name)
  const patch = ({ metadata }: Thing, type: 'json' | 'merge', body: object, fieldManager = 'other') =>
    clientOf().patch<Thing>(THINGS, namespace, metadata.name, { type, body, fieldManager })
  const apply = ({ metadata }: Thing, more: object, extra: object = {}, options: Parameters<KubeClient['apply']>[2] = me) =>
    clientOf().apply<Thing>(THINGS, thing(metadata.name, more, extra), options)
  const applyStatus = (one: Thing, status: object, extra: object = {}) => apply(one, { status }, extra, { ...me, subresource: 'status' })
  const version = ({ metadata }: KubeObject) => Number(metadata.resourceVersion)

  describe('creating', () => {
    it('gives uid, version, generation and time, drops status, and refuses a name twice', async () => {
      const made = await create({ spec: { a: 1 }, status: { state: 'active' } }, { uid: 'x', generation: 7 })
      expect(made.metadata).toMatchObject({ uid: expect.any(String), generation: 1, creationTimestamp: expect.any(String) })
      expect([made.metadata.uid === 'x', made.status]).toEqual([false, undefined])
      const again = clientOf().create(THINGS, namespace, thing(made.metadata.name))
      await expect(again).rejects.toEqual(refused(409, 'AlreadyExists'))
      await expect(get({ ...made, metadata: { name: 'none' } })).rejects.toEqual(refused(404, 'NotFound'))
    })

    it('counts versions over all kinds', async () => {
      const first = await create()
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `map-${count}`, namespace } }
      const second = await clientOf().create<KubeObject>(CONFIG_MAPS, namespace, map)
      expect(version(second)).toBeGreaterThan(version(first))
      expect(version(await create())).toBeGreaterThan(version(second))
      expect(second.metadata.generation).toBeUndefined()
    })
  })

  describe('patches', () => {
    it('merge, counting a generation for the spec alone, and nothing when nothing changes', async () => {
      const made = await create({ spec: { a: 1, b: 2 } })
      const changed = await patch(made, 'merge', { spec: { a: null, c: 3 } })
      expect([changed.spec, changed.metadata.generation]).toEqual([{ b: 2, c: 3 }, 2])
      expect((await patch(made, 'merge', { spec: { c: 3 } })).metadata.resourceVersion).toBe(changed.metadata.resourceVersion)
      const labelled = await patch(made, 'merge', { metadata: { labels: { l: 'm' } } })
      expect([labelled.metadata.generation, version(labelled) > version(changed)]).toEqual([2, true])
    })

    it('refuse a stale version, another uid, and a test that does not hold', async () => {
      const made = await create()
      await patch(made, 'merge', { spec: { a: 2 } })
      await expect(patch(made, 'merge', { metadata: { resourceVersion: made.metadata.resourceVersion } })).rejects.toEqual(refused(409))
      await expect(patch(made, 'merge', { metadata: { uid: 'x' } })).rejects.toEqual(refused(422))
      const json = (...body: object[]) => patch(made, 'json', body)
      await expect(json({ op: 'test', path: '/metadata/uid', value: 'x' })).rejects.toEqual(refused(422))
      await expect(json({ op: 'test', path: '/spec/none/deep', value: 1 })).rejects.toEqual(refused(422))
      await expect(json({ op: 'remove', path: '/spec/none' })).rejects.toEqual(refused(422))
      await expect(json({ op: 'add', path: '/metadata/finalizers/-', value: 'a/b' })).rejects.toEqual(refused(422))
      await expect(json({ op: 'test', path: '/metadata/resourceVersion', value: made.metadata.resourceVersion })).rejects.toEqual(
        refused(422),
      )
      expect((await json({ op: 'add', path: '/metadata/finalizers', value: ['a/b'] })).metadata.finalizers).toEqual(['a/b'])
      await patch(made, 'merge', { metadata: { finalizers: null } })
    })

    it('do not reach status, and a patch of status reaches nothing else', async () => {
      const made = await create()
      expect((await patch(made, 'merge', { spec: { a: 2 }, status: { state: 'active' } })).status).toBeUndefined()
      const options = { type: 'merge', body: { spec: { a: 3 }, status: { state: 'active' } }, subresource: 'status' } as const
      const { spec, status, metadata } = await clientOf().patch<Thing>(THINGS, namespace, made.metadata.name, options)
      expect([spec, status, metadata.generation]).toEqual([{ a: 2 }, { state: 'active' }, 2])
    })
  })

  describe('a PUT', () => {
    it('needs the version of now, and the uid', async () => {
      const made = await create()
      const changed = await clientOf().replace<Thing>(THINGS, { ...made, spec: { a: 2 } })
      expect(changed.metadata.generation).toBe(2)
      await expect(clientOf().replace(THINGS, { ...made, spec: { a: 3 } })).rejects.toEqual(refused(409, 'Conflict'))
      const { resourceVersion: _, ...metadata } = changed.metadata
      await expect(clientOf().replace(THINGS, { ...made, metadata })).rejects.toEqual(refused(422, 'Invalid'))
      await expect(clientOf().replace(THINGS, { ...made, metadata: { ...changed.metadata, uid: 'x' } })).rejects.toEqual(refused(409))
    })

    it('without finalizers takes them off', async () => {
      const made = await create({ spec: {} }, { finalizers: ['a/b'] })
      const { finalizers: _, ...metadata } = made.metadata
      expect((await clientOf().replace<Thing>(THINGS, { ...made, metadata })).metadata.finalizers).toBeUndefined()
    })
  })

  describe('server-side apply', () => {
    it('of status is whole, with versions and uids that must fit, and makes nothing', async () => {
      const made = await create()
      await applyStatus(made, { state: 'creating', size: 1, list: [{ a: 1 }] })
      const { uid } = made.metadata
      const second = await applyStatus(made, { state: 'active', list: [] }, { uid })
      expect([second.status, second.spec]).toEqual([{ state: 'active', list: [] }, { a: 1 }])
      const stale = { resourceVersion: made.metadata.resourceVersion }
      await expect(applyStatus(made, { state: 'error' }, stale)).rejects.toEqual(refused(409, 'Conflict'))
      const fresh = await applyStatus(made, { state: 'error' }, { resourceVersion: second.metadata.resourceVersion, uid })
      expect(fresh.status).toEqual({ state: 'error' })
      expect((await applyStatus(made, { state: 'error' })).metadata.resourceVersion).toBe(fresh.metadata.resourceVersion)
      await expect(applyStatus({ ...made, metadata: { name: 'none' } }, {})).rejects.toEqual(refused(404))
    })

    it('of status does not look at the uid', async () => {
      const made = await create()
      const { metadata, status } = await applyStatus(made, { state: 'active' }, { uid: 'x' })
      expect([metadata.uid, status]).toEqual([made.metadata.uid, { state: 'active' }])
    })

    it('makes what is not there, but not under the uid of what was', async () => {
      const name = `thing-${++count}`
      const none = { ...thing(name) } as Thing
      await expect(apply(none, { spec: { a: 1 } }, { uid: 'x' })).rejects.toEqual(refused(409))
      expect((await apply(none, { spec: { a: 1 } })).spec).toEqual({ a: 1 })
    })

    it('takes away what its manager does not apply any more, and conflicts over what another one does', async () => {
      const made = await apply(thing(`thing-${++count}`) as Thing, { spec: { a: 1, b: { c: 2 } } })
      await patch(made, 'merge', { spec: { d: 4 } })
      expect((await apply(made, { spec: { a: 1 } })).spec).toEqual({ a: 1, d: 4 })
      const other = (force: boolean) => apply(made, { spec: { a: 9 } }, {}, { fieldManager: 'flux', force })
      await expect(other(false)).rejects.toEqual(refused(409, 'Conflict'))
      expect((await other(true)).spec).toEqual({ a: 9, d: 4 })
      const owners = (await get(made)).metadata.managedFields as { manager: string; fieldsV1: object }[]
      expect(Object.fromEntries(owners.map((one) => [one.manager, one.fieldsV1]))).toMatchObject({
        flux: { 'f:spec': { 'f:a': {} } },
        other: { 'f:spec': { 'f:d': {} } },
      })
    })
  })

  describe('deleting', () => {
    it('is held by finalizers, counts a generation, and takes no new finalizer', async () => {
      const made = await create({ spec: {} }, { finalizers: ['a/b', 'c/d'] })
      await clientOf().delete(THINGS, namespace, made.metadata.name, { uid: made.metadata.uid! })
      const going = await get(made)
      expect(going.metadata).toMatchObject({ generation: 2, deletionTimestamp: expect.stringMatching(/^[-\d]+T[:\d]+Z$/) })
      await clientOf().delete(THINGS, namespace, made.metadata.name)
      expect((await get(made)).metadata).toEqual(going.metadata)
      await expect(patch(made, 'merge', { metadata: { finalizers: ['a/b', 'c/d', 'e/f'] } })).rejects.toEqual(refused(422, 'Invalid'))
      await applyStatus(made, { state: 'deleting' })
      const changed = await patch(made, 'merge', { spec: { a: 2 }, metadata: { deletionTimestamp: null, finalizers: ['a/b'] } })
      expect(changed.metadata).toMatchObject({ generation: 3, deletionTimestamp: going.metadata.deletionTimestamp })
      const last = await patch(made, 'json', [
        { op: 'test', path: '/metadata/finalizers/0', value: 'a/b' },
        { op: 'remove', path: '/metadata/finalizers/0' },
      ])
      expect(last.metadata.name).toBe(made.metadata.name)
      await expect(get(made)).rejects.toEqual(refused(404))
    })

    it('needs what its preconditions say', async () => {
      const { metadata } = await create()
      const remove = (options: object) => clientOf().delete(THINGS, namespace, metadata.name, options)
      await expect(remove({ uid: 'x' })).rejects.toEqual(refused(409))
      await expect(remove({ uid: metadata.uid!, resourceVersion: '1' })).rejects.toEqual(refused(409))
      await remove({ uid: metadata.uid!, resourceVersion: metadata.resourceVersion! })
      await expect(remove({})).rejects.toEqual(refused(404))
    })
  })

  describe('a list', () => {
    it('comes in pages of one moment, by name', async () => {
      const labels = { pages: String(++count) }
      const labelSelector = `pages=${count}`
      for (const name of ['c', 'a', 'b']) await clientOf().create(THINGS, namespace, thing(`${name}-${labels.pages}`, {}, { labels }))
      const pages: string[][] = []
      const versions = new Set<string>()
      for await (const page of clientOf().list(THINGS, { namespace, labelSelector, pageSize: 2 })) {
        pages.push(page.items.map(({ metadata }) => metadata.name[0]!))
        versions.add(page.resourceVersion)
        await clientOf().create(THINGS, namespace, thing(`z${pages.length}-${labels.pages}`, {}, { labels }))
      }
      expect([pages, versions.size]).toEqual([[['a', 'b'], ['c']], 1])
    })
  })

  describe('a watch', () => {
    const read = async (options: { resourceVersion?: string; labelSelector: string }, until: number) => {
      const stop = new AbortController()
      const seen: string[] = []
      const lines = await clientOf().watch(THINGS, { namespace, timeoutSeconds: 30, signal: stop.signal, ...options })
      for await (const batch of lines) {
        for (const line of batch) {
          const { type, object } = JSON.parse(line) as { type: string; object: KubeObject }
          const isEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true'
          if (type !== 'BOOKMARK' || isEnd) seen.push(type)
        }
        if (seen.length >= until) break
      }
      stop.abort()
      return seen
    }

    it('tells what comes into its selection, changes in it and leaves it', async () => {
      const labelSelector = `watch=w${++count}`
      const made = await create()
      await patch(made, 'merge', { metadata: { labels: { watch: `w${count - 1}` } } })
      await patch(made, 'merge', { spec: { a: 2 } })
      await patch(made, 'merge', { metadata: { labels: null } })
      await patch(made, 'merge', { metadata: { labels: { watch: `w${count - 1}` } } })
      await clientOf().delete(THINGS, namespace, made.metadata.name)
      const seen = await read({ labelSelector, resourceVersion: made.metadata.resourceVersion! }, 5)
      expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED'])
    })

    it('without a version begins with the state, and says where that ends', async () => {
      const labelSelector = `state=s${++count}`
      const labels = { state: `s${count}` }
      for (let i = 0; i < 2; i++) await create({ spec: {} }, { labels })
      expect(await read({ labelSelector }, 3)).toEqual(['ADDED', 'ADDED', 'BOOKMARK'])
    })
  })
}
