import { setTimeout as sleep } from 'node:timers/promises'
import { PROVIDERS } from '../../providers/index.ts'
import { isYes } from '../cli/ask.ts'
import type { AuditConfig } from '../cli/config.ts'
import { type Manifest, readManifests } from '../cli/manifests.ts'
import { createProgress, during, type Step } from '../cli/progress.ts'
import { asError, SecaError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { Resource } from '../kinds/resource.ts'
import type { KubeClient } from '../kube/client.ts'
import { systemClock } from '../kube/clock.ts'
import { parseTag } from '../provider/tags.ts'
import { Accounts } from '../reconcile/accounts.ts'
import type { Finding } from '../reconcile/audit.ts'
import { AuditAccounts } from '../reconcile/audit-accounts.ts'
import { adoptionsOf } from '../reconcile/audit-adopt.ts'
import { audit, type AuditReport } from '../reconcile/auditor.ts'
import { storedInstallation } from '../reconcile/installation.ts'
import { readSecret } from '../reconcile/services.ts'
import { adoptAll, type Deed, deletableOf, deleteProven, type World } from './audit-act.ts'
import { asJson, asTable } from './audit-report.ts'
import { inCluster } from './in-cluster.ts'

const RETRY_MS = 2_000
const FOUND = 1
/** Something could not be looked at or done: 1 stands for what was found. */
const INCOMPLETE = 2

/** `seca-operator audit`: exit code 0 when all is in order (again), 1 when something was found, 2 when not all could be looked at or done. */
export async function runAudit(config: AuditConfig, { signal }: { readonly signal: AbortSignal }): Promise<number> {
  const isActing = config.delete || config.adopt !== undefined
  if (isActing && !config.yes && !process.stdin.isTTY)
    throw invalid('--delete and --adopt ask first, and there is no terminal to ask on: give --yes, after a look without them')
  if (config.delete && config.adopt !== undefined)
    throw invalid('give either --delete or --adopt: first take back what you have manifests of')
  const wrong = config.accounts.find((one) => !/^[^/]+\/[^/]+$/.test(one))
  if (wrong !== undefined) throw invalid(`--accounts ${wrong}: give <CloudProvider>/<Secret>`)
  const manifests = config.adopt === undefined ? [] : readManifests(config.adopt)
  try {
    let installation = ''
    const find = async (client: KubeClient) => {
      const found = await storedInstallation({ client, namespace: config.operatorNamespace, kinds: KINDS }, signal)
      if (found === undefined)
        throw invalid(
          `namespace ${config.operatorNamespace} has no ConfigMap seca-installation: no operator of this namespace tagged anything`,
        )
      installation = found
    }
    return await inCluster('audit', config, signal, (view) => auditAndAct(config, { ...view, installation }, manifests, signal), find)
  } catch (error) {
    if (error instanceof SecaError && error.code === 'InvalidConfiguration') throw error
    process.stderr.write(`${signal.aborted ? 'interrupted' : asError(error).message}\n`)
    return INCOMPLETE
  }
}

async function auditAndAct(config: AuditConfig, world: World, manifests: readonly Manifest[], signal: AbortSignal): Promise<number> {
  const { client, cache, installation } = world
  const progress = createProgress()
  let step: Step | undefined
  const onProgress = (text: string) => step?.update(text)
  const accounts = new AuditAccounts({
    lookup: cache,
    providers: PROVIDERS,
    operatorNamespace: config.operatorNamespace,
    accounts: new Accounts(systemClock.now),
    installation,
    readSecret: (name, at) => readSecret(client, config.operatorNamespace, name, at),
    besides: config.accounts,
    retryMs: RETRY_MS,
    onProgress,
  })
  const inStep = <T>(label: string, work: () => Promise<T>) =>
    during(progress, label, (one) => {
      step = one
      return work()
    })
  try {
    const report = await inStep('audit', () =>
      audit(
        {
          lookup: cache,
          kinds: KINDS,
          installation,
          accounts,
          roadMs: config.callTimeoutMs,
          isAsked: (finding) => isAsked(config, finding),
          sleep: (ms, at) => sleep(ms, undefined, { signal: at }),
          onProgress,
        },
        signal,
      ),
    )
    const act = async (): Promise<Deed[]> => {
      const objects = config.delete ? deletableOf(report.proven) : []
      const adoptions = adoptionsOf(cache, installation, report.proven, manifests as unknown as Resource[])
      if (objects.length > 0 && (await isAgreed(config, report, `Delete ${objects.length} cloud objects for good?`)))
        return inStep('deleting', () => deleteProven(objects, world, accounts, onProgress, signal))
      if (adoptions.length > 0 && (await isAgreed(config, report, `Make ${adoptions.length} resources for their cloud objects?`)))
        return adoptAll(adoptions, world, signal)
      return []
    }
    const deeds = await act()
    process.stdout.write(config.output === 'json' ? asJson(report, deeds) : asTable(report, deeds))
    return exitCode(report, deeds)
  } finally {
    await accounts.close()
  }
}

/** What is left is told by the code: 2 says that less is known or done than was asked for. */
export function exitCode({ proven, unread }: AuditReport, deeds: readonly Deed[]): number {
  if (unread.length > 0 || deeds.some(({ action }) => action === 'left')) return INCOMPLETE
  return deeds.length < proven.length ? FOUND : 0
}

function isAsked({ tenant, region }: Pick<AuditConfig, 'tenant' | 'region'>, { tag, found, expected }: Finding): boolean {
  const full = expected?.tag ?? tag
  const isTenants = tenant === undefined || `${full}/`.includes(`/tenants/${tenant}/`)
  return isTenants && (region === undefined || (parseTag(full)?.region ?? found?.region) === region)
}

async function isAgreed({ yes }: AuditConfig, report: AuditReport, question: string): Promise<boolean> {
  if (yes) return true
  process.stderr.write(asTable(report, []))
  return isYes(question, process.stdin, process.stderr)
}

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
