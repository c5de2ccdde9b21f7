import { Counter, Gauge, Histogram, Registry } from 'prom-client'

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300]

/** All metrics of a process, in a registry of their own. Label sets are bounded: kinds, verbs, outcomes; never names. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: `seca_${name}`, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge<L>({ name: `seca_${name}`, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram<L>({ name: `seca_${name}`, help, labelNames, registers, buckets: SECONDS })

  /** Counts resources by state at each scrape, from what `list` yields. */
  const countResources = (list: () => Iterable<{ readonly kind: string; readonly state: string }>) => {
    new Gauge({
      name: 'seca_resources',
      help: 'Resources by state',
      labelNames: ['kind', 'state'],
      registers,
      collect() {
        this.reset()
        for (const resource of list()) this.inc(resource)
      },
    })
  }

  /** Tells, at each scrape and so never too late, whether this process leads and whether another installation serves the cluster. */
  const tellLeadership = (is: { readonly leader: () => boolean; readonly refused: () => boolean }) => {
    new Gauge({
      name: 'seca_is_leader',
      help: '1 while this process holds the lease of the shard for sure, and works',
      labelNames: ['shard'],
      registers,
      collect() {
        this.set({ shard: '0' }, Number(is.leader()))
      },
    })
    new Gauge({
      name: 'seca_cluster_served_elsewhere',
      help: '1 while the operator of another namespace serves the cluster, and this one does nothing',
      registers,
      collect() {
        this.set(Number(is.refused()))
      },
    })
  }

  /** Where replicas share the accounts: how many there are, and for how many of them this process may act. */
  const tellShards = (accounts: { readonly all: () => number; readonly held: () => number }) => {
    new Gauge({
      name: 'seca_accounts',
      help: 'Cloud accounts (CloudProviders) that there are, where replicas share them',
      registers,
      collect() {
        this.set(accounts.all())
      },
    })
    new Gauge({
      name: 'seca_accounts_held',
      help: 'Cloud accounts (CloudProviders) that this process works for, where replicas share them',
      registers,
      collect() {
        this.set(accounts.held())
      },
    })
  }

  /** `limit`: writes to the kube-apiserver that may be under way at a time right now. */
  const tellPace = (limit: () => number) => {
    new Gauge({
      name: 'seca_kube_writes_limit',
      help: 'Writes to the kube-apiserver that may be under way at a time: fewer while it is slow',
      registers,
      collect() {
        this.set(limit())
      },
    })
  }

  return {
    registry,
    countResources,
    tellLeadership,
    tellPace,
    tellShards,
    accountMoves: counter('account_moves_total', 'Cloud accounts that this process took over (in) and let go of (out)', ['direction']),
    /** Keys waiting, by queue. */
    queueDepth: gauge('queue_depth', 'Keys waiting in a work queue', ['queue']),
    queueWait: histogram('queue_wait_seconds', 'Time a key waited', ['queue', 'priority']),
    reconciles: counter('reconciles_total', 'Reconciles by outcome', ['kind', 'outcome']),
    reconcileTime: histogram('reconcile_seconds', 'Duration of a reconcile', ['kind']),
    timeToReady: histogram('time_to_ready_seconds', 'From creation to the first Ready', ['kind']),
    providerCalls: counter('provider_calls_total', 'Calls of an adapter by outcome', ['provider', 'kind', 'verb', 'outcome']),
    providerTime: histogram('provider_call_seconds', 'Duration of an adapter call', ['provider', 'verb']),
    drift: counter('drift_total', 'Times that a cloud object was found to differ from its spec', ['kind']),
    abandoned: counter('abandoned_total', 'Objects that went without their teardown and left something in a cloud', ['kind']),
    sweeps: counter('sweeps_total', 'Times that all of a kind in an account was listed, by outcome', ['provider', 'kind', 'outcome']),
    sweepTime: histogram('sweep_seconds', 'Duration of a sweep', ['provider', 'kind']),
    swept: counter('swept_objects_total', 'Objects at rest that sweeps went through, by what they found', ['kind', 'found']),
    auditObjects: gauge('audit_objects', 'What the last audit of the clouds proved', ['finding', 'kind']),
    auditTime: gauge('audit_timestamp_seconds', 'When the last audit ended that could read all accounts', []),
    declared: gauge('declared_objects', 'Objects of the mounted configuration: applied, refused, or left although not declared any more', [
      'state',
    ]),
    declaredBroken: gauge(
      'declared_file_broken',
      '1 while the mounted configuration cannot be read or is wrong, and so changes nothing',
      [],
    ),
    certificateEnd: gauge('api_certificate_expiry_timestamp_seconds', 'When the certificate ends that the API is to serve by', []),
    apiCalls: counter('kube_requests_total', 'Requests to the kube-apiserver', ['verb', 'resource', 'code']),
    /** Requests answered by the SECA API itself. */
    apiRequests: counter('api_requests_total', 'Requests to the SECA API', ['door', 'method', 'kind', 'code']),
    apiTime: histogram('api_request_seconds', 'Duration of a request to the SECA API', ['door', 'method']),
    /** `for`: the caller's rate, or its turn beside others. */
    apiWaits: histogram('api_wait_seconds', "Time that a request to the SECA API waited for its caller's share", ['for']),
    apiRefused: counter('api_refused_total', 'Requests to the SECA API that were over the share of their caller', ['for']),
    watchEvents: counter('watch_events_total', 'Events of a reflector, trouble included', ['resource', 'event']),
    eventLoopLag: gauge('event_loop_lag_seconds', '99th percentile of the event-loop delay since the last scrape', []),
    eventLoopMaxLag: gauge('event_loop_lag_max_seconds', 'Longest event-loop delay since the last scrape', []),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
