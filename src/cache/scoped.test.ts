import { expect, onTestFinished, test } from 'vitest'
import { KINDS, kindNamed } from '../kinds/index.ts'
import { TENANT_LABEL } from '../kinds/names.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { KubeClient } from '../kube/client.ts'
import { failure, MemoryServer } from '../kube/memory-testing.ts'
import { FakeClock, silentLog } from '../kube/testing.ts'
import type { Request, Transport } from '../kube/transport.ts'
import { createMetrics } from '../observe/metrics.ts'
import { Cache } from './cache.ts'
import { type Current, Informers } from './informers.ts'

const MINE = ['mine', 'mine-too']
const NAMESPACED = KINDS.filter(({ gvr }) => gvr.namespaced)

/** What RBAC refuses who has rights in `MINE` alone. */
function isBeyond({ path, method }: Request): boolean {
  const { pathname, searchParams } = new URL(path, 'http://cluster')
  const namespace = /\/namespaces\/([^/]+)/.exec(pathname)?.[1] ?? /^metadata.name=(.+)$/.exec(searchParams.get('fieldSelector') ?? '')?.[1]
  const isOfNamespace = pathname.includes('/namespaces') || NAMESPACED.some(({ gvr }) => pathname.endsWith(`/${gvr.resource}`))
  return isOfNamespace && (namespace === undefined || !MINE.includes(namespace) || method !== 'GET')
}

/** Informers of `MINE`, in a cluster that refuses all else, and what `isRefused` is true of. */
function rig(isRefused: (request: Request) => boolean = () => false, current?: Current) {
  const server = new MemoryServer({ isPrompt: true })
  const put = (kindName: string, name: string, namespace?: string) => {
    const { gvr, apiVersion } = kindNamed(kindName)!
    server.put(gvr, { apiVersion, kind: kindName, metadata: { name, ...(namespace && { namespace }) } })
  }
  const refused: string[] = []
  server.fault = {
    before: (request) => {
      if (isBeyond(request)) refused.push(request.path)
      if (isBeyond(request) || isRefused(request)) throw failure(403, 'Forbidden')
    },
  }
  for (const name of [...MINE, 'theirs']) {
    server.put(KUBERNETES.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [TENANT_LABEL]: name } } })
    put('Image', 'first', name)
  }
  put('Region', 'eu-1')
  const cache = new Cache(KINDS, 'eu-1')
  const clock = new FakeClock()
  const client = new KubeClient(server.transport as Transport, MINE)
  const informers = new Informers({ client, cache, log: silentLog, metrics: createMetrics(), clock, ...(current && { current }) })
  const stop = new AbortController()
  const done = informers.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  const images = () => [...cache.all('Image')].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).toSorted()
  /** Lets time pass, and what is under way end. */
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 500) {
      clock.advance(Math.min(500, ms))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  return { server, put, cache, client, informers, signal: stop.signal, refused, images, pass }
}

test('with rights in some namespaces only, those are seen, and all that is in none', async () => {
  const { put, cache, client, informers, signal, refused, images, pass } = rig()
  await informers.whenSynced(signal)
  put('Image', 'second', 'mine')
  put('Image', 'second', 'theirs')
  await pass(20)
  expect(images()).toEqual(['mine-too/first', 'mine/first', 'mine/second'])
  expect([...cache.all('Region')]).toHaveLength(1)
  expect(MINE.map((name) => cache.namespaceOf({ tenant: name }))).toEqual(MINE)
  expect(cache.namespaceOf({ tenant: 'theirs' })).toBeUndefined()
  const listed: string[] = []
  for await (const { items } of client.list(kindNamed('Image')!.gvr, {}))
    listed.push(...items.map(({ metadata }) => metadata.namespace ?? ''))
  expect(listed).toEqual(['mine', 'mine', 'mine-too'])
  // The history too: what stands for all kinds is in no namespace.
  await pass(61_000)
  expect(refused).toEqual([])
})

const isIn = (namespace: string) => (request: Request) => request.path.includes(`/namespaces/${namespace}/`)

test('without rights in one of them any more, the others go on, and what was there stays as it was seen', async () => {
  let isWithout = false
  const { server, put, informers, signal, images, pass } = rig((request) => isWithout && isIn('mine-too')(request))
  await informers.whenSynced(signal)
  isWithout = true
  server.cutWatches()
  await pass(30_000)
  put('Image', 'second', 'mine')
  await pass(1_000)
  expect(images()).toEqual(['mine-too/first', 'mine/first', 'mine/second'])
  expect([informers.isSynced(), informers.trouble(), informers.missing()]).toEqual([true, undefined, expect.arrayContaining(['Image'])])
  isWithout = false
  await pass(30_000)
  expect(informers.missing()).toEqual([])
})

test('a start waits for none of them, and what cannot be known grants nothing', async () => {
  const { server, informers, signal, images, cache, pass } = rig(isIn('mine-too'), { kinds: ['Role', 'Namespace'], maxAgeMs: 60_000 })
  await informers.whenSynced(signal)
  expect([informers.isSynced(), images()]).toEqual([true, ['mine/first']])
  await pass(120_000)
  expect([informers.isCurrent(), informers.trouble(), [...cache.all('Role')]]).toEqual([true, undefined, []])
  expect(server.seen.length).toBeGreaterThan(0)
})

test('with a namespace all is gone that was in it', async () => {
  let isGone = false
  const { server, informers, signal, images, pass } = rig((request) => isGone && isIn('mine-too')(request))
  await informers.whenSynced(signal)
  const { fault } = server
  server.fault = {}
  await server.client.delete(KUBERNETES.Namespace, undefined, 'mine-too')
  server.sweep('mine-too')
  server.fault = fault
  // Its RoleBinding went with it.
  isGone = true
  server.cutWatches()
  await pass(30_000)
  expect([images(), informers.missing(), informers.trouble()]).toEqual([['mine/first'], [], undefined])
})
