import { asError } from '../errors.ts'
import { type Clock, fullJitter } from '../kube/clock.ts'
import type { WorkQueue } from '../kube/queue.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { ProviderError } from '../provider/errors.ts'
import type { Connections } from './connections.ts'
import type { Controller } from './controller.ts'
import type { Account, Coverage } from './coverage.ts'
import type { Found, Inspector } from './inspector.ts'
import { jitter } from './schedule.ts'
import { type Finding, sweep } from './sweep.ts'

export interface SweeperOptions {
  readonly coverage: Coverage
  readonly inspector: Pick<Inspector, 'isInOrder'>
  readonly queue: Pick<WorkQueue, 'add'>
  readonly connections: Pick<Connections, 'reportBroken'>
  readonly installation: string
  /** Between two sweeps of an account, in milliseconds; ± 20 %. */
  readonly driftIntervalMs: number
  /** The longest time between two objects of a list, in milliseconds. */
  readonly callTimeoutMs: number
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
  readonly random: () => number
  /** Aborts when another process goes on with the accounts of a CloudProvider; absent: never. */
  readonly endOf?: (cloudProvider: string) => AbortSignal
}

/** A sweep that failed is tried again after this long, growing, in milliseconds. */
const RETRY = { baseMs: 2_000, maxMs: 120_000 }

/**
 * Drift checks by the list instead of one by one: looking at N objects at rest costs pages, not N requests (architecture §5 "Sweep").
 * A sweep concludes nothing, since lists lag: what is not in order on it is queued, and looked at by itself.
 */
export class Sweeper {
  readonly #options: SweeperOptions
  readonly #busy = new Set<string>()

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  /** A round at once, then one every drift interval, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, driftIntervalMs, random } = this.#options
    const rounds = new Set<Promise<void>>()
    while (!signal.aborted) {
      const next = clock.now() + jitter(random) * driftIntervalMs
      const round = this.round(next, signal).finally(() => rounds.delete(round))
      rounds.add(round)
      await clock.sleep(Math.max(0, next - clock.now()), signal)
    }
    await Promise.all(rounds)
  }

  /**
   * One sweep of each account, all at a time; one that hangs holds up no other, and is left alone by later rounds. `until`: when the next round
   * begins; `isIn`: of these regions only.
   */
  async round(until: number, signal: AbortSignal, isIn?: (region: string) => boolean): Promise<void> {
    await this.#guarded(async () => {
      const accounts = await this.#options.coverage.survey(signal, isIn)
      const idle = [...accounts].filter(([id]) => !this.#busy.has(id))
      await Promise.all(
        idle.map(async ([id, account]) => {
          this.#busy.add(id)
          await this.#guarded(() => this.#account(account, until, this.#signalOf(account, signal)))
          this.#busy.delete(id)
        }),
      )
    })
  }

  #signalOf({ link }: Account, signal: AbortSignal): AbortSignal {
    const { endOf } = this.#options
    return endOf === undefined ? signal : AbortSignal.any([signal, endOf(link.cloudProvider)])
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#options.log.error({ err: asError(error) }, 'unexpected error around a sweep')
    }
  }

  /** Kind after kind; what fails is tried again until the next sweep would begin, and then looked at one by one. */
  async #account(account: Account, until: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    let open = [...account.objects.keys()]
    for (let failures = 0; open.length > 0; failures++) {
      const left: Controller[] = []
      let waitMs = fullJitter(failures, RETRY, random)
      for (const controller of open) {
        const error = await this.#kind(account, controller, signal)
        if (error !== undefined) left.push(controller)
        if (error instanceof ProviderError) waitMs = Math.max(waitMs, error.retryAfterMs ?? 0)
      }
      open = left
      const isOver = clock.now() + waitMs >= until
      if (open.length > 0 && !isOver) await clock.sleep(waitMs, signal)
      if (signal.aborted) return
      if (isOver) break
    }
    for (const controller of open) await this.#oneByOne(account, controller)
  }

  /** One kind in one account; answers what is worth another try. */
  async #kind(account: Account, controller: Controller, signal: AbortSignal): Promise<Error | undefined> {
    const { coverage, metrics, log, installation, callTimeoutMs, connections } = this.#options
    const { link } = account
    const labels = { provider: link.provider, kind: controller.kind.kind }
    const stop = metrics.sweepTime.startTimer(labels)
    const findings = { 'in order': 0, differs: 0, twice: 0, missing: 0 }
    try {
      await sweep({
        list: (ended) => link.connection.sweep?.(labels.kind, installation, { signal: ended, priority: 'low' }) ?? nothing(),
        expected: await coverage.expected(account, controller),
        isInOrder: (id, item) => this.#isInOrder(id, controller, { found: item, connection: link.connection, signal }),
        onFinding: (id, finding) => {
          findings[finding]++
          this.#note(id, controller, finding)
        },
        timeoutMs: callTimeoutMs,
        signal,
      })
      metrics.sweeps.inc({ ...labels, outcome: 'ok' })
      log.debug({ ...labels, cloudProvider: link.cloudProvider, findings }, 'swept')
      return undefined
    } catch (thrown) {
      const error = asError(thrown)
      if (signal.aborted) return error
      const failure = error instanceof ProviderError ? error.failure : 'bug'
      metrics.sweeps.inc({ ...labels, outcome: failure })
      log.warn({ ...labels, cloudProvider: link.cloudProvider, err: error.message }, 'a sweep failed')
      if (!(error instanceof ProviderError) || (failure !== 'unsupported' && failure !== 'credentials')) return error
      if (failure === 'unsupported') coverage.exclude(link.connection, controller.kind)
      else connections.reportBroken(link, error)
      await this.#oneByOne(account, controller)
      return undefined
    } finally {
      stop()
    }
  }

  async #isInOrder(id: string, controller: Controller, found: Omit<Found, 'object'>): Promise<boolean> {
    const object = this.#options.coverage.get(id, controller)
    return object !== undefined && (await this.#options.inspector.isInOrder(controller, { object, ...found }))
  }

  /** Nothing is said of an object that went on meanwhile: whoever sees to it knows better. */
  #note(id: string, controller: Controller, finding: Finding): void {
    const { coverage, queue, metrics } = this.#options
    if (coverage.get(id, controller) === undefined) return
    metrics.swept.inc({ kind: controller.kind.kind, found: finding })
    if (finding !== 'in order') queue.add(id, { priority: 'low' })
  }

  async #oneByOne(account: Account, controller: Controller): Promise<void> {
    const all = await this.#options.coverage.expected(account, controller)
    for (const id of all.values()) this.#options.queue.add(id, { priority: 'low' })
  }
}

async function* nothing(): AsyncGenerator<never> {}
