import { TENANT_LABEL } from '../kinds/names.ts'
import type { KubeClient } from '../kube/client.ts'
import { Reflector } from '../kube/reflector.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Cache } from './cache.ts'
import { KUBERNETES } from '../kube/builtin.ts'

export interface InformersOptions {
  readonly client: KubeClient
  readonly cache: Cache
  readonly log: Log
  readonly metrics: Metrics
}

interface Informer {
  readonly name: string
  readonly reflector: Pick<Reflector<never>, 'run' | 'whenSynced' | 'isSynced' | 'silentMs'>
}

/** An informer without a sign of life for this long is stale (bookmarks come about once a minute). */
const STALE_MS = 180_000

/** Keeps a {@link Cache} in step with the cluster: all kinds, and the namespaces that are ours. */
export class Informers {
  readonly #informers: readonly Informer[]

  constructor({ client, cache, log, metrics }: InformersOptions) {
    const kinds = [...cache.kinds()].map(({ kind, gvr }) => ({
      name: kind,
      reflector: new Reflector({ client, gvr, store: cache.store(kind), log, metrics }),
    }))
    const namespaces = new Reflector({
      client,
      gvr: KUBERNETES.Namespace,
      store: cache.namespaces,
      labelSelector: TENANT_LABEL,
      log,
      metrics,
    })
    this.#informers = [...kinds, { name: 'Namespace', reflector: namespaces }]
  }

  /** Resolves when `signal` aborts and all are stopped. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#informers.map(({ reflector }) => reflector.run(signal)))
  }

  isSynced(): boolean {
    return this.#informers.every(({ reflector }) => reflector.isSynced)
  }

  /** Resolves when the cache holds all that the cluster held at the start, or when `signal` aborts. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([Promise.all(this.#informers.map(({ reflector }) => reflector.whenSynced())), aborted])
  }

  /** What is wrong, in a few words, when an informer shows no sign of life. */
  stale(): string | undefined {
    const silent = this.#informers.filter(({ reflector }) => reflector.silentMs() > STALE_MS).map(({ name }) => name)
    return silent.length === 0 ? undefined : `no sign of life from the apiserver for ${silent.join(', ')}`
  }
}
