import { CONTROLLERS } from '../../controllers/index.ts'
import { Cache } from '../cache/cache.ts'
import { Edges } from '../cache/edges.ts'
import type { Namespace } from '../cache/directory.ts'
import { kindNamed, KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeClient } from '../kube/client.ts'
import type { WorkQueue } from '../kube/queue.ts'
import { silentLog } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import type { Capability, Connection, ResourceAdapter } from '../provider/contract.ts'
import { keyOf } from '../resolve/names.ts'
import type { Connections } from './connections.ts'
import { Engine } from './engine.ts'
import { Identities } from './identity.ts'
import { createServices, isUninstalling, live } from './services.ts'
import { Cluster } from './cluster-testing.ts'
import { createView } from './view.ts'
import { Waker } from './wake.ts'
import { Writer } from './writer.ts'

/** A work queue whose time stands still between two keys: what is due next is worked off next, whenever that is. */
class Agenda {
  now = Date.parse('2026-01-01T00:00:00Z')
  readonly due = new Map<string, number>()
  /** Every key that was added, in order. */
  readonly added: string[] = []

  add(key: string, { afterMs = 0 }: { afterMs?: number } = {}): void {
    this.added.push(key)
    this.due.set(key, Math.min(this.due.get(key) ?? Infinity, this.now + afterMs))
  }
  retry(key: string, atLeastMs = 0): number {
    const afterMs = Math.max(500, atLeastMs)
    this.add(key, { afterMs })
    return afterMs
  }
  forget(): void {}

  /** The next key that is due by `until`; time moves on to it. */
  take(until: number): string | undefined {
    const [next] = [...this.due].toSorted(([, one], [, other]) => one - other)
    if (next === undefined || next[1] > until) return undefined
    this.due.delete(next[0])
    this.now = Math.max(this.now, next[1])
    return next[0]
  }
}

interface Announcement {
  readonly object: string
  readonly reason: string
  readonly message: string
}

export interface WorldOptions {
  /** Adapters by kind; absent: every kind is made at once, whatever its spec says. */
  readonly adapters?: Readonly<Record<string, ResourceAdapter>>
  /** What their provider can do; absent: a cloud that takes every change, at once. */
  readonly capabilities?: Readonly<Record<string, Capability>>
  /** Tenants that may adopt (`CloudProvider.spec.adoption`). */
  readonly adopters?: readonly string[]
}

/** For unit tests: the whole engine with all controllers on an apiserver in memory, in a time of its own. */
export function createWorld({ adapters, capabilities, adopters = [] }: WorldOptions = {}) {
  const cache = new Cache(KINDS, 'eu-1')
  const agenda = new Agenda()
  const cluster = new Cluster(cache, () => agenda.now)
  const client = cluster as unknown as KubeClient
  const clouds = adapters ?? Object.fromEntries(KINDS.map(({ kind }) => [kind, plainCloud().adapter]))
  const connection: Connection = {
    adapters: clouds,
    check: () => Promise.resolve({ account: 'fake' }),
    inventory: async function* () {},
    close: () => Promise.resolve(),
  }
  const connections = {
    serves: () => true,
    get: (_region: string, tenant: string) =>
      Promise.resolve({
        connection,
        capabilities: capabilities ?? Object.fromEntries(KINDS.map(({ kind }) => [kind, PLAIN])),
        provider: 'fake',
        cloudProvider: 'sim',
        secret: 's',
        mayAdopt: adopters.includes(tenant),
      }),
    check: () => Promise.resolve(),
    reportBroken: (_link: unknown, error: Error) => error,
  } as unknown as Connections
  const edges = new Edges(cache)
  const view = createView(cache, edges.graph)
  const controllers = new Map(CONTROLLERS.map((controller) => [controller.kind.kind, controller]))
  const queue = agenda as unknown as WorkQueue
  const lost: string[] = []
  const waker = new Waker({ cache, edges, controllers, queue, onLostClaim: ({ metadata }) => void lost.push(metadata.name) })
  const announcements: Announcement[] = []
  const announce = ({ kind, metadata }: Resource, _type: string, reason: string, message: string) =>
    void announcements.push({ object: `${kind} ${metadata.name}`, reason, message })
  const metrics = createMetrics()
  const engine = new Engine({
    cache,
    edges,
    view,
    controllers,
    queue,
    metrics,
    log: silentLog,
    driftIntervalMs: 600_000,
    writer: new Writer(client, (kind) => cache.store(kind)),
    identities: new Identities({
      lookup: cache,
      graph: edges.graph,
      connections,
      installation: 'i',
      callTimeoutMs: 60_000,
      metrics,
      log: silentLog,
    }),
    announcer: { announce, transition: () => undefined } as never,
    services: createServices(client, cache, connections),
    isUninstalling: (kind, signal) => isUninstalling(client, kind, signal),
    live: (kind, object, signal) => live(client, kind, object, signal),
    roadMs: 60_000,
    now: () => agenda.now,
    uptime: () => agenda.now,
    random: () => 0.5,
  })
  waker.attach()
  const signal = new AbortController().signal
  const kindOf = (name: string) => kindNamed(name) as Kind

  const world = {
    cache,
    cluster,
    agenda,
    engine,
    waker,
    lost,
    announcements,
    /** Works off everything that is due within so many milliseconds; `after` hears of the end of each pass. */
    async run(ms = 0, after: () => void = () => undefined): Promise<void> {
      const until = agenda.now + ms
      for (let key = agenda.take(until); key !== undefined; key = agenda.take(until)) {
        await engine.reconcile(key, signal)
        after()
      }
      agenda.now = until
    },
    /** One pass over one object, whatever is due. */
    reconcile: (kind: string, namespace: string | undefined, name: string) => engine.reconcile(`${kind}|${keyOf(namespace, name)}`, signal),
    /** What the cluster (not the cache) has. */
    get: (kind: string, namespace: string | undefined, name: string) => cluster.read<Resource>(kindOf(kind).gvr, namespace, name),
    namespace: (name: string) => cluster.read<Namespace>(KUBERNETES.Namespace, undefined, name),
    create(kind: string, namespace: string | undefined, name: string, spec: object, more: { metadata?: object; status?: object } = {}) {
      const { apiVersion, gvr } = kindOf(kind)
      const status = more.status === undefined ? {} : { status: more.status }
      return cluster.put<Resource>(gvr, { apiVersion, kind, metadata: { name, namespace, ...more.metadata }, spec, ...status } as never)
    },
    edit: (kind: string, namespace: string | undefined, name: string, body: object) =>
      client.patch<Resource>(kindOf(kind).gvr, namespace, name, { type: 'merge', body }),
    delete: (kind: string, namespace: string | undefined, name: string) => client.delete(kindOf(kind).gvr, namespace, name),
    deleteNamespace: (name: string) => client.delete(KUBERNETES.Namespace, undefined, name),
    addNamespace: (name: string, labels: Readonly<Record<string, string>>) =>
      cluster.put<Namespace>(KUBERNETES.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
  }
  for (const { gvr } of KINDS) cluster.install(`${gvr.resource}.${gvr.group}`)
  world.addNamespace('t', { [TENANT_LABEL]: 'acme' })
  world.create('Region', undefined, 'eu-1', { availableZones: ['a', 'b'], cloudProvider: 'sim' }, { status: ACTIVE })
  world.create('CloudProvider', undefined, 'sim', { type: 'fake', credentialsSecretRef: { name: 's' } }, { status: ACTIVE })
  world.create('StorageSku', undefined, 'eu-1.rd100', { region: 'eu-1', iops: 100, type: 'remote-durable', minVolumeSize: 1 })
  world.create('InstanceSku', undefined, 'eu-1.ds', { region: 'eu-1', vCPU: 1, ram: 1 })
  return world
}

export type World = ReturnType<typeof createWorld>

/** A world with workspace `prod` in a namespace `w` that an administrator labelled. */
export function workspaceWorld(options: WorldOptions = {}): World {
  const world = createWorld(options)
  world.addNamespace('w', { [TENANT_LABEL]: 'acme', [WORKSPACE_LABEL]: 'prod' })
  world.create('Workspace', 't', 'prod', {}, { status: { ...ACTIVE, externalId: 'prj-1' } })
  return world
}

const ACTIVE = { state: 'active', observedGeneration: 1 } as const

/** A cloud that takes every change, at once. */
const PLAIN: Capability = {
  object: 'own',
  updates: ['spec'],
  create: 'idempotent',
  lookup: 'tag',
  settleMs: 0,
  lane: 'none',
}

interface PlainObject {
  readonly id: string
  readonly tag: string
  readonly incarnation: string
  readonly spec: string
}

/** A cloud that does at once what it is told. `calls` holds `verb tag`. */
export function plainCloud() {
  const objects = new Map<string, PlainObject>()
  const calls: string[] = []
  let made = 0
  const adapter: ResourceAdapter = {
    observe({ tag, spec, externalId, mayAdopt }) {
      calls.push('observe')
      const found =
        objects.get(tag) ?? (mayAdopt ? [...objects.values()].find(({ id, tag: none }) => id === externalId && none === '') : undefined)
      if (found === undefined) return Promise.resolve(undefined)
      const drift = found.spec === JSON.stringify(spec) ? [] : ['spec']
      return Promise.resolve({ externalId: found.id, status: {}, drift })
    },
    create({ tag, incarnation, spec }) {
      calls.push('create')
      const id = `c-${++made}`
      objects.set(tag, { id, tag, incarnation, spec: JSON.stringify(spec) })
      return Promise.resolve({ externalId: id })
    },
    update({ tag, spec, incarnation }, { externalId }) {
      calls.push('update')
      for (const [key, { id }] of objects) if (id === externalId) objects.delete(key)
      objects.set(tag, { id: externalId ?? '', tag, incarnation, spec: JSON.stringify(spec) })
      return Promise.resolve()
    },
    delete({ tag }) {
      calls.push('delete')
      objects.delete(tag)
      return Promise.resolve()
    },
  }
  return { adapter, objects, calls }
}
