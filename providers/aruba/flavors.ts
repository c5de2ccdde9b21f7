import { ProviderError } from '../../src/provider/errors.ts'

/** Published in words only (api.arubacloud.com/docs/metadata): CPUs and GB of memory stand in the name. */
export const FLAVORS: readonly string[] =
  'CSO1A2 CSO1A4 CSO2A4 CSO2A8 CSO4A8 CSO4A16 CSO8A16 CSO8A32 CSO12A24 CSO16A32 CSO16A64 CSO24A48 CSO32A64'.split(' ')

interface Size {
  readonly vCPU: number
  readonly ram: number
}

export function sizeOf(flavor: string): Size {
  const [, vCPU, ram] = /^CSO(\d+)A(\d+)$/.exec(flavor) ?? []
  return { vCPU: Number(vCPU), ram: Number(ram) }
}

/** The flavor that stands for a SKU: the one that the settings name, else the one of exactly that size. */
export function flavorFor({ name, vCPU, ram }: Size & { readonly name: string }, mapping: Readonly<Record<string, string>>): string {
  const flavor = mapping[name] ?? FLAVORS.find((one) => sizeOf(one).vCPU === vCPU && sizeOf(one).ram === ram)
  if (flavor !== undefined) return flavor
  const sizes = FLAVORS.map((one) => `${sizeOf(one).vCPU}/${sizeOf(one).ram}`).join(', ')
  throw new ProviderError(
    'unsupported',
    `this cloud has no machine with ${vCPU} CPUs and ${ram} GB (it has ${sizes}): name a flavor for SKU ${name} in settings.flavors, or take another SKU`,
  )
}
