import { TENANT_LABEL } from '../kinds/names.ts'
import type { KubeClient } from '../kube/client.ts'
import type { GroupVersionResource, KubeObject } from '../kube/gvr.ts'
import { History } from '../kube/history.ts'
import { Reflector, type ReflectorOptions } from '../kube/reflector.ts'
import type { Store } from '../kube/store.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Cache } from './cache.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { type Clock, systemClock } from '../kube/clock.ts'

export interface InformersOptions {
  readonly client: KubeClient
  readonly cache: Cache
  readonly log: Log
  readonly metrics: Metrics
  /** What may only be so old; absent: nothing is proven. */
  readonly current?: Current
  readonly clock?: Clock
}

/** Data that decisions hang on: only when it is provably current to within a bound may anybody go by it. */
export interface Current {
  /** Names of kinds; `Namespace` for those. */
  readonly kinds: readonly string[]
  readonly maxAgeMs: number
}

interface Informer {
  readonly name: string
  readonly reflector: Pick<Reflector<never>, 'run' | 'whenSettled' | 'isSynced' | 'isMissing' | 'silentMs' | 'ageMs'>
}

/** For who waits for this long, nobody is sent here any more: a bookmark is missing, and the watch is about to be given up. */
const SILENT_MS = 75_000
/** Proofs within a bound: one may be missing without anybody noticing. */
const PROOFS = 3
/** Part of the bound after which we are not ready, so that clients are sent elsewhere before they are refused. */
const READY = 0.75
/** Keeps a {@link Cache} in step with the cluster: all kinds, and the namespaces that are ours. */
export class Informers {
  readonly #informers: readonly Informer[]
  readonly #proven: readonly Informer[]
  readonly #maxAgeMs: number
  readonly #history: History

  constructor({ client, cache, log, metrics, current, clock = systemClock }: InformersOptions) {
    const isProven = (name: string) => current?.kinds.includes(name) === true
    const proof = (name: string) => ({ clock, ...(current && isProven(name) ? { proveMs: current.maxAgeMs / PROOFS } : {}) })
    // Where there are rights in some namespaces only, the kinds that are in none stand for all.
    const gvrs = [...cache.kinds()].map(({ gvr }) => gvr).filter((gvr) => client.namespaces === undefined || !gvr.namespaced)
    const history = new History({ client, gvrs, log, clock })
    const informers = <T extends KubeObject>(
      name: string,
      gvr: GroupVersionResource,
      store: Store<T>,
      more: Partial<ReflectorOptions<T>>,
    ) =>
      client.parts(gvr).map(({ name: part, ...where }) => {
        const feed = part === undefined ? store : store.part(part)
        return { name, reflector: new Reflector<T>({ client, gvr, store: feed, log, metrics, ...where, ...proof(name), ...more }) }
      })
    const kinds = [...cache.kinds()].flatMap(({ kind, gvr }) => informers(kind, gvr, cache.store(kind), { history }))
    const namespaces = informers('Namespace', KUBERNETES.Namespace, cache.namespaces, {
      labelSelector: TENANT_LABEL,
      // An etcd of their own may count namespaces otherwise.
      history: { saw: () => undefined, doubt: () => history.doubt(), onRewind: (listener) => history.onRewind(listener) },
    })
    this.#history = history
    this.#informers = [...kinds, ...namespaces]
    this.#proven = this.#informers.filter(({ name }) => isProven(name))
    this.#maxAgeMs = current?.maxAgeMs ?? Number.POSITIVE_INFINITY
  }

  /** Resolves when `signal` aborts and all are stopped. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.allSettled([this.#history, ...this.#informers.map(({ reflector }) => reflector)].map((one) => one.run(signal)))
  }

  /** The cache has held all that there was; a kind that is not installed stops nobody else's. */
  isSynced(): boolean {
    return this.#informers.every(({ reflector }) => reflector.isSynced || reflector.isMissing)
  }

  /** Kinds that are not installed. */
  missing(): readonly string[] {
    return namesOf(this.#informers.filter(({ reflector }) => reflector.isMissing))
  }

  /** Resolves when the cache holds all that the cluster held at the start, or when `signal` aborts. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([Promise.all(this.#informers.map(({ reflector }) => reflector.whenSettled())), aborted])
  }

  /** What decisions hang on is current to within the bound. */
  isCurrent(): boolean {
    return this.#proven.every(({ reflector }) => reflector.ageMs() <= this.#maxAgeMs)
  }

  /** What is wrong, in a few words, for readiness: some time before decisions are refused. */
  trouble(): string | undefined {
    if (!this.isSynced()) return 'not in sync yet'
    const old = this.#proven.filter(({ reflector }) => reflector.ageMs() > READY * this.#maxAgeMs)
    if (old.length > 0) return `not known to be current: ${namesOf(old).join(', ')}`
    const silent = this.#informers.filter(({ reflector }) => reflector.silentMs() > SILENT_MS)
    return silent.length === 0 ? undefined : `no sign of life from the apiserver for ${namesOf(silent).join(', ')}`
  }
}

const namesOf = (informers: readonly Informer[]) => [...new Set(informers.map(({ name }) => name))]
