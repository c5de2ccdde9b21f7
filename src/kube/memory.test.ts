import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { apiserverCases, THINGS } from './apiserver-cases-testing.ts'
import { KUBERNETES } from './builtin.ts'
import type { KubeObject } from './gvr.ts'
import { MemoryServer, noAnswer, unavailable } from './memory-testing.ts'
import { type ConfigMap, CONFIG_MAPS } from './testing.ts'

// What it has in common with a real one: e2e/kube runs the same cases there.
const shared = new MemoryServer()
apiserverCases(() => shared.client, 'ns')

function setUp() {
  const server = new MemoryServer({ isPrompt: true })
  const map = (name: string, data: object = { a: '1' }, metadata: object = {}) =>
    server.client.create<ConfigMap>(CONFIG_MAPS, 'ns', { metadata: { name, ...metadata }, apiVersion: 'v1', kind: 'ConfigMap', data })
  return { server, map }
}

/** What a watch brings, as it comes: `ADDED x`, `BOOKMARK`, `failed`. */
function watch(server: MemoryServer, resourceVersion?: string, timeoutSeconds = 300) {
  const stop = new AbortController()
  const seen: string[] = []
  const lines = server.client.watch(CONFIG_MAPS, { namespace: 'ns', resourceVersion, timeoutSeconds, signal: stop.signal })
  const done = (async () => {
    try {
      for await (const batch of await lines)
        for (const line of batch) {
          const { type, object } = JSON.parse(line) as { type: string; object: KubeObject & { code?: number } }
          seen.push(type === 'ERROR' ? `ERROR ${object.code}` : type === 'BOOKMARK' ? type : `${type} ${object.metadata.name}`)
        }
      seen.push('over')
    } catch (error) {
      seen.push(`failed ${String((error as { reason?: string }).reason)}`)
    }
  })()
  return { seen, stop, done }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('watches of the apiserver in memory', () => {
  it('send bookmarks, one shortly before their time is over, and end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { server } = setUp()
    const { seen, done } = watch(server, '1000', 130)
    await turn()
    for (const [ms, count] of [
      [59_000, 0],
      [1_000, 1],
      [60_000, 2],
      [8_000, 3],
    ] as const) {
      await vi.advanceTimersByTimeAsync(ms)
      await turn()
      expect(seen).toHaveLength(count)
    }
    await vi.advanceTimersByTimeAsync(2_000)
    await done
    expect(seen).toEqual(['BOOKMARK', 'BOOKMARK', 'BOOKMARK', 'over'])
  })

  it('from before a compaction have to list again', async () => {
    const { server, map } = setUp()
    const { metadata } = await map('x')
    await map('y')
    server.compact()
    const { seen, done } = watch(server, metadata.resourceVersion)
    await done
    expect(seen).toEqual(['ERROR 410', 'over'])
    const pages = server.client.list(CONFIG_MAPS, { namespace: 'ns', pageSize: 1 })
    await pages.next()
    server.compact()
    await expect(pages.next()).rejects.toMatchObject({ status: 410 })
  })

  it('break when they are cut, and end with their signal', async () => {
    const { server, map } = setUp()
    const cut = watch(server, '1000')
    await map('x')
    server.cutWatches()
    await cut.done
    expect(cut.seen).toEqual(['ADDED x', 'failed ECONNRESET'])
    const left = watch(server, '1000')
    await turn()
    left.stop.abort(new Error('enough'))
    await left.done
    expect(left.seen).toEqual(['ADDED x', 'failed undefined'])
  })

  it('that are held bring everything later, in order; listeners too', async () => {
    const { server, map } = setUp()
    const told: string[] = []
    server.onChange(({ metadata }, isGone) => told.push(`${metadata.name} ${isGone}`))
    const release = server.holdWatches()
    const early = watch(server, '1000')
    await map('x')
    const late = watch(server, '1000')
    await server.client.delete(CONFIG_MAPS, 'ns', 'x')
    await turn()
    expect([early.seen, late.seen, told]).toEqual([[], [], []])
    release()
    await turn()
    expect([early.seen, late.seen, told]).toEqual([
      ['ADDED x', 'DELETED x'],
      ['ADDED x', 'DELETED x'],
      ['x false', 'x true'],
    ])
    early.stop.abort()
    late.stop.abort()
  })

  it('of a history that went back take a version from the future without a word', async () => {
    const { server, map } = setUp()
    await map('kept')
    const restore = server.backup()
    const { metadata } = await map('lost')
    const before = watch(server, '1000')
    await turn()
    restore()
    await before.done
    expect(before.seen.at(-1)).toBe('failed ECONNRESET')
    const deaf = watch(server, metadata.resourceVersion)
    expect((await map('again')).metadata.resourceVersion).toBe(metadata.resourceVersion)
    await turn()
    expect([deaf.seen, server.all(CONFIG_MAPS).map((one) => one.metadata.name)]).toEqual([[], ['kept', 'again']])
    deaf.stop.abort()
  })
})

describe('trouble on order', () => {
  it('fails before or after the deed', async () => {
    const { server, map } = setUp()
    server.fault = { before: () => Promise.reject(noAnswer()) }
    await expect(map('x')).rejects.toMatchObject({ status: 0 })
    server.fault = { after: () => Promise.reject(noAnswer()) }
    await expect(map('y')).rejects.toMatchObject({ status: 0 })
    server.fault = {}
    expect(server.all(CONFIG_MAPS).map(({ metadata }) => metadata.name)).toEqual(['y'])
  })

  it('refuses for a while', async () => {
    const { server, map } = setUp()
    const open = watch(server, '1000')
    await turn()
    const serve = server.refuse(unavailable)
    await expect(map('x')).rejects.toMatchObject({ status: 503, code: 'KubernetesUnavailable' })
    await open.done
    serve()
    expect((await map('x')).metadata.name).toBe('x')
    expect(open.seen).toEqual(['failed ECONNRESET'])
  })

  it('lists every write by name, before it is done', async () => {
    const { server, map } = setUp()
    server.beforeWrite = (write) => {
      if (write === 'create configmaps ns/no') throw new Error('not this one')
    }
    await map('x')
    await expect(map('no')).rejects.toThrow('not this one')
    await server.client.delete(CONFIG_MAPS, 'ns', 'x')
    expect(server.writes).toEqual(['create configmaps ns/x', 'create configmaps ns/no', 'delete configmaps ns/x'])
  })
})

describe('what goes as a whole', () => {
  it('a namespace that is going takes nothing new, and is gone when what was in it is', async () => {
    const { server, map } = setUp()
    server.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } })
    await map('x')
    await map('held', {}, { finalizers: ['a/b'] })
    await server.client.delete(KUBERNETES.Namespace, undefined, 'ns')
    await expect(map('y')).rejects.toMatchObject({ status: 403, causes: [{ reason: 'NamespaceTerminating' }] })
    expect([server.sweep('ns'), server.all(CONFIG_MAPS).map(({ metadata }) => metadata.name)]).toEqual([false, ['held']])
    server.change('ConfigMap', 'ns', 'held', { metadata: { finalizers: null } })
    expect([server.sweep('ns'), server.all(KUBERNETES.Namespace)]).toEqual([true, []])
  })

  it('a kind that is uninstalled deletes its objects, and is unknown when the last one is gone', async () => {
    const { server } = setUp()
    server.install('things.cases.secapi.cloud')
    const thing = (name: string, finalizers: string[]) => ({
      apiVersion: 'cases.secapi.cloud/v1',
      kind: 'Thing',
      metadata: { name, finalizers },
    })
    server.put(THINGS, thing('free', []))
    server.put(THINGS, thing('held', ['a/b']))
    server.uninstall('things.cases.secapi.cloud')
    expect(server.all(THINGS).map(({ metadata }) => [metadata.name, metadata.deletionTimestamp !== undefined])).toEqual([['held', true]])
    await server.client.patch(THINGS, undefined, 'held', { type: 'merge', body: { metadata: { finalizers: null } } })
    await expect(server.client.get(THINGS, undefined, 'held')).rejects.toMatchObject({ status: 404 })
    await expect(server.client.list(THINGS, {}).next()).rejects.toMatchObject({ status: 404 })
    expect(server.all(KUBERNETES.CustomResourceDefinition)).toEqual([])
    server.install('things.cases.secapi.cloud')
    expect((await server.client.list(THINGS, {}).next()).value?.items).toEqual([])
  })
})
