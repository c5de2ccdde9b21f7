import { PROVIDERS } from '../../../providers/index.ts'
import { asError, SecaError } from '../../errors.ts'
import type { Resource } from '../../kinds/resource.ts'
import { systemClock } from '../../kube/clock.ts'
import type { Capability } from '../../provider/contract.ts'
import { Accounts, secretOf, specOf } from '../../reconcile/accounts.ts'
import { connect } from '../../reconcile/connect.ts'
import { readSecret } from '../../reconcile/services.ts'
import { boundTo } from '../../resolve/region.ts'
import type { ClusterView } from '../in-cluster.ts'

/** A region that is compared, and what its cloud says it can do. */
export interface Compared {
  readonly name: string
  readonly provider: string
  readonly cloudProvider: string
  readonly zones: readonly string[]
  readonly capabilities: Readonly<Record<string, Capability>>
  readonly remarks: readonly string[]
}

const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)

/** Reads a region, its account and what that can do as it is set up; no cloud is asked. */
export async function comparedRegion(
  name: string,
  { client, cache }: ClusterView,
  operatorNamespace: string,
  signal: AbortSignal,
): Promise<Compared> {
  const region = cache.get('Region', name)
  if (region === undefined) {
    const known = [...cache.all('Region')].map(({ metadata }) => metadata.name).join(', ')
    throw invalid(`--regions: there is no region "${name}": ${known === '' ? 'there is none' : `there are ${known}`}`)
  }
  const account = cache.get('CloudProvider', boundTo(region) ?? '')
  if (account === undefined) throw invalid(`--regions: region "${name}" is bound to no CloudProvider that is there`)
  const { type } = specOf(account)
  const provider = PROVIDERS.find((one) => one.type === type)
  if (provider === undefined)
    throw invalid(
      `--regions: region "${name}" has a provider of type "${type}", which is none of ${PROVIDERS.map((one) => one.type).join(', ')}`,
    )
  const { availableZones: zones = [] } = region.spec as { availableZones?: readonly string[] }
  const facts = { name, provider: type, cloudProvider: account.metadata.name, zones }
  try {
    return { ...facts, capabilities: await capabilitiesOf(account, name, { client, cache }, operatorNamespace, signal), remarks: [] }
  } catch (error) {
    const remark = `what the account can do as it is set up is not known, and taken from the type of provider: ${asError(error).message}`
    return { ...facts, capabilities: provider.capabilities, remarks: [remark] }
  }
}

async function capabilitiesOf(
  account: Resource,
  region: string,
  { client, cache }: ClusterView,
  operatorNamespace: string,
  signal: AbortSignal,
) {
  const secret = secretOf(specOf(account), '')
  const read = await readSecret(client, operatorNamespace, secret, signal)
  const options = { lookup: cache, providers: PROVIDERS, operatorNamespace, accounts: new Accounts(systemClock.now) }
  const { connection, capabilities } = connect(options, account, secret, read, region)
  await connection.close()
  return capabilities
}
