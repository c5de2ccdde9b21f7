import { PROVIDERS } from '../../../providers/index.ts'
import type { ImportConfig } from '../../cli/import-config.ts'
import { writeManifests } from '../../cli/manifests.ts'
import { createProgress, during } from '../../cli/progress.ts'
import { asError, SecaError } from '../../errors.ts'
import type { Resource } from '../../kinds/resource.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Unmanaged } from '../../provider/contract.ts'
import { Accounts, secretOf, specOf } from '../../reconcile/accounts.ts'
import { connect } from '../../reconcile/connect.ts'
import { readSecret } from '../../reconcile/services.ts'
import { boundTo } from '../../resolve/region.ts'
import { type ClusterView, inCluster } from '../in-cluster.ts'
import { type Import, manifestsOf, type Target } from './manifests.ts'

/** `seca-operator import`: manifests of what is in an account and carries no tag, on stdout; what they do not say, on stderr. Nothing is written anywhere. */
export async function runImport(config: ImportConfig, { signal }: { readonly signal: AbortSignal }): Promise<number> {
  try {
    const { manifests, remarks } = await inCluster('import', config, signal, (view) => look(config, view, signal))
    process.stdout.write(writeManifests(manifests))
    process.stderr.write(`${summary(manifests)}\n${remarks.map((words) => `* ${words}\n`).join('')}`)
    return 0
  } catch (error) {
    if (error instanceof SecaError && error.code === 'InvalidConfiguration') throw error
    process.stderr.write(`${signal.aborted ? 'interrupted' : asError(error).message}\n`)
    return 1
  }
}

function summary(manifests: Import['manifests']): string {
  const counts = Map.groupBy(manifests, ({ kind }) => kind)
  return `${manifests.length} manifests: ${[...counts].map(([kind, all]) => `${all.length} ${kind}`).join(', ')}`
}

async function look(config: ImportConfig, { client, cache }: ClusterView, signal: AbortSignal): Promise<Import> {
  const { region, tenant, operatorNamespace } = config
  const target = targetOf(config, { client, cache })
  const cloudProvider = cache.get('CloudProvider', boundTo(cache.get('Region', region) as Resource) ?? '')
  if (cloudProvider === undefined) throw invalid(`region "${region}" is bound to no CloudProvider that is there`)
  const { adoption } = specOf(cloudProvider)
  const secret = secretOf(specOf(cloudProvider), tenant)
  const read = await readSecret(client, operatorNamespace, secret, signal)
  const options = { lookup: cache, providers: PROVIDERS, operatorNamespace, accounts: new Accounts(systemClock.now) }
  const { connection, provider } = connect(options, cloudProvider, secret, read, region)
  try {
    if (connection.unmanaged === undefined)
      throw invalid(`provider "${provider}" cannot tell what is in an account: write the manifests by hand`)
    const list = connection.unmanaged({ signal })
    const found = await during(createProgress(), 'looking through the account', () => Array.fromAsync(list))
    const made = manifestsOf(found, target)
    return { ...made, remarks: [...made.remarks, ...conditions(cloudProvider, adoption?.tenants ?? [], config, found)] }
  } finally {
    await connection.close()
  }
}

/** What has to be so before the manifests work. */
function conditions(
  cloudProvider: Resource,
  allowed: readonly string[],
  { tenant }: ImportConfig,
  found: readonly Unmanaged[],
): readonly string[] {
  if (found.length === 0 || allowed.includes(tenant)) return []
  const { name } = cloudProvider.metadata
  return [
    `CloudProvider "${name}" does not let tenant ${tenant} take objects over: add it to spec.adoption.tenants before the manifests are applied`,
  ]
}

function targetOf(config: ImportConfig, { cache }: ClusterView): Target {
  const { region, tenant, workspace, enforce } = config
  const object = cache.get('Region', region)
  if (object === undefined) throw invalid(`there is no region "${region}": ${namesOf([...cache.all('Region')])}`)
  const home = cache.namespaceOf({ tenant })
  if (home === undefined) throw invalid(`no namespace stands for tenant "${tenant}": label one secapi.cloud/tenant=${tenant}`)
  const skus = [...cache.all('NetworkSku')].filter(({ spec }) => (spec as { region?: string }).region === region)
  const networkSku = config.networkSku ?? skus[0]?.metadata.name.slice(region.length + 1)
  if (networkSku === undefined)
    throw invalid(`region "${region}" has no NetworkSku, and a network needs one: make one, or name it with --network-sku`)
  const { zones = {} } = ((object.spec as { cloud?: { zones?: Record<string, string> } }).cloud ?? {}) as { zones?: Record<string, string> }
  return {
    tenant,
    workspace,
    home,
    space: cache.namespaceOf({ tenant, workspace }) ?? `${home}--${workspace}`,
    region,
    zones: Object.fromEntries(Object.entries(zones).map(([here, there]) => [there, here])),
    networkSku,
    isObserved: !enforce,
  }
}

const namesOf = (objects: readonly Resource[]): string => `there are ${objects.map(({ metadata }) => metadata.name).join(', ') || 'none'}`

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
