import { kindNamed } from '../../../src/kinds/index.ts'

/** The smallest valid spec of every kind. References use names that the other entries have by default. */
const SPECS: Readonly<Record<string, (parent: string) => Readonly<Record<string, unknown>>>> = {
  CloudProvider: () => ({ type: 'simulator', credentialsSecretRef: { name: 'simulator-credentials' } }),
  Region: () => ({ availableZones: ['a', 'b', 'c'], cloudProvider: 'simulator' }),
  StorageSku: (region) => ({ region, iops: 100, type: 'remote-durable', minVolumeSize: 50 }),
  InstanceSku: (region) => ({ region, vCPU: 1, ram: 2 }),
  NetworkSku: (region) => ({ region, bandwidth: 1000, packets: 10_000 }),
  Role: () => ({ permissions: [{ provider: 'seca.compute/v1', resources: ['instances/*'], verb: ['get', 'list'] }] }),
  RoleAssignment: () => ({ subs: ['alice'], roles: ['seca.admin'], scopes: [{}] }),
  Workspace: () => ({}),
  Image: () => ({ blockStorageRef: { resource: 'workspaces/prod/block-storages/blockstorage-1' }, cpuArchitecture: 'amd64' }),
  BlockStorage: () => ({ sizeGB: 50, skuRef: { resource: 'skus/storagesku-1' } }),
  Network: () => ({ cidr: { ipv4: '10.0.0.0/16' }, skuRef: { resource: 'skus/networksku-1' } }),
  RouteTable: (network) => ({
    network,
    routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: { resource: 'internet-gateways/internetgateway-1' } }],
  }),
  Subnet: (network) => ({
    network,
    cidr: { ipv4: '10.0.1.0/24' },
    zone: 'a',
    routeTableRef: { resource: `networks/${network}/route-tables/routetable-1` },
  }),
  InternetGateway: () => ({}),
  SecurityGroupRule: () => ({ direction: 'ingress' }),
  SecurityGroup: () => ({}),
  PublicIp: () => ({ version: 'IPv4' }),
  Nic: () => ({ subnetRef: { resource: 'networks/network-1/subnets/subnet-1' } }),
  Instance: () => ({
    skuRef: { resource: 'skus/instancesku-1' },
    zone: 'a',
    bootVolume: { deviceRef: { resource: 'block-storages/blockstorage-1' } },
  }),
}

/** Manifest as kubectl would read it. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: Record<string, unknown>
}

const PARENTS: Readonly<Record<string, string>> = {
  StorageSku: 'eu-1',
  InstanceSku: 'eu-1',
  NetworkSku: 'eu-1',
  RouteTable: 'network-1',
  Subnet: 'network-1',
}

/**
 * A valid minimal object. Without a name it is `<kind>-1`, for nested kinds and SKUs `network-1.<kind>-1`, `eu-1.<kind>-1`;
 * a given name of those holds its parent (`net.sub`). Cluster-scoped kinds ignore `namespace`; `spec` fields win.
 */
export function minimal(kindName: string, options: { name?: string; namespace?: string; spec?: Record<string, unknown> } = {}): Manifest {
  const kind = kindNamed(kindName)
  const spec = SPECS[kindName]
  if (!kind || !spec) throw new Error(`no minimal manifest for ${kindName}`)
  const parent = PARENTS[kindName]
  const name = options.name ?? `${parent ? `${parent}.` : ''}${kindName.toLowerCase()}-1`
  return {
    apiVersion: kind.apiVersion,
    kind: kindName,
    metadata: { name, ...(kind.gvr.namespaced ? { namespace: options.namespace ?? 'default' } : {}) },
    spec: { ...spec(parent ? (name.split('.')[0] ?? parent) : ''), ...options.spec },
  }
}
