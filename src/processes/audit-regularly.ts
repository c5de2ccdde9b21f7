import { PROVIDERS } from '../../providers/index.ts'
import type { Cache } from '../cache/cache.ts'
import type { ControllersConfig } from '../cli/config.ts'
import { asError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Provider } from '../provider/contract.ts'
import { Accounts } from '../reconcile/accounts.ts'
import type { Finding } from '../reconcile/audit.ts'
import { AuditAccounts } from '../reconcile/audit-accounts.ts'
import { audit, type AuditReport } from '../reconcile/auditor.ts'
import { readSecret } from '../reconcile/services.ts'

export interface RegularAudit {
  readonly config: Pick<ControllersConfig, 'auditIntervalMs' | 'callTimeoutMs' | 'operatorNamespace'>
  readonly client: KubeClient
  readonly cache: Cache
  readonly installation: string
  readonly metrics: Pick<Metrics, 'auditObjects' | 'auditTime'>
  readonly log: Pick<Log, 'warn'>
  /** Every kind is installed: else what cannot be seen would look leaked. */
  readonly isWhole: () => boolean
  readonly clock?: Clock
  readonly providers?: readonly Provider[]
}

type Group = readonly [Finding, ...Finding[]]

/** A new leader's first one comes this much sooner: leaders that change every few hours would never come to one. */
const FIRST = 0.1
const RETRY_MS = 5_000

/** Audits the clouds now and then while this process leads, for the metric alone: nothing is changed, and failures are logged. Never rejects. */
export async function auditRegularly(options: RegularAudit, signal: AbortSignal): Promise<void> {
  const { config, metrics, log, isWhole, clock = systemClock } = options
  if (config.auditIntervalMs === 0) return
  for (let waitMs = config.auditIntervalMs * FIRST; ; waitMs = config.auditIntervalMs) {
    await clock.sleep(waitMs, signal)
    if (signal.aborted) break
    if (!isWhole()) continue
    try {
      await tell(options, await once(options, clock, signal))
    } catch (error) {
      if (!signal.aborted) log.warn({ err: asError(error).message }, 'the audit failed')
    }
  }
  // Who leads next tells of its own.
  metrics.auditObjects.reset()
}

async function once(options: RegularAudit, clock: Clock, signal: AbortSignal): Promise<AuditReport> {
  const { config, client, cache, installation, providers = PROVIDERS } = options
  const { operatorNamespace, callTimeoutMs } = config
  const accounts = new AuditAccounts({
    lookup: cache,
    providers,
    operatorNamespace,
    accounts: new Accounts(clock.now),
    installation,
    readSecret: (name, at) => readSecret(client, operatorNamespace, name, at),
    besides: [],
    retryMs: RETRY_MS,
    onProgress: () => undefined,
  })
  const sleep = async (ms: number, at: AbortSignal) => {
    await clock.sleep(ms, at)
    at.throwIfAborted()
  }
  const about = { lookup: cache, kinds: KINDS, installation, accounts, roadMs: callTimeoutMs }
  try {
    return await audit({ ...about, isAsked: () => true, sleep, onProgress: () => undefined }, signal)
  } finally {
    await accounts.close()
  }
}

/**
 * A finding that is there no more is told no more. Where not all could be read, what was told stands and what is new comes on top: an account
 * that fails for long hides nothing of the others, and the time tells how old the last whole audit is.
 */
async function tell({ metrics, log }: RegularAudit, { proven, unread }: AuditReport): Promise<void> {
  const isWhole = unread.length === 0
  if (!isWhole) log.warn({ unread }, 'the audit could not look at every account')
  const { values } = await metrics.auditObjects.get()
  if (isWhole) metrics.auditObjects.reset()
  for (const [{ finding, kind }, ...others] of Map.groupBy(proven, (one) => `${one.finding} ${one.kind}`).values() as Iterable<Group>) {
    const before = isWhole ? undefined : values.find(({ labels }) => labels.finding === finding && labels.kind === kind)
    metrics.auditObjects.set({ finding, kind }, Math.max(before?.value ?? 0, 1 + others.length))
  }
  if (isWhole) metrics.auditTime.setToCurrentTime()
}
