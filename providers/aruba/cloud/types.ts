import type { StoredType } from '../../stand-in/model.ts'

/** A collection of the cloud. */
export interface Type extends StoredType {
  /** Where it is below what it lives in. */
  readonly service: 'Aruba.Network' | 'Aruba.Compute' | 'Aruba.Storage' | ''
  /** Collection of what it lives in, and the field that names that. */
  readonly parent?: { readonly type: string; readonly field: string }
  /** Its name in categories. */
  readonly category: string
  /** What answers call it, where that is another case. */
  readonly otherCase?: string
}

const project = { to: ['projects'], onDelete: 'hold' } as const
const vpc = { to: ['vpcs'], onDelete: 'hold' } as const

/** Everything that the cloud sells, as far as it is played. */
export const TYPES: Readonly<Record<string, Type>> = {
  projects: { service: '', category: 'Project', links: {} },
  blockStorages: {
    service: 'Aruba.Storage',
    category: 'BlockStorage',
    links: { project, snapshot: { to: ['snapshots'], onDelete: 'keep' } },
  },
  snapshots: { service: 'Aruba.Storage', category: 'Snapshot', links: { project, volume: { to: ['blockStorages'], onDelete: 'keep' } } },
  vpcs: { service: 'Aruba.Network', category: 'Vpc', links: { project } },
  subnets: { service: 'Aruba.Network', category: 'Subnet', parent: { type: 'vpcs', field: 'vpc' }, links: { project, vpc } },
  securityGroups: {
    service: 'Aruba.Network',
    category: 'SecurityGroup',
    parent: { type: 'vpcs', field: 'vpc' },
    links: { project, vpc },
  },
  securityRules: {
    service: 'Aruba.Network',
    category: 'SecurityRule',
    parent: { type: 'securityGroups', field: 'group' },
    links: { project, group: { to: ['securityGroups'], onDelete: 'go' } },
  },
  elasticIps: { service: 'Aruba.Network', category: 'ElasticIp', otherCase: 'elasticIPs', links: { project } },
  keyPairs: { service: 'Aruba.Compute', category: 'KeyPair', links: { project } },
  cloudServers: {
    service: 'Aruba.Compute',
    category: 'CloudServer',
    links: {
      project,
      vpc,
      subnets: { to: ['subnets'], onDelete: 'hold' },
      securityGroups: { to: ['securityGroups'], onDelete: 'hold' },
      bootVolume: { to: ['blockStorages'], onDelete: 'hold' },
      dataVolumes: { to: ['blockStorages'], onDelete: 'hold' },
      elasticIps: { to: ['elasticIps'], onDelete: 'hold' },
      keyPair: { to: ['keyPairs'], onDelete: 'keep' },
    },
  },
}

export function typeOf(name: string): Type {
  const type = TYPES[name]
  if (type === undefined) throw new Error(`there is no collection ${name}`)
  return type
}
