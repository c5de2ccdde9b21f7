import type { CallContext } from '../../../src/provider/contract.ts'
import { ProviderError } from '../../../src/provider/errors.ts'
import type { Call, Session } from '../identity/session.ts'
import { skuName } from '../sku-name.ts'

export interface Flavor {
  readonly id: string
  readonly name: string
  readonly vcpus: number
  /** In MiB. */
  readonly ram: number
  /** Of the host, in GiB; 0 = boots from a volume only, as SECA's instances do. */
  readonly disk: number
}

interface Page {
  readonly flavors: readonly Flavor[]
}

const PAGE_SIZE = 500

/** Flavors that a project may use. */
export async function allFlavors(session: Session, context: CallContext, project?: string): Promise<readonly Flavor[]> {
  const found: Flavor[] = []
  for (let marker: string | undefined = ''; marker !== undefined;) {
    const call: Call = { method: 'GET', path: '/flavors/detail', query: { limit: PAGE_SIZE, marker: marker || undefined } }
    const { flavors }: Page = await session.call<Page>('compute', call, context, project)
    found.push(...flavors)
    marker = flavors.length < PAGE_SIZE ? undefined : flavors.at(-1)?.id
  }
  return found
}

interface Sku {
  readonly name: string
  readonly vCPU: number
  /** In GiB. */
  readonly ram: number
}

/** The flavor of a SKU: the one that the settings name, else the one of that name, else the smallest that has what the SKU says, without a disk of the host where there is one. */
export function flavorFor(sku: Sku, flavors: readonly Flavor[], mapping: Readonly<Record<string, string>>): Flavor {
  const wanted = mapping[sku.name]
  if (wanted !== undefined) {
    const found = flavors.find(({ id, name }) => name === wanted || id === wanted)
    if (found !== undefined) return found
    throw new ProviderError(
      'rejected',
      `settings.flavors of the CloudProvider maps SKU ${sku.name} to ${wanted}, which the cloud does not have`,
    )
  }
  const named = flavors.find(({ name }) => name === sku.name || skuName(name) === sku.name)
  if (named !== undefined) return named
  const size = ({ vcpus, ram, disk }: Flavor) => [vcpus, ram, disk] as const
  const fitting = flavors
    .filter(({ vcpus, ram }) => vcpus >= sku.vCPU && ram >= sku.ram * 1024)
    .toSorted((a, b) => size(a).reduce((order, value, i) => order || value - (size(b)[i] ?? 0), 0))
  if (fitting[0] !== undefined) return fitting[0]
  throw new ProviderError(
    'rejected',
    `the cloud has no flavor with ${sku.vCPU} vCPUs and ${sku.ram} GiB of memory for SKU ${sku.name}: name one in settings.flavors of the CloudProvider`,
  )
}
