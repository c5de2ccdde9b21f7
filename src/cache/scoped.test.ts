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
import { Informers } from './informers.ts'

const MINE = ['mine', 'mine-too']
const NAMESPACED = KINDS.filter(({ gvr }) => gvr.namespaced)

/** What RBAC refuses who has rights in `MINE` alone. */
function isBeyond({ path, method }: Request): boolean {
  const { pathname, searchParams } = new URL(path, 'http://cluster')
  const namespace = /\/namespaces\/([^/]+)/.exec(pathname)?.[1] ?? /^metadata.name=(.+)$/.exec(searchParams.get('fieldSelector') ?? '')?.[1]
  const isOfNamespace = pathname.includes('/namespaces') || NAMESPACED.some(({ gvr }) => pathname.endsWith(`/${gvr.resource}`))
  return isOfNamespace && (namespace === undefined || !MINE.includes(namespace) || method !== 'GET')
}

test('with rights in some namespaces only, those are seen, and all that is in none', async () => {
  const server = new MemoryServer({ isPrompt: true })
  const put = (kindName: string, name: string, namespace?: string) => {
    const { gvr, apiVersion } = kindNamed(kindName)!
    server.put(gvr, { apiVersion, kind: kindName, metadata: { name, ...(namespace && { namespace }) } })
  }
  const refused: string[] = []
  server.fault = {
    before: (request) => {
      if (!isBeyond(request)) return
      refused.push(request.path)
      throw failure(403, 'Forbidden')
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
  const informers = new Informers({ client, cache, log: silentLog, metrics: createMetrics(), clock })
  const stop = new AbortController()
  const done = informers.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  await informers.whenSynced(stop.signal)
  put('Image', 'second', 'mine')
  put('Image', 'second', 'theirs')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect([...cache.all('Image')].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).toSorted()).toEqual([
    'mine-too/first',
    'mine/first',
    'mine/second',
  ])
  expect([...cache.all('Region')]).toHaveLength(1)
  expect(MINE.map((name) => cache.namespaceOf({ tenant: name }))).toEqual(MINE)
  expect(cache.namespaceOf({ tenant: 'theirs' })).toBeUndefined()
  const listed: string[] = []
  for await (const { items } of client.list(kindNamed('Image')!.gvr, {}))
    listed.push(...items.map(({ metadata }) => metadata.namespace ?? ''))
  expect(listed).toEqual(['mine', 'mine', 'mine-too'])
  // The history too: what stands for all kinds is in no namespace.
  clock.advance(61_000)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(refused).toEqual([])
})
