import { Cache } from '../cache/cache.ts'
import { Informers } from '../cache/informers.ts'
import type { ControllersConfig } from '../cli/config.ts'
import { KINDS } from '../kinds/index.ts'
import { CONTROLLERS_LEASE } from '../kinds/names.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { KubeClient } from '../kube/client.ts'
import { ApiError } from '../kube/errors.ts'
import type { EventRecorder } from '../kube/events.ts'
import { LeaseElector } from '../kube/lease.ts'
import { type MemoryServer, noAnswer } from '../kube/memory-testing.ts'
import { silentLog } from '../kube/testing.ts'
import type { Request, Transport } from '../kube/transport.ts'
import { createMetrics } from '../observe/metrics.ts'
import { assemble } from '../processes/assemble.ts'
import { shardsOf, workInShards } from '../processes/shards.ts'
import type { Provider } from '../provider/contract.ts'
import { feed } from './feed-testing.ts'
import { Gate, type Step } from './gate-testing.ts'
import { Claim } from './claim.ts'
import { installationId } from './installation.ts'
import { disband } from './shards/disband.ts'
import type { Shards } from './shards/shards.ts'
import type { FakeTime } from './time-testing.ts'

/** Namespace of the operator in a world. */
export const OPERATOR = 'seca-system'

/** How a process of controllers runs in a world. */
export interface ReplicaOptions {
  /** Each way of a request, and how far watches are behind; 1 ms if absent. */
  readonly latencyMs?: number
  /** Real informers on the cluster's watches; else its changes are told in order, and nothing breaks. */
  readonly informers?: boolean
  /** Reconciles at a time; 4 if absent. */
  readonly workers?: number
  readonly identity?: string
  /** Shares the accounts with others; else one works at a time. */
  readonly isSharing?: boolean
  readonly config?: Partial<ControllersConfig>
}

interface Surroundings extends ReplicaOptions {
  readonly time: FakeTime
  readonly cluster: MemoryServer
  readonly provider: (gate: Gate) => Provider
  readonly onStep: (step: Omit<Step, 'index'>) => void
  /** Needs no Lease. */
  readonly isAlone?: boolean
  readonly recorder: Pick<EventRecorder, 'record'>
}

const SETTINGS = {
  operatorNamespace: OPERATOR,
  callTimeoutMs: 60_000,
  driftIntervalMs: 600_000,
  defaultRegion: 'eu-1',
  leaseMs: 15_000,
  leaseRenewMs: 10_000,
  leaseRetryMs: 2_000,
}
/** Tries of the transport for what may be sent twice. */
const TRIES = 4

/** A process of controllers in memory: the real pieces, put together by `processes/assemble.ts`. */
export class Replica extends Gate {
  readonly #given: Surroundings
  readonly cache = new Cache(KINDS, 'eu-1')
  readonly client: KubeClient
  readonly elector: LeaseElector
  readonly engine: ReturnType<typeof assemble>['engine']
  readonly waker: ReturnType<typeof assemble>['waker']
  readonly queue: ReturnType<typeof assemble>['queue']
  readonly sweeper: ReturnType<typeof assemble>['sweeper']
  readonly coverage: ReturnType<typeof assemble>['coverage']
  readonly metrics = createMetrics()
  /** Where it shares the accounts. */
  readonly shards: Shards | undefined
  readonly #parts: ReturnType<typeof assemble>
  readonly #stop = new AbortController()
  readonly #breaks = new Set<(error: Error) => void>()
  #informers: Informers | undefined
  #held: (() => void)[] | undefined
  /** Ends when the process has. */
  ended: Promise<void> = Promise.resolve()
  isLeading = false
  /** Works for all accounts by itself. */
  #isAlone = false
  readonly #claim: Claim

  constructor(given: Surroundings) {
    const { time, cluster, onStep, latencyMs = 1, config, recorder, provider } = given
    super({ time, latencyMs, onStep })
    this.#given = given
    const transport: Pick<Transport, 'send' | 'lines' | 'close'> = {
      send: (request) => this.#send(request),
      lines: (request) => this.#lines(request),
      close: () => Promise.resolve(),
    }
    this.client = new KubeClient(transport as Transport)
    const log = silentLog
    const { metrics } = this
    this.elector = new LeaseElector({
      client: this.client,
      namespace: OPERATOR,
      name: CONTROLLERS_LEASE,
      identity: given.identity ?? 'one',
      log,
      clock: time.clock,
    })
    this.#claim = new Claim({ client: this.client, namespace: OPERATOR, log, onRefused: () => undefined, clock: time.clock })
    const settings = { ...SETTINGS, ...config } as ControllersConfig
    const { elector } = this
    const identity = given.identity ?? 'one'
    const sharing = { config: settings, client: this.client, cache: this.cache, identity, elector, log, metrics }
    this.shards = given.isSharing === true ? shardsOf({ ...sharing, claim: this.#claim, clock: time.clock }) : undefined
    const parts = time.as(this, () =>
      assemble({
        config: settings,
        identity,
        client: this.client,
        cache: this.cache,
        recorder: recorder as EventRecorder,
        installation: installationOf(cluster),
        log,
        metrics,
        mayAct: () => given.isAlone === true || this.#mayAct(),
        providers: [provider(this)],
        ...(this.shards === undefined ? {} : { rights: this.shards.rights }),
      }),
    )
    this.#parts = parts
    this.engine = parts.engine
    this.waker = parts.waker
    this.queue = parts.queue
    this.sweeper = parts.sweeper
    this.coverage = parts.coverage
    if (given.informers === true)
      this.#informers = new Informers({ client: this.client, cache: this.cache, log, metrics, clock: time.clock })
    else feed(cluster, this.cache, (tell) => this.#hear(tell))
  }

  /** Runs until it is told to end, with the Lease. */
  start(): void {
    const { time, workers = 4 } = this.#given
    const { signal } = this.#stop
    this.ended = time.as(this, async () => {
      const watching = Promise.all([this.#informers?.run(signal), this.#claim.run(signal)])
      await installationId({ client: this.client, namespace: OPERATOR, kinds: KINDS }, undefined, signal)
      this.waker.attach()
      if (this.shards !== undefined) {
        await this.#share(this.shards, workers, signal)
        await watching
        return
      }
      const work = async (working: AbortSignal) => {
        await this.#informers?.whenSynced(working)
        const { clock } = this.#given.time
        if (!(await disband({ client: this.client, namespace: OPERATOR, log: silentLog, clock, ...SETTINGS }, working))) return
        this.#isAlone = true
        await this.#parts.work(workers, working, async (_id, reconcile) => (this.#mayAct() ? reconcile() : undefined))
      }
      const lead = async (leading: AbortSignal) => {
        this.isLeading = true
        while (!leading.aborted) await work(await this.#claim.whenOurs(leading))
        this.isLeading = this.#isAlone = false
      }
      await this.elector.run({ signal, lead })
      await watching
    })
    this.ended.catch(() => undefined)
  }

  /** Whether it may change something in an account now. */
  mayActIn(account: string): boolean {
    if (this.state !== 'running') return false
    return this.#given.time.as(this, () => this.shards?.rights.mayAct(account) ?? (this.#isAlone && this.#mayAct()))
  }

  #share(shards: Shards, workers: number, signal: AbortSignal): Promise<void> {
    const { cache, elector } = this
    const informers = this.#informers ?? { whenSynced: () => Promise.resolve() }
    const duties = () => void (this.isLeading = true)
    const given = { config: { ...SETTINGS, workers }, shards, parts: this.#parts, cache, informers, claim: this.#claim, elector, duties }
    return workInShards({ ...given, turns: { of: (_id, work) => work() } }, signal)
  }

  #mayAct(): boolean {
    return this.elector.holds() && this.#claim.isOurs
  }

  /** SIGTERM. */
  terminate(): void {
    this.#given.time.as(this, () => this.#stop.abort(new Error('told to end')))
  }

  /** SIGTERM was sent. */
  get isTold(): boolean {
    return this.#stop.signal.aborted
  }

  /** SIGSTOP, and SIGCONT so much later. */
  stop(ms: number): void {
    this.freeze()
    this.#given.time.later(ms, () => this.resume())
  }

  /** Every connection to the cluster and to the cloud breaks. */
  override cut(error: () => Error = noAnswer): void {
    super.cut(error)
    for (const fail of this.#breaks) fail(error())
  }

  /** What the cluster tells this process waits until the answer is called; answers of its own requests still come. Not with informers. */
  holdWatches(): () => void {
    this.#held ??= []
    return () => {
      const held = this.#held ?? []
      this.#held = undefined
      for (const tell of held) this.hear(tell)
    }
  }

  #hear(tell: () => void): void {
    if (this.#held !== undefined) this.#held.push(tell)
    else if (this.#given.latencyMs === 0) this.awake(tell)
    else this.hear(tell)
  }

  /** With latency, requests that may be sent twice are, as by the transport. */
  async #send(request: Request): Promise<unknown> {
    const { cluster } = this.#given
    for (let tries = 1; ; tries++) {
      try {
        return await this.exchange(`kube ${request.verb} ${request.path}`, request.signal, () =>
          cluster.transport.send(withoutSignal(request)),
        )
      } catch (error) {
        const isRetried = request.idempotent && tries < TRIES && error instanceof ApiError && error.status === 0
        if (!isRetried || this.#given.latencyMs === 0) throw error
        await this.#given.time.clock.sleep(50 * 2 ** tries, request.signal)
      }
    }
  }

  async #lines(request: Request & { signal: AbortSignal }): Promise<AsyncIterable<string[]>> {
    const broken = new AbortController()
    const fail = (error: Error) => broken.abort(error)
    const signal = AbortSignal.any([request.signal, broken.signal])
    this.#breaks.add(fail)
    const lines = await this.exchange(`kube watch ${request.path}`, signal, () =>
      this.#given.cluster.transport.lines({ ...request, signal }),
    )
    const heard = () => new Promise<void>((resolve) => this.hear(resolve))
    const breaks = this.#breaks
    return (async function* () {
      try {
        for await (const batch of lines) {
          await heard()
          yield batch
        }
      } finally {
        breaks.delete(fail)
      }
    })()
  }
}

const withoutSignal = ({ signal: _signal, ...request }: Request): Request => request

/** Id of the installation that a world's cluster holds. */
function installationOf(cluster: MemoryServer): string {
  return cluster.read<{ data: { id: string } }>(KUBERNETES.ConfigMap, OPERATOR, 'seca-installation')?.data.id ?? ''
}
