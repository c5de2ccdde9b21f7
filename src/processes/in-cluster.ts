import { Cache } from '../cache/cache.ts'
import { Informers } from '../cache/informers.ts'
import type { AuditConfig } from '../cli/config.ts'
import { SecaError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { KubeClient } from '../kube/client.ts'
import { connect } from '../kube/config.ts'
import { createLog } from '../observe/log.ts'
import { createMetrics } from '../observe/metrics.ts'

const READ_MS = 60_000

type Settings = Pick<AuditConfig, 'kubeconfig' | 'context' | 'namespaces' | 'defaultRegion'>

/** A cluster, and all that it holds of our kinds, as they change. */
export interface ClusterView {
  readonly client: KubeClient
  readonly cache: Cache
}

/** Runs work on a cluster that is read whole; `first` runs before that, for what can be told at once. */
export async function inCluster<T>(
  name: string,
  config: Settings,
  signal: AbortSignal,
  work: (view: ClusterView) => Promise<T>,
  first: (client: KubeClient) => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  const kubeconfig = config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }
  const { context, namespaces } = config
  const client = connect({ ...kubeconfig, context, namespaces, userAgent: `seca-operator/${name}` })
  const cache = new Cache(KINDS, config.defaultRegion, { isPartial: client.namespaces !== undefined })
  const informers = new Informers({ client, cache, log: createLog({ level: 'silent', name }), metrics: createMetrics() })
  const stop = new AbortController()
  const running = informers.run(stop.signal)
  try {
    await first(client)
    await informers.whenSynced(AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]))
    signal.throwIfAborted()
    if (!informers.isSynced())
      throw new SecaError(
        'KubernetesUnavailable',
        `the cluster could not be read within ${READ_MS / 1000} s; check --kubeconfig and its rights`,
      )
    // Without their kind, nothing tells an object without a resource from one whose resources cannot be seen.
    if (informers.missing().length > 0)
      throw new SecaError(
        'KubernetesRefused',
        `${informers.missing().join(', ')} are not installed, or may not be read in every namespace: nothing can be told; run install first`,
      )
    return await work({ client, cache })
  } finally {
    stop.abort()
    await running
    await client.close()
  }
}
