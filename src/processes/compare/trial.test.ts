import { expect, onTestFinished, test } from 'vitest'
import { Cache } from '../../cache/cache.ts'
import { Informers } from '../../cache/informers.ts'
import type { Manifest } from '../../cli/manifests.ts'
import { KINDS, kindNamed } from '../../kinds/index.ts'
import { COMPARED_LABEL, TENANT_LABEL } from '../../kinds/names.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { MemoryServer } from '../../kube/memory-testing.ts'
import { silentLog } from '../../kube/testing.ts'
import { createMetrics } from '../../observe/metrics.ts'
import { comparedNamespaces, takeAway } from './clean.ts'
import { scopeByName } from './place.ts'
import { planOf } from './plan.ts'
import { objectionTo, tryRegion, type TrialOptions } from './trial.ts'

const NEVER = new AbortController().signal
const MANIFESTS: readonly Manifest[] = ['one', 'two'].map((name) => ({
  apiVersion: 'network.secapi.cloud/v1',
  kind: 'PublicIp',
  metadata: { name, namespace: 'seca-acme--prod' },
  spec: { version: 'IPv4' },
}))
const PLAN = planOf(
  MANIFESTS,
  {
    region: 'eu-1',
    zones: ['a'],
    capabilities: { PublicIp: { object: 'own', updates: [], create: 'plain', lookup: 'tag', settleMs: 0, lane: 'none' } },
  },
  { skipsUnsupported: false, scopeOf: scopeByName },
)

/** What controllers would say of an object; undefined: nothing. */
type Answer = (object: KubeObject) => { readonly state: string; readonly reason: string; readonly isStalled?: boolean } | undefined

async function rig(answer: Answer = () => ({ state: 'active', reason: 'Available' })) {
  const server = new MemoryServer({ isPrompt: true })
  server.onChange((object, isGone) => {
    if (object.kind === 'Namespace' && !isGone && object.metadata.deletionTimestamp !== undefined)
      queueMicrotask(() => server.sweep(object.metadata.name))
    const said = isGone || kindNamed(object.kind) === undefined || 'status' in object ? undefined : answer(object)
    if (said === undefined) return
    const { state, reason, isStalled = false } = said
    const condition = (type: string, status: string) => ({ type, status, reason, message: `${reason} it is`, lastTransitionTime: '' })
    const conditions = [condition('Ready', state === 'active' ? 'True' : 'False'), ...(isStalled ? [condition('Stalled', 'True')] : [])]
    const { namespace, name, generation = 1 } = object.metadata
    queueMicrotask(() => server.change(object.kind, namespace, name, { status: { state, observedGeneration: generation, conditions } }))
  })
  const cache = new Cache(KINDS, 'eu-1')
  const informers = new Informers({ client: server.client, cache, log: silentLog, metrics: createMetrics() })
  const stop = new AbortController()
  const done = informers.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  await informers.whenSynced(NEVER)
  const region = { name: 'eu-1', provider: 'test', cloudProvider: 'test' }
  const options: TrialOptions = {
    client: server.client,
    cache,
    region,
    plan: PLAN,
    keep: false,
    timeoutMs: 20_000,
    quietMs: 50,
    signal: NEVER,
    stop: NEVER,
    onProgress: () => {},
  }
  const namespaces = () => server.all(KUBERNETES.Namespace).map(({ metadata }) => metadata.name)
  return { server, options, namespaces }
}

test('what gets ready is timed, taken away again, and the rest of the cluster is as it was', async () => {
  const { server, options, namespaces } = await rig()
  server.put(KUBERNETES.Namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'seca-acme', labels: { [TENANT_LABEL]: 'acme' } },
  })
  const { tracks, broken } = await tryRegion(options)
  expect(broken).toBeUndefined()
  expect(tracks.map(({ kind, name, verdict }) => [kind, name, verdict])).toEqual([
    ['Workspace', 'prod', 'ready'],
    ['PublicIp', 'one', 'ready'],
    ['PublicIp', 'two', 'ready'],
  ])
  for (const { readyMs, goneMs } of tracks) expect([readyMs, goneMs]).toEqual([expect.any(Number), expect.any(Number)])
  expect(namespaces()).toEqual(['seca-acme'])
})

test('it ends when nothing moves any more, and keeps what it is told to keep', async () => {
  const { options, namespaces } = await rig(({ metadata }) =>
    metadata.name === 'two' ? { state: 'error', reason: 'QuotaExceeded', isStalled: true } : { state: 'active', reason: 'Available' },
  )
  const { tracks } = await tryRegion({ ...options, keep: true })
  expect(tracks.map(({ verdict }) => verdict)).toEqual(['ready', 'ready', 'failed'])
  expect(tracks.at(-1)?.troubles).toContainEqual({ when: 'end', reason: 'QuotaExceeded', message: 'QuotaExceeded it is' })
  expect(namespaces()).toEqual(['seca-acme-compare-eu-1', 'seca-acme-compare-eu-1--prod'])
  expect(await objectionTo(PLAN, options, NEVER)).toContain('compare --clean --regions eu-1 takes it away')
})

test('interrupted, it takes away what it made, and says how far it came', async () => {
  const interrupt = new AbortController()
  const { options, namespaces } = await rig(({ kind }) => (kind === 'Workspace' ? { state: 'active', reason: 'Available' } : undefined))
  const onProgress = (text: string) => text === '1 of 3 ready' && interrupt.abort()
  const { tracks, broken } = await tryRegion({ ...options, signal: interrupt.signal, onProgress })
  expect([broken, tracks.map(({ verdict }) => verdict)]).toEqual(['interrupted', ['ready', 'late', 'late']])
  expect(namespaces()).toEqual([])
})

test('namespaces of others are neither begun in nor taken away', async () => {
  const { server, options, namespaces } = await rig()
  const put = (name: string, labels: Record<string, string>) =>
    server.put<KubeObject>(KUBERNETES.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  put('theirs', { [TENANT_LABEL]: 'acme-compare-eu-1' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await objectionTo(PLAN, options, NEVER)).toContain('namespace theirs stands for tenant acme-compare-eu-1 already')
  const old = put('seca-acme-compare-eu-1', { [COMPARED_LABEL]: 'eu-1' })
  const namespacesOfOurs = await comparedNamespaces(options.client, [], NEVER)
  expect(namespacesOfOurs).toEqual([{ name: old.metadata.name, uid: old.metadata.uid }])
  // Another one of that name has come in between.
  server.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: old.metadata.name } })
  await takeAway({ client: options.client, namespaces: namespacesOfOurs, timeoutMs: 1_000, signal: NEVER })
  expect(namespaces().toSorted()).toEqual(['seca-acme-compare-eu-1', 'theirs'])
  expect(await objectionTo(PLAN, options, NEVER)).toContain("is there already and is no comparison's")
})
