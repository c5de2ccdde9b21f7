/** A collection of the API, in what it differs from the others. */
export interface Collection {
  /** Below the project (or what it lives in): `providers/Aruba.Network/vpcs`. */
  readonly path: string
  /** Collection of what it lives in; absent: projects. */
  readonly parent?: string
  /** Properties that a change has to send again. */
  readonly resent: readonly string[]
  /** Whether a change has to name the location, or may not. */
  readonly isPlaceless?: true
  /** Nothing can be changed after creation, tags neither. */
  readonly isFrozen?: true
  /** Of the version in which it is made as it should be. */
  readonly createVersion?: string
  /** Of its deletion. */
  readonly deleteQuery?: Readonly<Record<string, string>>
}

/** By the name that objects of it go by in this adapter, which is the last segment of its path. */
export const COLLECTIONS: Readonly<Record<string, Collection>> = {
  projects: { path: 'projects', resent: ['description', 'default'], isPlaceless: true },
  blockStorages: { path: 'providers/Aruba.Storage/blockStorages', resent: ['sizeGb', 'billingPeriod', 'dataCenter', 'bootable'] },
  snapshots: { path: 'providers/Aruba.Storage/snapshots', resent: ['billingPeriod'] },
  vpcs: { path: 'providers/Aruba.Network/vpcs', resent: ['default'] },
  subnets: { path: 'subnets', parent: 'vpcs', resent: ['default'] },
  securityGroups: { path: 'securityGroups', parent: 'vpcs', resent: ['default'] },
  securityRules: { path: 'securityRules', parent: 'securityGroups', resent: [], isPlaceless: true },
  elasticIps: { path: 'providers/Aruba.Network/elasticIps', resent: ['billingPlan'] },
  keyPairs: { path: 'providers/Aruba.Compute/keyPairs', resent: [], isFrozen: true },
  cloudServers: {
    path: 'providers/Aruba.Compute/cloudServers',
    resent: [],
    isFrozen: true,
    createVersion: '1.1',
    // Volumes are objects of their own, and survive the server.
    deleteQuery: { deleteBootVolumeOnCascade: 'false' },
  },
}

export function collectionOf(type: string): Collection {
  const collection = COLLECTIONS[type]
  if (collection === undefined) throw new Error(`there is no collection ${type}`)
  return collection
}
