import { readFileSync } from 'node:fs'
import type { Cache } from '../cache/cache.ts'
import { asError, SecaError } from '../errors.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import { keepApiServices } from './api-services.ts'
import { keepCertificates, servedCertificate } from './certificate-secrets.ts'
import { certificatesIn, endOf, hostsOf } from './certificates.ts'
import { DeclaredObjects } from './declared.ts'
import { type Cluster, fenced, NotLeadingError } from './fenced.ts'
import { type Notice, Notices } from './notices.ts'

/** Between two looks: a mounted file may change at any time. */
const LOOK_MS = 10_000
/** The same of Secrets and APIServices while they are as they should be: looking costs requests. */
const SETTLED_MS = 60_000
const MAX_BACKOFF_MS = 300_000

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

export interface DutiesOptions {
  readonly config: DutiesConfig
  readonly client: Cluster
  readonly cache: Cache
  /** Whether all kinds are installed, and the cache so holds all there is. */
  readonly isWhole: () => boolean
  readonly log: Log
  readonly metrics: Metrics
  /** Tells who administers the installation, by an event. */
  readonly record: (notice: Notice) => void
  /** Whether this process leads for sure: nothing is written without. */
  readonly mayAct: () => boolean
  readonly clock?: Clock
  /** Wall clock, epoch milliseconds. */
  readonly now?: () => number
}

interface Duty {
  readonly name: string
  /** Answers whether all is as it should be; else it looks again soon. */
  readonly work: (signal: AbortSignal) => Promise<boolean>
  readonly everyMs: number
  /** Changes when there is something to do before the time is up. */
  readonly trigger: () => string
}

/** What the leader does for the installation itself: certificates, the APIServices of its API, and the objects that its configuration declares. */
export async function doDuties(options: DutiesOptions, signal: AbortSignal): Promise<void> {
  const { log, metrics, mayAct, record, clock = systemClock } = options
  const notices = new Notices(log, record)
  const duties = dutiesOf({ ...options, client: fenced(options.client, mayAct), clock, notices })
  const next = new Map<string, { readonly at: number; readonly trigger: string; readonly failures: number }>()
  while (!signal.aborted) {
    for (const { name, work, everyMs, trigger } of duties) {
      const last = next.get(name)
      if (signal.aborted || !mayAct()) break
      if (last !== undefined && clock.now() < last.at && trigger() === last.trigger) continue
      const seen = trigger()
      try {
        const isSettled = await work(signal)
        notices.settle(name)
        next.set(name, { at: clock.now() + (isSettled ? everyMs : LOOK_MS), trigger: seen, failures: 0 })
      } catch (error) {
        if (signal.aborted || error instanceof NotLeadingError) break
        const failures = (last?.failures ?? 0) + 1
        notices.say(name, { type: 'Warning', reason: 'DutyFailed', message: `${name}: not done yet: ${asError(error).message}` })
        next.set(name, { at: clock.now() + Math.min(MAX_BACKOFF_MS, LOOK_MS * 2 ** Math.min(failures - 1, 10)), trigger: seen, failures })
      }
    }
    await clock.sleep(LOOK_MS, signal)
  }
  // Who leads next counts anew.
  metrics.declared.reset()
  metrics.certificateEnd.reset()
  metrics.declaredBroken.set(0)
}

type Parts = DutiesOptions & { readonly clock: Clock; readonly notices: Notices }

function dutiesOf(parts: Parts): Duty[] {
  const { config, cache } = parts
  const { declaredFile, tlsSecret } = config
  const regions = () =>
    [...cache.all('Region')].filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name)
  const duties: Duty[] = []
  if (declaredFile !== undefined) {
    const declared = declaredObjects(parts, declaredFile)
    const work = async (signal: AbortSignal) => declared.keep(signal).then(() => true)
    duties.push({ name: 'declared objects', work, everyMs: LOOK_MS, trigger: () => '' })
  }
  if (tlsSecret !== undefined) {
    const work = (signal: AbortSignal) => keepServing(parts, tlsSecret, regions(), signal)
    duties.push({ name: 'certificate and APIServices', work, everyMs: SETTLED_MS, trigger: () => regions().toSorted().join() })
  }
  return duties
}

function declaredObjects({ config, client, cache, isWhole, log, metrics, notices, clock }: Parts, file: string): DeclaredObjects {
  return new DeclaredObjects({
    client,
    namespace: config.operatorNamespace,
    read: () => readFileSync(file, 'utf8'),
    cache,
    isWhole,
    prune: config.declaredPrune,
    log,
    notices,
    clock,
    count: (state, count) => metrics.declared.set({ state }, count),
    tellBroken: (isBroken) => metrics.declaredBroken.set(Number(isBroken)),
  })
}

async function keepServing(parts: Parts, name: string, regions: readonly string[], signal: AbortSignal): Promise<boolean> {
  const { config, client, isWhole, log, metrics, now = Date.now } = parts
  const { operatorNamespace: namespace, aggregationService, aggregationOwner, tlsManaged, tlsServices, tlsHosts } = config
  const secret = { client, namespace, name, log }
  const services = [...tlsServices, ...(aggregationService === undefined ? [] : [aggregationService.name])]
  const served = tlsManaged
    ? await keepCertificates(secret, hostsOf(services, namespace, tlsHosts), now(), signal)
    : await servedCertificate(secret, signal)
  const { 'tls.crt': cert, 'ca.crt': ca = '' } = served
  const [leaf] = certificatesIn(cert ?? '')
  if (leaf !== undefined) metrics.certificateEnd.set(endOf(leaf) / 1_000)
  if (aggregationService === undefined || aggregationOwner === undefined) return cert !== undefined
  if (cert !== undefined && ca === '')
    throw new SecaError('InvalidConfiguration', `Secret ${namespace}/${name} has no ca.crt, which kube-apiserver needs to believe the API`)
  const known = { ca, regions: isWhole() ? regions : undefined }
  return keepApiServices({ client, service: { namespace, ...aggregationService }, owner: aggregationOwner, log }, known, signal)
}
