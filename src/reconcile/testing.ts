import { onTestFinished } from 'vitest'
import type { CharacterName } from '../../providers/simulator/cloud/characters.ts'
import type { Namespace } from '../cache/directory.ts'
import { kindNamed, KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { systemClock } from '../kube/clock.ts'
import { MemoryServer } from '../kube/memory-testing.ts'
import type { Capability, Connection, ResourceAdapter } from '../provider/contract.ts'
import { keyOf } from '../resolve/names.ts'
import { type Audit, audit } from './audit-testing.ts'
import { plainCloud, providerOf, SimulatedCloud } from './cloud-testing.ts'
import type { Gate, Step } from './gate-testing.ts'
import { OPERATOR, Replica, type ReplicaOptions } from './replica-testing.ts'
import { FakeTime } from './time-testing.ts'

export { plainCloud }

interface Announcement {
  readonly object: string
  readonly reason: string
  readonly message: string
}

export interface WorldOptions {
  /** Adapters by kind instead of the simulated cloud. */
  readonly adapters?: Readonly<Record<string, ResourceAdapter>>
  /** What their provider can do; absent: a cloud that takes every change, at once. */
  readonly capabilities?: Readonly<Record<string, Capability>>
  /** How the account is listed; absent: objects are looked at one by one. */
  readonly sweep?: NonNullable<Connection['sweep']>
  /** Tenants that may adopt (`CloudProvider.spec.adoption`). */
  readonly adopters?: readonly string[]
  /** How long operations of the simulated cloud take; 0 if absent. */
  readonly cloudMs?: number
  /** What kind of cloud the simulated one is; neat if absent. */
  readonly characters?: readonly CharacterName[]
  /** Of all that is random; without one, everything random is in the middle. */
  readonly seed?: number
}

const INSTALLATION = 'i'
/** Kubernetes takes this long to empty a namespace, and between two looks at it. */
const NAMESPACE_MS = 5_000
const ACTIVE = { state: 'active', observedGeneration: 1 } as const

/**
 * For unit tests: an apiserver and a cloud in memory, in a time of their own, and processes of controllers on them. A world begins with
 * one process that needs no Lease, does one thing at a time and hears of everything at once; the first `replica()` takes its place, and
 * from then on namespaces are emptied by themselves.
 */
export function createWorld({ adapters, capabilities, sweep, adopters = [], cloudMs = 0, characters = ['neat'], seed }: WorldOptions = {}) {
  const time = new FakeTime(seed)
  const giveBack = time.install()
  onTestFinished(giveBack)
  const cluster = new MemoryServer({ isPrompt: true, now: () => time.now })
  const cloud = new SimulatedCloud(time, cloudMs, characters)
  const announcements: Announcement[] = []
  const lost: string[] = []
  const agenda = agendaOf(time)
  const steps: Step[] = []
  let afterPass: () => void = () => undefined

  const record = ({ kind, metadata }: Pick<Resource, 'kind' | 'metadata'>, { reason, message }: Omit<Announcement, 'object'>) => {
    if (reason === 'ClaimLost') lost.push(metadata.name)
    announcements.push({ object: `${kind} ${metadata.name}`, reason, message })
  }
  const onStep = (step: Omit<Step, 'index'>) => {
    const next = { ...step, index: steps.length }
    steps.push(next)
    world.onStep(next)
  }
  const provider = (gate: Gate) => (adapters === undefined ? cloud.provider(gate) : providerOf(adapters, capabilities, sweep))
  const make = (options: ReplicaOptions & { readonly isAlone?: boolean }) =>
    new Replica({ ...options, time, cluster, provider, onStep, recorder: { record: record as never } })

  populate(cluster, adopters, characters)
  const first = make({ latencyMs: 0, isAlone: true })
  const { engine, cache, waker, queue, sweeper, coverage, metrics } = first
  agenda.listen(queue)
  const { signal } = new AbortController()
  time.as(first, () => {
    waker.attach()
    queue.open()
    void engine.run(1, signal, async (id, reconcile) => {
      // Nothing is begun while time stands still.
      await time.clock.sleep(0)
      agenda.due.delete(id)
      await reconcile()
      afterPass()
    })
  })

  const kindOf = (name: string) => kindNamed(name) as Kind
  const { client } = cluster
  const world = {
    cluster,
    cloud,
    time,
    announcements,
    /** Every moment at which a process could have died so far. */
    steps,
    /** Called at each of them; may kill, freeze or cut the process. */
    onStep: (_step: Step): void => undefined,
    /** Namespaces that lost against an older one. */
    lost,
    /** Of the process that a world begins with. */
    cache,
    engine,
    waker,
    agenda,
    coverage,
    metrics,
    /** One round of sweeps of the first process, ten minutes before the next; nothing else happens unless it takes time, so many milliseconds. */
    async sweep(ms?: number): Promise<void> {
      const round = time.as(first, () => sweeper.round(systemClock.now() + 600_000, signal))
      if (ms !== undefined) await time.run(ms)
      await round
    },
    /** Another process of controllers, which waits for the Lease. */
    replica(options: ReplicaOptions = {}): Replica {
      if (replicas.length === 0) emptyNamespaces(cluster, time)
      first.kill()
      const replica = make({ identity: `replica-${replicas.length}`, ...options })
      replicas.push(replica)
      replica.start()
      return replica
    },
    /** Lets so many milliseconds pass; `after` hears of the end of each pass of the first process. */
    async run(ms = 0, after: () => void = () => undefined): Promise<void> {
      afterPass = after
      await time.run(ms)
      afterPass = () => undefined
    },
    /** One pass over one object, whatever is due. */
    reconcile: (kind: string, namespace: string | undefined, name: string) =>
      time.as(first, () => engine.reconcile(`${kind}|${keyOf(namespace, name)}`, signal)),
    /** What must be empty whatever happened. */
    audit: (): Audit => audit(cluster, cloud, INSTALLATION),
    /** What the cluster (not a cache) has. */
    get: (kind: string, namespace: string | undefined, name: string) => cluster.read<Resource>(kindOf(kind).gvr, namespace, name),
    namespace: (name: string) => cluster.read<Namespace>(KUBERNETES.Namespace, undefined, name),
    create(kind: string, namespace: string | undefined, name: string, spec: object, more: { metadata?: object; status?: object } = {}) {
      const { apiVersion, gvr } = kindOf(kind)
      const place = namespace === undefined ? {} : { namespace }
      const status = more.status === undefined ? {} : { status: more.status }
      return cluster.put<Resource>(gvr, { apiVersion, kind, metadata: { name, ...place, ...more.metadata }, spec, ...status } as never)
    },
    edit: (kind: string, namespace: string | undefined, name: string, body: object) =>
      client.patch<Resource>(kindOf(kind).gvr, namespace, name, { type: 'merge', body }),
    delete: (kind: string, namespace: string | undefined, name: string) => client.delete(kindOf(kind).gvr, namespace, name),
    deleteNamespace: (name: string) => client.delete(KUBERNETES.Namespace, undefined, name),
    addNamespace: (name: string, labels: Readonly<Record<string, string>>) =>
      cluster.put<Namespace>(KUBERNETES.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
  }
  const replicas: Replica[] = []
  return world
}

export type World = ReturnType<typeof createWorld>

/** A world with workspace `prod` in a namespace `w` that an administrator labelled. */
export function workspaceWorld(options: WorldOptions = {}): World {
  const world = createWorld(options)
  world.addNamespace('w', { [TENANT_LABEL]: 'acme', [WORKSPACE_LABEL]: 'prod' })
  const status = options.adapters === undefined ? {} : { status: { ...ACTIVE, externalId: 'prj-1' } }
  world.create('Workspace', 't', 'prod', {}, status)
  return world
}

/** What a queue is told: every key in order, and when those that were not begun are due. */
function agendaOf(time: FakeTime) {
  const due = new Map<string, number>()
  const added: string[] = []
  return {
    due,
    added,
    get now() {
      return time.now
    },
    set now(now: number) {
      time.now = now
    },
    listen(queue: Replica['queue']) {
      const add = queue.add.bind(queue)
      queue.add = (key, options) => {
        added.push(key)
        due.set(key, Math.min(due.get(key) ?? Infinity, time.now + (options?.afterMs ?? 0)))
        add(key, options)
      }
    },
  }
}

/** Region `eu-1` of a simulated cloud, tenant `acme` (namespace `t`), and SKUs. */
function populate(cluster: MemoryServer, adopters: readonly string[], characters: readonly CharacterName[]): void {
  const put = (kindName: string, name: string, spec: object, status?: object) => {
    const { gvr, apiVersion, kind } = kindNamed(kindName) as Kind
    cluster.put(gvr, { apiVersion, kind, metadata: { name }, spec, ...(status && { status }) } as never)
  }
  const secret = (text: string) => Buffer.from(text).toString('base64')
  for (const { gvr } of KINDS) cluster.install(`${gvr.resource}.${gvr.group}`)
  const there = { apiVersion: 'v1', metadata: { namespace: OPERATOR } }
  cluster.add({
    ...there,
    kind: 'ConfigMap',
    metadata: { ...there.metadata, name: 'seca-installation' },
    data: { id: INSTALLATION },
  } as never)
  cluster.add({ ...there, kind: 'Secret', metadata: { ...there.metadata, name: 's' }, data: { token: secret('t') } } as never)
  const labels = { [TENANT_LABEL]: 'acme' }
  cluster.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
  cluster.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } })
  cluster.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR } })
  cluster.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 't', labels } })
  put('Region', 'eu-1', { availableZones: ['a', 'b'], cloudProvider: 'sim' }, ACTIVE)
  const account = { type: 'simulator', credentialsSecretRef: { name: 's' }, settings: { endpoint: 'http://127.0.0.1:1', characters } }
  put('CloudProvider', 'sim', { ...account, requestsPerSecond: 1_000, burst: 1_000, adoption: { tenants: adopters } }, ACTIVE)
  put('StorageSku', 'eu-1.rd100', { region: 'eu-1', iops: 100, type: 'remote-durable', minVolumeSize: 1 })
  put('InstanceSku', 'eu-1.ds', { region: 'eu-1', vCPU: 1, ram: 1 })
  put('NetworkSku', 'eu-1.n1k', { region: 'eu-1', bandwidth: 1_000, packets: 10_000 })
}

/** As Kubernetes does: what is in a namespace that is going goes, then the namespace. */
function emptyNamespaces(cluster: MemoryServer, time: FakeTime): void {
  const seen = new Set<string>()
  cluster.onChange(({ kind, metadata }, isGone) => {
    const { uid = '', name, deletionTimestamp } = metadata
    if (kind !== 'Namespace' || isGone || deletionTimestamp === undefined || seen.has(uid)) return
    seen.add(uid)
    const look = () => {
      if (!cluster.sweep(name)) time.later(NAMESPACE_MS, look)
    }
    time.later(NAMESPACE_MS, look)
  })
}
