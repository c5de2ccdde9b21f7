import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONTROLLERS } from '../../controllers/index.ts'
import { PROVIDERS } from '../../providers/index.ts'
import type { ControllersConfig } from '../cli/config.ts'
import { KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { KubeClient } from '../kube/client.ts'
import { connect } from '../kube/config.ts'
import { EventRecorder } from '../kube/events.ts'
import { LeaseElector } from '../kube/lease.ts'
import { WorkQueue } from '../kube/queue.ts'
import { startHealth } from '../observe/health.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { Abandonments } from '../reconcile/abandoned.ts'
import { Announcer } from '../reconcile/announce.ts'
import { Cache } from '../cache/cache.ts'
import { Edges } from '../cache/edges.ts'
import { Informers } from '../cache/informers.ts'
import { Connections } from '../reconcile/connections.ts'
import { Engine } from '../reconcile/engine.ts'
import { Identities } from '../reconcile/identity.ts'
import { installationId, keepInstallation } from '../reconcile/installation.ts'
import { createServices, isThere, isUninstalling, readSecret } from '../reconcile/services.ts'
import { createView } from '../reconcile/view.ts'
import { Waker } from '../reconcile/wake.ts'
import { Writer } from '../reconcile/writer.ts'
import { surroundings } from './process.ts'

/** One shard; more come with sharding. */
const LEASE = 'seca-controllers-0'
/** How long a start waits between tries while the apiserver is away. */
const RETRY_MS = 2_000

/** `seca-operator controllers`, until a signal: informers at once (a warm standby), work only while holding the Lease. */
export async function controllers(config: ControllersConfig, context: { readonly signal: AbortSignal }): Promise<void> {
  const { signal, log, metrics } = surroundings('controllers', config.logLevel, context)
  const kubeconfig = config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }
  const client = connect({ ...kubeconfig, context: config.context, metrics, userAgent: 'seca-operator/controllers' })
  const identity = `${hostname()}-${process.pid}`
  const cache = new Cache(KINDS, config.defaultRegion)
  const informers = new Informers({ client, cache, log, metrics })
  const health = await startHealth({
    host: config.healthHost,
    port: config.healthPort,
    metrics,
    live: { informers: () => informers.stale() },
    ready: { informers: () => (informers.isSynced() ? undefined : 'not in sync yet') },
  })
  log.info({ url: health.url }, 'serving health and metrics')
  countResources(cache, metrics)

  const stop = new AbortController()
  const ended = AbortSignal.any([signal, stop.signal])
  const running = informers.run(ended)
  const recorder = new EventRecorder({ client, component: 'secapi.cloud/controllers', instance: identity, log })
  try {
    const home = { client, namespace: config.operatorNamespace, kinds: KINDS }
    const installation = await untilAnswered(() => installationId(home, config.installationId, signal), log, signal)
    const kept = keepInstallation({ ...home, id: installation, log }, ended)
    kept.catch(() => stop.abort())
    const { engine, waker, connections, abandonments } = assemble({ config, client, cache, recorder, installation, log, metrics })
    const detach = waker.attach()
    const elector = new LeaseElector({
      client,
      namespace: config.operatorNamespace,
      name: LEASE,
      identity,
      log,
      leaseMs: config.leaseMs,
      renewMs: config.leaseRenewMs,
      retryMs: config.leaseRetryMs,
    })
    const lead = async (leading: AbortSignal) => {
      metrics.isLeader.set({ shard: '0' }, 1)
      await informers.whenSynced(leading)
      if (leading.aborted) return
      waker.begin()
      abandonments.watch(leading)
      log.info(
        { resources: [...cache.kinds()].reduce((sum, kind) => sum + cache.store(kind.kind).size, 0), installation },
        'in sync, working',
      )
      await engine.run(config.workers, leading)
      metrics.isLeader.set({ shard: '0' }, 0)
    }
    await elector.run({ signal: ended, lead })
    detach()
    await recorder.flush()
    await connections.close()
    stop.abort()
    await kept
  } finally {
    stop.abort()
    await running
    await health.stop()
    await client.close()
  }
}

interface Parts {
  readonly config: ControllersConfig
  readonly client: KubeClient
  readonly cache: Cache
  readonly recorder: EventRecorder
  readonly installation: string
  readonly log: Log
  readonly metrics: Metrics
}

function assemble({ config, client, cache, recorder, installation, log, metrics }: Parts) {
  const edges = new Edges(cache)
  const view = createView(cache, edges.graph)
  const byKind = new Map(CONTROLLERS.map((controller) => [controller.kind.kind, controller]))
  const queue = new WorkQueue({ name: 'resources', metrics, backoff: { baseMs: 500, maxMs: 60_000 } })
  const { operatorNamespace, callTimeoutMs, driftIntervalMs } = config
  const connections = new Connections({
    lookup: cache,
    providers: PROVIDERS,
    operatorNamespace,
    readSecret: (name, signal) => readSecret(client, operatorNamespace, name, signal),
    now: Date.now,
    onBroken: (name) => queue.add(`CloudProvider|${name}`, { priority: 'high' }),
  })
  const waker = new Waker({
    cache,
    edges,
    controllers: byKind,
    queue,
    onLostClaim: (namespace, winner) => {
      const message = `namespace ${winner} is older and stands for the same tenant or workspace: this one is left alone`
      log.warn({ namespace: namespace.metadata.name, winner }, 'two namespaces claim one tenant or workspace')
      recorder.record(namespace, { type: 'Warning', reason: 'ClaimLost', action: 'Assign', message })
    },
  })
  const announcer = new Announcer({ recorder, log, metrics, cache, now: Date.now })
  const uninstalling = (kind: Kind, signal: AbortSignal) => isUninstalling(client, kind, signal)
  const abandonments = new Abandonments({ cache, announcer, metrics, isUninstalling: uninstalling })
  const engine = new Engine({
    cache,
    edges,
    view,
    controllers: byKind,
    queue,
    metrics,
    log,
    driftIntervalMs,
    writer: new Writer(client, (kind) => cache.store(kind), { log, onRelease: (object) => abandonments.released(object) }),
    identities: new Identities({ lookup: cache, connections, installation, callTimeoutMs, metrics, log }),
    announcer,
    services: createServices(client, cache, connections),
    isUninstalling: uninstalling,
    isThere: (kind, object, signal) => isThere(client, kind, object, signal),
    now: Date.now,
    random: Math.random,
  })
  return { engine, waker, connections, abandonments }
}

/** Counted when somebody looks, not on every change. */
function countResources(cache: Cache, metrics: Metrics): void {
  metrics.countResources(function* () {
    for (const kind of cache.kinds())
      for (const object of cache.all(kind.kind)) yield { kind: kind.kind, state: object.status?.state ?? 'none' }
  })
}

async function untilAnswered<T>(ask: () => Promise<T>, log: Log, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isOutage = (error as { code?: unknown }).code === 'KubernetesUnavailable'
      if (!isOutage || signal.aborted) throw error
      log.warn({ err: (error as Error).message }, 'the kube-apiserver does not answer yet')
      await sleep(RETRY_MS, undefined, { signal })
    }
  }
}
