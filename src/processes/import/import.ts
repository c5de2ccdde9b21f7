import { PROVIDERS } from '../../../providers/index.ts'
import type { ImportConfig } from '../../cli/import-config.ts'
import { writeManifests } from '../../cli/manifests.ts'
import { createProgress, during } from '../../cli/progress.ts'
import { asError, SecaError } from '../../errors.ts'
import { isName, LABEL_LENGTH } from '../../kinds/naming.ts'
import type { Resource } from '../../kinds/resource.ts'
import { systemClock } from '../../kube/clock.ts'
import { Accounts, secretOf, specOf } from '../../reconcile/accounts.ts'
import { connect } from '../../reconcile/connect.ts'
import { readSecret } from '../../reconcile/services.ts'
import { defaultNamespace, keyOf } from '../../resolve/names.ts'
import { boundTo } from '../../resolve/region.ts'
import { type ClusterView, inCluster } from '../in-cluster.ts'
import { chosenFrom } from './chosen.ts'
import { newFile } from './file.ts'
import { knownIn, skusOf } from './known.ts'
import { type Import, manifestsOf } from './manifests.ts'
import type { Target } from './target.ts'

/** `seca-operator import`: manifests of what is in an account and carries no tag, on stdout or in a new file; what they do not say, on stderr. */
export async function runImport(config: ImportConfig, { signal }: { readonly signal: AbortSignal }): Promise<number> {
  try {
    const write = config.file === undefined ? (text: string) => void process.stdout.write(text) : newFile(config.file)
    const { manifests, remarks } = await inCluster('import', config, signal, (view) => look(config, view, signal))
    signal.throwIfAborted()
    if (manifests.length > 0) write(writeManifests(manifests))
    process.stderr.write(`${summary(manifests)}\n${remarks.map((words) => `* ${words}\n`).join('')}`)
    return 0
  } catch (error) {
    if (error instanceof SecaError && error.code === 'InvalidConfiguration') throw error
    process.stderr.write(`${signal.aborted ? 'interrupted' : asError(error).message}\n`)
    return 1
  }
}

function summary(manifests: Import['manifests']): string {
  if (manifests.length === 0) return 'nothing to take over'
  const counts = Map.groupBy(manifests, ({ kind }) => kind)
  return `${manifests.length} manifests: ${[...counts].map(([kind, all]) => `${all.length} ${kind}`).join(', ')}`
}

async function look(config: ImportConfig, { client, cache }: ClusterView, signal: AbortSignal): Promise<Import> {
  const { region, tenant, workspace, from, operatorNamespace } = config
  const target = targetOf(config, { client, cache })
  const cloudProvider = cache.get('CloudProvider', boundTo(cache.get('Region', region) as Resource) ?? '')
  if (cloudProvider === undefined) throw invalid(`region "${region}" is bound to no CloudProvider that is there`)
  const secret = secretOf(specOf(cloudProvider), tenant)
  const read = await readSecret(client, operatorNamespace, secret, signal)
  const options = { lookup: cache, providers: PROVIDERS, operatorNamespace, accounts: new Accounts(systemClock.now) }
  const { connection, provider } = connect(options, cloudProvider, secret, read, region)
  try {
    if (connection.unmanaged === undefined)
      throw invalid(`provider "${provider}" cannot tell what is in an account: write the manifests by hand`)
    const list = connection.unmanaged({ signal })
    const all = await during(createProgress(), 'looking through the account', () => Array.fromAsync(list))
    const own = (cache.get('Workspace', keyOf(target.home, workspace))?.status as { externalId?: string } | undefined)?.externalId
    const standsFor = (id: string) => target.known.held.get(`Workspace/${id}`)?.name
    const chosen = chosenFrom(all, { from, own, standsFor })
    const made = manifestsOf(chosen.found, target, chosen.workspace)
    return { ...made, remarks: [...chosen.remarks, ...made.remarks, ...conditions(cloudProvider, config, made)] }
  } finally {
    await connection.close()
  }
}

/** What has to be so before the manifests work. */
function conditions(cloudProvider: Resource, { tenant }: ImportConfig, { manifests }: Pick<Import, 'manifests'>): readonly string[] {
  const { adoption } = specOf(cloudProvider)
  if (manifests.length === 0 || adoption?.tenants?.includes(tenant)) return []
  const { name } = cloudProvider.metadata
  return [
    `CloudProvider "${name}" does not let tenant ${tenant} take objects over: add it to spec.adoption.tenants before the manifests are applied`,
  ]
}

function targetOf(config: ImportConfig, { cache }: ClusterView): Target {
  const { region, tenant, workspace, enforce, networkSku } = config
  const object = cache.get('Region', region)
  if (object === undefined) throw invalid(`there is no region "${region}": ${namesOf([...cache.all('Region')])}`)
  const home = cache.namespaceOf({ tenant })
  if (home === undefined) throw invalid(`no namespace stands for tenant "${tenant}": label one secapi.cloud/tenant=${tenant}`)
  if (!isName(workspace, LABEL_LENGTH))
    throw invalid(
      `--workspace ${workspace}: no name for one; lower case letters, digits, hyphens and dots, ${LABEL_LENGTH} characters at most`,
    )
  const all = skusOf(cache, region)
  const networks = all.filter(({ kind }) => kind === 'NetworkSku')
  const first = networks.filter(({ name }) => name === networkSku)
  if (networkSku !== undefined && first.length === 0)
    throw invalid(
      `region "${region}" has no NetworkSku "${networkSku}": there are ${networks.map(({ name }) => name).join(', ') || 'none'}`,
    )
  const space = cache.namespaceOf({ tenant, workspace })
  const there = cache.get('Workspace', keyOf(home, workspace))
  const other = there && regionOf(there, cache.defaultRegion)
  if (other !== undefined && other !== region) throw invalid(`workspace "${workspace}" is in region "${other}": give another one`)
  const { availableZones = [], cloud } = object.spec as { availableZones?: readonly string[]; cloud?: { zones?: Record<string, string> } }
  return {
    tenant,
    workspace,
    home,
    space: space ?? defaultNamespace({ tenant, workspace }),
    region,
    availableZones,
    zones: Object.fromEntries(Object.entries(cloud?.zones ?? {}).map(([here, there_]) => [there_, here])),
    // The one that is asked for stands for what the cloud does not tell.
    skus: [...first, ...all],
    known: knownIn(cache, [home, ...(space === undefined ? [] : [space])]),
    isThere: space !== undefined && there !== undefined,
    isObserved: !enforce,
  }
}

const regionOf = ({ spec }: Resource, otherwise: string) => (spec as { region?: string } | undefined)?.region ?? otherwise

const namesOf = (objects: readonly Resource[]): string => `there are ${objects.map(({ metadata }) => metadata.name).join(', ') || 'none'}`

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
