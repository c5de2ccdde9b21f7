import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { doDuties } from '../duties/duties.ts'
import type { Notice } from '../duties/notices.ts'
import type { ControllersConfig } from '../cli/config.ts'
import { KINDS } from '../kinds/index.ts'
import { connect } from '../kube/config.ts'
import { EventRecorder } from '../kube/events.ts'
import { CONTROLLERS_LEASE } from '../kinds/names.ts'
import { Pace } from '../kube/pace.ts'
import { LeaseElector, StuckError } from '../kube/lease.ts'
import { type HealthOptions, startHealth } from '../observe/health.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { Cache } from '../cache/cache.ts'
import { Informers } from '../cache/informers.ts'
import { Claim } from '../reconcile/claim.ts'
import { installationId, keepInstallation } from '../reconcile/installation.ts'
import { disband } from '../reconcile/shards/disband.ts'
import { Turns } from '../reconcile/turns.ts'
import { surroundings } from './process.ts'
import { assemble } from './assemble.ts'
import { auditRegularly } from './audit-regularly.ts'
import { shardsOf, workInShards } from './shards.ts'

/** How long a start waits between tries while the apiserver is away. */
const RETRY_MS = 2_000
/** `EX_SOFTWARE` of sysexits.h: what is left of this process cannot be trusted, a new one can. */
const STUCK = 70

/** `seca-operator controllers`, until a signal: informers at once (a warm standby), work only while holding the Lease. */
export async function controllers(config: ControllersConfig, context: { readonly signal: AbortSignal }): Promise<void> {
  const { signal, log, metrics } = surroundings('controllers', config.logLevel, context)
  const kubeconfig = config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }
  const pace = new Pace()
  metrics.tellPace(() => pace.limit)
  const { operatorNamespace: namespace, namespaces } = config
  const client = connect({ ...kubeconfig, context: config.context, namespaces, metrics, userAgent: 'seca-operator/controllers', pace })
  // Random: two that share a host's name, or a number of a process, would both lead.
  const identity = `${hostname()}-${randomBytes(8).toString('hex')}`
  const cache = new Cache(KINDS, config.defaultRegion, { isPartial: client.namespaces !== undefined })
  const informers = new Informers({ client, cache, log, metrics })
  const recorder = new EventRecorder({ client, component: 'secapi.cloud/controllers', instance: identity, log })
  const ownLease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name: CONTROLLERS_LEASE } }
  /** Who administers the installation looks there. */
  const tell = (action: string) => (notice: Notice) => recorder.record(ownLease, { ...notice, action })
  const claim = new Claim({
    client,
    namespace,
    log,
    onRefused: (message) => tell('Lead')({ type: 'Warning', reason: 'ServedElsewhere', message }),
  })
  const elector = new LeaseElector({
    client,
    namespace,
    name: CONTROLLERS_LEASE,
    identity,
    log,
    leaseMs: config.leaseMs,
    renewMs: config.leaseRenewMs,
    retryMs: config.leaseRetryMs,
  })
  const turns = new Turns({ callTimeoutMs: config.callTimeoutMs })
  const health = await startHealth({
    host: config.healthHost,
    port: config.healthPort,
    metrics,
    ...checks({ informers, claim, turns }),
  })
  log.info({ url: health.url }, 'serving health and metrics')
  countResources(cache, metrics)
  metrics.tellLeadership({ leader: () => claim.isOurs && elector.remainingMs() > 0, refused: () => claim.isRefused })

  const stop = new AbortController()
  const ended = AbortSignal.any([signal, stop.signal])
  const running = Promise.all([informers.run(ended), claim.run(ended)])
  try {
    const home = { client, namespace, kinds: KINDS }
    const installation = await untilAnswered(() => installationId(home, config.installationId, signal), log, signal)
    const kept = keepInstallation({ ...home, id: installation, log }, ended)
    kept.catch(() => stop.abort())
    const mayAct = () => elector.holds() && claim.isOurs
    const shards = config.sharding === 'none' ? undefined : shardsOf({ config, client, cache, identity, elector, claim, log, metrics })
    const parts = assemble({
      config,
      client,
      cache,
      recorder,
      installation,
      identity,
      log,
      metrics,
      mayAct,
      ...(shards === undefined ? {} : { rights: shards.rights }),
    })
    const { waker, connections, abandonments, work: begin } = parts
    const detach = waker.attach()
    const duties = (working: AbortSignal) => {
      const resources = [...cache.kinds()].reduce((sum, kind) => sum + cache.store(kind.kind).size, 0)
      const isWhole = () => informers.missing().length === 0
      void doDuties({ config, client, cache, isWhole, log, metrics, mayAct, record: tell('Keep') }, working)
      void auditRegularly({ config, client, cache, installation, metrics, log, isWhole }, working)
      log.info({ resources, installation, missing: informers.missing() }, 'in sync, working')
    }
    const work = async (working: AbortSignal) => {
      await informers.whenSynced(working)
      // Replicas that shared the accounts until now may be at work.
      if (!(await disband({ client, namespace, log, ...config }, working))) return
      abandonments.watch(working)
      duties(working)
      // Time may be up although nobody has noticed yet; then this ends leadership.
      await begin(config.workers, working, async (id, reconcile) => (mayAct() ? turns.of(id, reconcile) : undefined))
    }
    const lead = async (leading: AbortSignal) => {
      while (!leading.aborted) await work(await claim.whenOurs(leading))
    }
    if (shards === undefined) await elector.run({ signal: ended, lead })
    else await workInShards({ config, shards, parts, cache, informers, claim, elector, turns, duties }, ended)
    detach()
    await recorder.flush()
    await connections.close()
    stop.abort()
    await kept
  } catch (error) {
    if (!(error instanceof StuckError)) throw error
    log.fatal({ err: error.message }, 'ending at once')
    // What hangs would keep the process from ending in order, too.
    process.exit(STUCK)
  } finally {
    stop.abort()
    await running
    await health.stop()
    await client.close()
  }
}

/** What the probes ask. An apiserver that is away is no reason to be started anew, only a reconcile that hangs is. */
export function checks(of: {
  readonly informers: Pick<Informers, 'trouble'>
  readonly claim: Pick<Claim, 'problem'>
  readonly turns: Pick<Turns, 'trouble'>
}): Pick<HealthOptions, 'live' | 'ready'> {
  const { informers, claim, turns } = of
  return {
    live: { engine: () => turns.trouble() },
    ready: { informers: () => informers.trouble(), claim: () => claim.problem() },
  }
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
