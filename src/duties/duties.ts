import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Cache } from '../cache/cache.ts'
import { asError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import type { KubeObject } from '../kube/gvr.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { keepApiServices } from './api-services.ts'
import { keepCertificates, servedCertificate } from './certificate-secrets.ts'
import { hostsOf } from './certificates.ts'
import { DeclaredObjects } from './declared.ts'

/** Between two looks: a mounted file, or a Secret, may change at any time. */
const LOOK_MS = 10_000

/** What the settings of the controllers say about the installation itself. */
export interface DutiesConfig {
  readonly operatorNamespace: string
  readonly declaredFile?: string | undefined
  readonly declaredPrune: boolean
  readonly tlsSecret?: string | undefined
  readonly tlsManaged: boolean
  readonly tlsServices: readonly string[]
  readonly tlsHosts: readonly string[]
  readonly aggregationService?: { readonly name: string; readonly port: number } | undefined
  readonly aggregationOwner?: string | undefined
}

interface DutiesOptions {
  readonly config: DutiesConfig
  readonly client: KubeClient
  readonly cache: Cache
  readonly log: Log
  readonly metrics: Metrics
  /** Whether this process leads for sure: nothing is written without. */
  readonly mayAct: () => boolean
  readonly clock?: Clock
  /** Wall clock, epoch milliseconds. */
  readonly now?: () => number
}

/** What the leader does for the installation itself: certificates, the APIServices of its API, and the objects that its configuration declares. */
export async function doDuties(options: DutiesOptions, signal: AbortSignal): Promise<void> {
  const { config, client, cache, log, metrics, mayAct, clock = systemClock, now = Date.now } = options
  const { operatorNamespace: namespace, tlsSecret, declaredFile, aggregationService, aggregationOwner } = config
  const all = (kind: string): Iterable<KubeObject> =>
    (kind === 'Namespace' ? cache.namespaces.values() : cache.all(kind)) as Iterable<KubeObject>
  const declared =
    declaredFile === undefined
      ? undefined
      : new DeclaredObjects({
          client,
          read: () => readFileSync(declaredFile, 'utf8'),
          all,
          prune: config.declaredPrune,
          log,
          count: (state, count) => metrics.declared.set({ state }, count),
        })
  const duties: Readonly<Record<string, () => Promise<void>>> = {
    declared: async () => declared?.keep(signal),
    certificates: async () => {
      if (tlsSecret === undefined) return
      const secret = { client, namespace, name: tlsSecret, log }
      if (config.tlsManaged) await keepCertificates(secret, hostsOf(config.tlsServices, namespace, config.tlsHosts), now(), signal)
      const served = await servedCertificate(secret, signal)
      const end = endOf(served['tls.crt'])
      if (end !== undefined) metrics.certificateEnd.set(end / 1_000)
      if (aggregationService === undefined || aggregationOwner === undefined) return
      const regions = [...cache.all('Region')]
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name)
      await keepApiServices(
        { client, service: { namespace, ...aggregationService }, owner: aggregationOwner, log },
        regions,
        served['ca.crt'] ?? '',
        signal,
      )
    },
  }
  while (!signal.aborted) {
    for (const [name, work] of Object.entries(duties)) {
      if (signal.aborted || !mayAct()) break
      await work().catch((error: unknown) => {
        if (!signal.aborted) log.warn({ duty: name, err: asError(error).message }, 'not done yet')
      })
    }
    await clock.sleep(LOOK_MS, signal)
  }
}

function endOf(cert: string | undefined): number | undefined {
  try {
    return cert === undefined ? undefined : Date.parse(new X509Certificate(cert).validTo)
  } catch {
    return undefined
  }
}
