import { CONTROLLERS } from '../../controllers/index.ts'
import { PROVIDERS } from '../../providers/index.ts'
import type { ControllersConfig } from '../cli/config.ts'
import { KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { KubeClient } from '../kube/client.ts'
import type { EventRecorder } from '../kube/events.ts'
import { systemClock } from '../kube/clock.ts'
import { WorkQueue } from '../kube/queue.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { Abandonments } from '../reconcile/abandoned.ts'
import { readsOf } from '../provider/capability.ts'
import type { Provider } from '../provider/contract.ts'
import { Announcer } from '../reconcile/announce.ts'
import type { Cache } from '../cache/cache.ts'
import { Edges } from '../cache/edges.ts'
import type { Fence } from '../provider/fence.ts'
import { ProviderError } from '../provider/errors.ts'
import { Connections } from '../reconcile/connections.ts'
import { Coverage } from '../reconcile/coverage.ts'
import type { Controller } from '../reconcile/controller.ts'
import { Engine } from '../reconcile/engine.ts'
import { Identities } from '../reconcile/identity.ts'
import { Inspector } from '../reconcile/inspector.ts'
import { createServices, isUninstalling, live, readSecret } from '../reconcile/services.ts'
import { shareOf } from '../reconcile/share.ts'
import { OwnedQueue } from '../reconcile/shards/owned-queue.ts'
import type { Rights } from '../reconcile/shards/rights.ts'
import { Sweeper } from '../reconcile/sweeper.ts'
import { createView } from '../reconcile/view.ts'
import { Waker } from '../reconcile/wake.ts'
import { Writer } from '../reconcile/writer.ts'
import { isWorker } from './share.ts'

/** What the engine of a process is made of. */
interface Parts {
  readonly config: ControllersConfig
  readonly client: KubeClient
  readonly cache: Cache
  readonly recorder: EventRecorder
  readonly installation: string
  /** Of this process. */
  readonly identity: string
  readonly log: Log
  readonly metrics: Metrics
  /** Whether this process leads for sure. */
  readonly mayAct: () => boolean
  /** What this process may work on, where replicas share the accounts; absent: on everything, while it leads. */
  readonly rights?: Rights
  /** All that are known if absent. */
  readonly providers?: readonly Provider[]
}

/** Puts the engine of a process together; it does nothing yet. */
export function assemble({
  config,
  client,
  cache,
  recorder,
  installation,
  identity,
  log,
  metrics,
  mayAct,
  rights,
  providers = PROVIDERS,
}: Parts) {
  const edges = new Edges(cache)
  const view = createView(cache, edges.graph)
  const byKind = CONTROLLERS_BY_KIND
  const reads = new Map(KINDS.map(({ kind }) => [kind, readsOf(providers.map(({ capabilities }) => capabilities[kind]))]))
  const lines = { name: 'resources', metrics, backoff: { baseMs: 500, maxMs: 60_000 }, shareOf: shareOf(cache, byKind) }
  const queue = rights === undefined ? new WorkQueue(lines) : new OwnedQueue(lines, rights.isOurs)
  queue.close()
  const { operatorNamespace, callTimeoutMs, driftIntervalMs } = config
  const connections = new Connections({
    lookup: cache,
    providers,
    operatorNamespace,
    installation,
    readSecret: (name, signal) => readSecret(client, operatorNamespace, name, signal),
    now: systemClock.now,
    fence: (account) => fenceOf(rights === undefined ? mayAct : () => rights.mayAct(account)),
    userAgent: `seca-operator/controllers (${identity})`,
    isShared: rights !== undefined,
    onBroken: (name) => queue.add(`CloudProvider|${name}`, { priority: 'high' }),
  })
  const waker = new Waker({
    cache,
    edges,
    controllers: byKind,
    queue,
    reads: ({ kind }) => reads.get(kind)?.targets ?? [],
    readsHolders: ({ kind }) => reads.get(kind)?.hasHolders === true,
    onLostClaim: (namespace, winner) => {
      const message = `namespace ${winner} is older and stands for the same tenant or workspace: this one is left alone`
      log.warn({ namespace: namespace.metadata.name, winner }, 'two namespaces claim one tenant or workspace')
      recorder.record(namespace, { type: 'Warning', reason: 'ClaimLost', action: 'Assign', message })
    },
  })
  const announcer = new Announcer({ recorder, log, metrics, cache, now: Date.now })
  const uninstalling = (kind: Kind, signal: AbortSignal) => isUninstalling(client, kind, signal)
  const abandonments = new Abandonments({
    cache,
    announcer,
    metrics,
    isUninstalling: uninstalling,
    ...(rights === undefined ? {} : { isOurs: isWorker(rights, cache, byKind) }),
  })
  const identities = new Identities({ lookup: cache, graph: edges.graph, connections, installation, callTimeoutMs, metrics, log })
  const services = createServices(client, cache, connections)
  const coverage = new Coverage({
    cache,
    controllers: byKind,
    queue,
    connections,
    identities,
    ...(rights === undefined ? {} : { isOurs: rights.isOurRegion }),
  })
  const sweeper = new Sweeper({
    coverage,
    inspector: new Inspector({ lookup: cache, view, services, identities, now: Date.now }),
    queue,
    connections,
    installation,
    driftIntervalMs,
    callTimeoutMs,
    metrics,
    log,
    clock: systemClock,
    random: Math.random,
    ...(rights === undefined ? {} : { endOf: rights.endOf }),
  })
  const engine = new Engine({
    cache,
    edges,
    view,
    controllers: byKind,
    queue,
    sweeps: coverage,
    metrics,
    log,
    driftIntervalMs,
    writer: new Writer(client, (kind) => cache.store(kind), { log, onRelease: (object) => abandonments.released(object) }),
    identities,
    announcer,
    services,
    isUninstalling: uninstalling,
    live: (kind, object, signal) => live(client, kind, object, signal),
    roadMs: callTimeoutMs,
    now: Date.now,
    uptime: systemClock.now,
    random: Math.random,
  })
  /** Works until `signal`; the stores must be in sync. A standby remembers no work: who leads next looks at everything. */
  const work = async (workers: number, signal: AbortSignal, turn: Parameters<Engine['run']>[2]) => {
    queue.open()
    waker.begin((kind, object) => coverage.takes(kind, object))
    await Promise.all([engine.run(workers, signal, turn), sweeper.run(signal)])
    queue.close()
  }
  return { engine, waker, sweeper, coverage, connections, queue, abandonments, work }
}

/** What differs by kind, all of it. */
export const CONTROLLERS_BY_KIND: ReadonlyMap<string, Controller> = new Map(
  CONTROLLERS.map((controller) => [controller.kind.kind, controller]),
)

const fenceOf = (mayAct: () => boolean): Fence => ({
  check() {
    if (!mayAct())
      throw new ProviderError(
        'transient',
        'this process does not hold the Lease for sure any more: nothing was sent, whoever leads goes on',
      )
  },
})
