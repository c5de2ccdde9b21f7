import { KUBERNETES } from '../../src/kube/builtin.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { type Child, startChild } from '../../src/embedded/process/child.ts'
import { type ControlPlane, startControlPlane } from '../../src/embedded/cluster/control-plane.ts'
import { apiserverFlags } from '../../src/embedded/cluster/flags.ts'
import { ensurePki } from '../../src/embedded/cluster/pki.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { connect } from '../../src/kube/config.ts'
import { type ApiError, apiErrorFrom, isConflict, isGone, isInvalid, isNotFound } from '../../src/kube/errors.ts'
import { EventRecorder } from '../../src/kube/events.ts'
import type { GroupVersionResource, KubeObject } from '../../src/kube/gvr.ts'
import { LeaseElector } from '../../src/kube/lease.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import { Store } from '../../src/kube/store.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { startTcpProxy } from '../support/proxy.ts'

interface Widget extends KubeObject {
  readonly spec?: { readonly size: number; readonly colour?: string }
  readonly status?: { readonly state?: string }
}
interface RecordedEvent extends KubeObject {
  readonly note: string
  readonly series?: { readonly count: number }
}
const WIDGETS: GroupVersionResource = {
  group: 'kube-e2e.secapi.cloud',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  namespaced: true,
}
const log = pino({ level: 'silent' })

/** A control plane of its own: here the apiserver is killed. */
let plane: ControlPlane
let dataDir: string
let client: KubeClient
let apiserver: Child | undefined

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'seca-kube-e2e-'))
  plane = await startControlPlane({
    dataDir,
    assets: inject('assets'),
    controllerManager: false,
    log: () => undefined,
    unsafeNoFsync: true,
  })
  client = connect({ kubeconfig: plane.kubeconfig, userAgent: 'seca-operator/e2e' })
  const integer = { type: 'integer', minimum: 1 }
  const schema = {
    type: 'object',
    properties: {
      spec: { type: 'object', required: ['size'], properties: { size: integer, colour: { type: 'string' } } },
      status: { type: 'object', properties: { state: { type: 'string' } } },
    },
  }
  await client.raw('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${WIDGETS.resource}.${WIDGETS.group}` },
    spec: {
      group: WIDGETS.group,
      names: { kind: WIDGETS.kind, plural: WIDGETS.resource },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } }],
    },
  })
  await eventually(async () => (await Array.fromAsync(client.list(WIDGETS, {}))).length > 0)
})

afterAll(async () => {
  await client?.close()
  await apiserver?.stop()
  await plane?.stop()
  if (dataDir) rmSync(dataDir, { recursive: true, force: true })
})

async function eventually(probe: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  let failure: unknown
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await sleep(50)) {
    try {
      if (await probe()) return
    } catch (error) {
      failure = error
    }
  }
  throw new Error('still not so', { cause: failure })
}

async function namespace(): Promise<string> {
  const name = `ns-${Math.random().toString(36).slice(2, 10)}`
  await client.create(KUBERNETES.Namespace, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return name
}

const widget = (namespace: string, name: string, size: number) => ({
  apiVersion: 'kube-e2e.secapi.cloud/v1',
  kind: 'Widget',
  metadata: { name, namespace },
  spec: { size },
})
const configMap = (namespace: string, name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
})
const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error('no failure')),
    (error: ApiError) => error,
  )

/** The kubeconfig, through another port. */
function kubeconfigVia(port: number): string {
  const path = join(dataDir, `kubeconfig-${port}`)
  writeFileSync(path, readFileSync(plane.kubeconfig, 'utf8').replace(`:${plane.ports.apiserver}`, `:${port}`), { mode: 0o600 })
  return path
}

async function killApiserver(): Promise<void> {
  const { failed } = plane
  if (apiserver === undefined) {
    process.kill(plane.pids['kube-apiserver'] ?? 0, 'SIGKILL')
    await failed
  } else {
    apiserver.kill('SIGKILL')
    await apiserver.ended
  }
}

async function restartApiserver(): Promise<void> {
  const context = { dataDir, pki: ensurePki(join(dataDir, 'pki')), ports: plane.ports, kubeconfig: '' }
  const args = apiserverFlags(context)
  apiserver = await startChild({
    name: 'kube-apiserver',
    command: join(inject('assets'), 'kube-apiserver'),
    args,
    logFile: join(dataDir, 'logs', 'apiserver-2.log'),
    graceMs: 10_000,
  })
  await eventually(async () => (await client.raw('GET', '/readyz')) === 'ok')
}

function startReflector(options: { client: KubeClient; namespace: string; silentAfterMs?: number }) {
  const store = new Store<KubeObject>()
  const metrics = createMetrics()
  const changes: string[] = []
  store.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`))
  const reflector = new Reflector({ gvr: KUBERNETES.ConfigMap, store, log, metrics, ...options })
  const stop = new AbortController()
  const done = reflector.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  const counted = async (event: string) => (await metrics.watchEvents.get()).values.find(({ labels }) => labels.event === event)?.value ?? 0
  return { store, reflector, changes, counted }
}

test('create, read, replace, patch, delete', async () => {
  const ns = await namespace()
  const made = await client.create<Widget>(WIDGETS, ns, widget(ns, 'a', 1))
  expect(made.metadata.uid).toBeTruthy()
  const replaced = await client.replace<Widget>(WIDGETS, { ...made, spec: { size: 2 } })
  expect(replaced.metadata.generation).toBe(2)
  expect(isConflict(await failure(client.replace(WIDGETS, { ...made, spec: { size: 3 } })))).toBe(true)
  expect(isConflict(await failure(client.create(WIDGETS, ns, widget(ns, 'a', 1))))).toBe(true)

  const invalid = await failure(client.create(WIDGETS, ns, widget(ns, 'b', 0)))
  expect(isInvalid(invalid)).toBe(true)
  expect(invalid.causes[0]).toMatchObject({ field: 'spec.size', reason: 'FieldValueInvalid' })

  const finalizers = (uid: string | undefined) => [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/metadata/finalizers', value: ['kube-e2e.secapi.cloud/held'] },
  ]
  const held = await client.patch<Widget>(WIDGETS, ns, 'a', { type: 'json', body: finalizers(made.metadata.uid) })
  expect(held.metadata.finalizers).toEqual(['kube-e2e.secapi.cloud/held'])
  // A test that fails is Invalid: the object is another one than we meant.
  expect(isInvalid(await failure(client.patch(WIDGETS, ns, 'a', { type: 'json', body: finalizers('other') })))).toBe(true)

  expect(isConflict(await failure(client.delete(WIDGETS, ns, 'a', { uid: 'other' })))).toBe(true)
  await client.delete(WIDGETS, ns, 'a', { uid: made.metadata.uid ?? '' })
  expect((await client.get<Widget>(WIDGETS, ns, 'a')).metadata.deletionTimestamp).toBeTruthy()
  await client.patch(WIDGETS, ns, 'a', { type: 'merge', body: { metadata: { finalizers: null } } })
  expect(isNotFound(await failure(client.get(WIDGETS, ns, 'a')))).toBe(true)
})

test('server-side apply of spec and of status, with owners', async () => {
  const ns = await namespace()
  const first = await client.apply<Widget>(WIDGETS, widget(ns, 'a', 1), { fieldManager: 'one' })
  const status = { ...widget(ns, 'a', 1), spec: undefined, status: { state: 'active' } }
  const applied = await client.apply<Widget>(WIDGETS, status, { fieldManager: 'controller', force: true, subresource: 'status' })
  expect(applied).toMatchObject({ spec: { size: 1 }, status: { state: 'active' }, metadata: { generation: first.metadata.generation } })
  const conflict = await failure(client.apply(WIDGETS, widget(ns, 'a', 2), { fieldManager: 'two' }))
  expect(isConflict(conflict)).toBe(true)
  expect(conflict.causes[0]).toMatchObject({ reason: 'FieldManagerConflict', field: '.spec.size' })
  expect(conflict.message).toContain('"one"')
  expect(await client.apply<Widget>(WIDGETS, widget(ns, 'a', 2), { fieldManager: 'two', force: true })).toMatchObject({
    spec: { size: 2 },
    status: { state: 'active' },
  })
})

test('lists come in pages of one version', async () => {
  const ns = await namespace()
  await Promise.all(Array.from({ length: 25 }, (_, i) => client.create(KUBERNETES.ConfigMap, ns, configMap(ns, `c${i}`))))
  const pages = await Array.fromAsync(client.list(KUBERNETES.ConfigMap, { namespace: ns, pageSize: 10 }))
  expect(pages.map(({ items }) => items.length)).toEqual([10, 10, 5])
  expect(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size).toBe(1)
  expect(pages[0]?.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
})

test('a reflector survives a killed apiserver, and brings what happened meanwhile', async () => {
  const ns = await namespace()
  await client.create(KUBERNETES.ConfigMap, ns, configMap(ns, 'before'))
  const { store, reflector, changes } = startReflector({ client, namespace: ns })
  await reflector.whenSynced()
  expect(store.size).toBe(1)
  await killApiserver()
  await sleep(2_000)
  await restartApiserver()
  await client.create(KUBERNETES.ConfigMap, ns, configMap(ns, 'after'))
  await eventually(() => store.size === 2)
  expect(changes).toEqual(['added before', 'added after'])
})

test('dropped, refused and silent connections cost no event', async () => {
  const ns = await namespace()
  const proxy = await startTcpProxy(plane.ports.apiserver)
  const behind = connect({ kubeconfig: kubeconfigVia(proxy.port), userAgent: 'seca-operator/e2e' })
  onTestFinished(async () => {
    await behind.close()
    await proxy.close()
  })
  const { store, reflector, changes, counted } = startReflector({ client: behind, namespace: ns, silentAfterMs: 5_000 })
  await reflector.whenSynced()
  const made = await client.create<KubeObject>(KUBERNETES.ConfigMap, ns, configMap(ns, 'kept'))
  await eventually(() => store.size === 1)

  proxy.drop()
  await client.create(KUBERNETES.ConfigMap, ns, configMap(ns, 'dropped'))
  await eventually(() => store.size === 2)

  proxy.refuse(true)
  await client.delete(KUBERNETES.ConfigMap, ns, 'kept')
  await client.create(KUBERNETES.ConfigMap, ns, configMap(ns, 'kept'))
  await sleep(1_500)
  expect(store.get(`${ns}/kept`)?.metadata.uid).toBe(made.metadata.uid)
  proxy.refuse(false)
  await eventually(() => store.get(`${ns}/kept`)?.metadata.uid !== made.metadata.uid && store.size === 2)
  expect(changes.slice(-2)).toEqual(['deleted kept', 'added kept'])

  proxy.silence()
  await client.create(KUBERNETES.ConfigMap, ns, configMap(ns, 'silent'))
  await eventually(() => store.size === 3)
  expect(await counted('silent')).toBeGreaterThan(0)
  expect(await counted('listed')).toBe(1)
})

test('after compaction and restart: one new list, differences by uid, nothing twice', async () => {
  const ns = await namespace()
  const proxy = await startTcpProxy(plane.ports.apiserver)
  const behind = connect({ kubeconfig: kubeconfigVia(proxy.port), userAgent: 'seca-operator/e2e' })
  onTestFinished(async () => {
    await behind.close()
    await proxy.close()
  })
  for (const name of ['same', 'remade', 'removed']) await client.create(KUBERNETES.ConfigMap, ns, configMap(ns, name))
  const { store, reflector, changes, counted } = startReflector({ client: behind, namespace: ns })
  await reflector.whenSynced()
  changes.length = 0
  proxy.refuse(true)
  await client.delete(KUBERNETES.ConfigMap, ns, 'remade')
  const remade = await client.create<KubeObject>(KUBERNETES.ConfigMap, ns, configMap(ns, 'remade'))
  await client.delete(KUBERNETES.ConfigMap, ns, 'removed')
  const last = await client.create<KubeObject>(KUBERNETES.ConfigMap, ns, configMap(ns, 'new'))
  await compact(last.metadata.resourceVersion ?? '')
  // A new apiserver's cache begins at the present: nobody can tell what happened since.
  await killApiserver()
  await restartApiserver()
  proxy.refuse(false)
  await eventually(async () => (await counted('listed')) === 2)
  expect(await counted('expired')).toBe(1)
  expect(changes.toSorted()).toEqual(['added new', 'added remade', 'deleted remade', 'deleted removed'])
  expect(store.get(`${ns}/remade`)?.metadata.uid).toBe(remade.metadata.uid)
  expect(store.size).toBe(3)
  expect(isGone(await oldWatch(ns))).toBe(true)
})

/** How a watch from before the compaction ends: refused, or with an ERROR event. */
async function oldWatch(ns: string): Promise<unknown> {
  try {
    const lines = await client.watch(KUBERNETES.ConfigMap, {
      namespace: ns,
      resourceVersion: '1',
      timeoutSeconds: 5,
      signal: AbortSignal.timeout(10_000),
    })
    const [first] = (await Array.fromAsync(lines)).flat()
    return apiErrorFrom('watch', { status: 0 }, (JSON.parse(first ?? '{}') as { object?: unknown }).object)
  } catch (error) {
    return error
  }
}

/** etcd's own compaction, through its HTTP gateway. */
async function compact(revision: string): Promise<void> {
  const pki = ensurePki(join(dataDir, 'pki'))
  const tls = { ca: pki.read('etcd-ca.crt'), cert: pki.read('etcd-client.crt'), key: pki.read('etcd-client.key') }
  const call = request(`https://127.0.0.1:${plane.ports.etcd}/v3/kv/compaction`, { ...tls, method: 'POST' })
  call.end(JSON.stringify({ revision, physical: true }))
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  answer.resume()
  expect(answer.statusCode).toBe(200)
}

const program = (code: string) => ['--input-type=module-typescript', '--eval', code]
const source = (file: string) => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href)

test('of two electors one leads; when its process is killed, the other does', async () => {
  const ns = await namespace()
  const other = spawn(
    process.execPath,
    program(`
      import { connect } from ${source('kube/config.ts')}
      import { LeaseElector } from ${source('kube/lease.ts')}
      import { createLog } from ${source('observe/log.ts')}
      const client = connect({ kubeconfig: ${JSON.stringify(plane.kubeconfig)}, userAgent: 'seca-operator/e2e' })
      const elector = new LeaseElector({ client, namespace: '${ns}', name: 'shard', identity: 'victim', log: createLog({ level: 'silent', name: 'x' }), leaseMs: 4000, renewMs: 3000, retryMs: 500 })
      await elector.run({ signal: new AbortController().signal, lead: () => { console.log('leading'); return new Promise(() => {}) } })
    `),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  onTestFinished(() => void other.kill('SIGKILL'))
  const [line] = (await once(createInterface(other.stdout), 'line')) as [string]
  expect(line).toBe('leading')

  const stop = new AbortController()
  const elector = new LeaseElector({
    client,
    namespace: ns,
    name: 'shard',
    identity: 'heir',
    log,
    leaseMs: 4_000,
    renewMs: 3_000,
    retryMs: 500,
  })
  let leading = false
  const done = elector.run({
    signal: stop.signal,
    lead: async (signal) => {
      leading = true
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    },
  })
  onTestFinished(async () => {
    stop.abort()
    await done
  })
  // Longer than a lease: the victim renews (a MicroTime that the apiserver refused would end that).
  await sleep(6_000)
  expect(leading).toBe(false)
  other.kill('SIGKILL')
  await eventually(() => leading)
  const lease = await client.get<KubeObject & { spec: { holderIdentity: string; leaseTransitions: number } }>(KUBERNETES.Lease, ns, 'shard')
  expect(lease.spec).toMatchObject({ holderIdentity: 'heir', leaseTransitions: 1 })
  expect(elector.remainingMs()).toBeGreaterThan(0)
  stop.abort()
  await done
  expect((await client.get<typeof lease>(KUBERNETES.Lease, ns, 'shard')).spec.holderIdentity).toBe('')
})

test('events are accepted, and repeated ones become a series', async () => {
  const ns = await namespace()
  const made = await client.create<Widget>(WIDGETS, ns, widget(ns, 'a', 1))
  const events = new EventRecorder({ client, component: 'secapi.cloud/e2e', instance: 'here', log })
  const note = { type: 'Warning', reason: 'Rejected', action: 'Create', message: 'quota exceeded' } as const
  for (let i = 0; i < 3; i++) {
    events.record(made, note)
    await events.flush()
  }
  events.record(await client.get<KubeObject>(KUBERNETES.Namespace, undefined, ns), { ...note, message: 'of a namespace' })
  await events.flush()
  const notes = async (where: string, kind: string) => {
    const pages = await Array.fromAsync(
      client.list<RecordedEvent>(KUBERNETES.Event, { namespace: where, fieldSelector: `regarding.kind=${kind}` }),
    )
    return pages.flatMap(({ items }) => items.map(({ note: text, series }) => [text, series?.count]))
  }
  expect(await notes(ns, 'Widget')).toEqual([['quota exceeded', 3]])
  expect(await notes('default', 'Namespace')).toEqual([['of a namespace', undefined]])
})

test('ten thousand objects fit', async () => {
  const ns = await namespace()
  const count = 10_000
  let next = 0
  const filler = 'x'.repeat(600)
  const worker = async () => {
    for (let i = next++; i < count; i = next++)
      await client.create(KUBERNETES.ConfigMap, ns, configMap(ns, `object-${i}`, { filler: `${i}${filler}` }))
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  const code = `
    import { connect } from ${source('kube/config.ts')}
    import { Reflector } from ${source('kube/reflector.ts')}
    import { Store } from ${source('kube/store.ts')}
    import { createLog } from ${source('observe/log.ts')}
    import { createMetrics } from ${source('observe/metrics.ts')}
    const client = connect({ kubeconfig: ${JSON.stringify(plane.kubeconfig)}, userAgent: 'seca-operator/e2e' })
    await client.raw('GET', '/version')
    const before = process.memoryUsage.rss()
    const store = new Store()
    const started = performance.now()
    const reflector = new Reflector({ client, gvr: ${JSON.stringify(KUBERNETES.ConfigMap)}, store, namespace: '${ns}', log: createLog({ level: 'silent', name: 'x' }), metrics: createMetrics() })
    void reflector.run(new AbortController().signal)
    await reflector.whenSynced()
    console.log(JSON.stringify({ size: store.size, ms: Math.round(performance.now() - started), beforeMiB: before / 2 ** 20, peakMiB: process.resourceUsage().maxRSS / 1024 }))
    process.exit(0)
  `
  const child = spawn(process.execPath, program(code), { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const seen = JSON.parse(line) as { size: number; ms: number; beforeMiB: number; peakMiB: number }
  expect(seen.size).toBe(count)
  expect(seen.peakMiB).toBeLessThan(256)
})
