import { InstanceSku } from '../kinds/compute/instance-sku.ts'
import type { Kind } from '../kinds/kind.ts'
import { NetworkSku } from '../kinds/network/network-sku.ts'
import { StorageSku } from '../kinds/storage/storage-sku.ts'

/** SKUs of the specification's examples (contract §8), for one region. */
export function catalogue(region: string): { kind: Kind; object: CatalogueObject }[] {
  const sku = (kind: Kind, tier: string, spec: object, labels: Record<string, string> = {}) => ({
    kind,
    object: {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      // Clients filter on either spelling of the tier (contract §11.19).
      metadata: { name: `${region}.${tier.toLowerCase()}`, labels: { provider: 'seca', tier, Tier: tier, ...labels } },
      spec: { region, ...spec },
    },
  })
  return [
    ...['D', 'S'].flatMap((series) =>
      SIZES.map(([size, vCPU, ram]) => sku(InstanceSku, `${series}${size}`, { vCPU, ram }, { architecture: 'amd64' })),
    ),
    ...STORAGE.flatMap(([prefix, type, tiers]) =>
      tiers.map((tier) => sku(StorageSku, `${prefix}${tier}`, { iops: count(tier), type, minVolumeSize: 50 })),
    ),
    ...NETWORK.map(([tier, bandwidth, packets]) => sku(NetworkSku, tier, { bandwidth, packets })),
  ]
}

interface CatalogueObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: Readonly<Record<string, unknown>>
}

/** Size, vCPU, GB of memory. */
const SIZES = [
  ['2XS', 1, 1],
  ['XS', 1, 2],
  ['S', 2, 4],
  ['M', 4, 8],
  ['L', 8, 16],
  ['XL', 16, 32],
  ['2XL', 32, 64],
] as const

/** The number is the IOPS. */
const STORAGE = [
  ['RD', 'remote-durable', ['100', '500', '2K', '10K', '20K']],
  ['LD', 'local-durable', ['100', '500', '5K', '20K', '40K']],
  ['LE', 'local-ephemeral', ['100', '500', '5K', '20K', '40K']],
] as const

/** Mbit/s, packets per second. */
const NETWORK = [
  ['N1K', 1_000, 10_000],
  ['N5K', 5_000, 40_000],
  ['N10K', 10_000, 80_000],
] as const

const count = (tier: string) => Number.parseInt(tier, 10) * (tier.endsWith('K') ? 1_000 : 1)
