import type { Unmanaged } from '../../provider/contract.ts'
import { toId, toSku } from '../../provider/unmanaged.ts'
import type { Target } from './target.ts'

/** Where manifests of tests are for: a region with a SKU of each kind. */
export const TARGET: Target = {
  tenant: 'acme',
  workspace: 'prod',
  home: 'seca-acme',
  space: 'seca-acme--prod',
  region: 'eu-1',
  availableZones: ['a'],
  zones: { nova: 'a' },
  skus: [
    { kind: 'InstanceSku', name: 'small', spec: { region: 'eu-1', vCPU: 2, ram: 4 } },
    { kind: 'NetworkSku', name: 'n1k', spec: { region: 'eu-1', bandwidth: 1000, packets: 10_000 } },
    { kind: 'StorageSku', name: 'fast', spec: { region: 'eu-1', iops: 500, type: 'remote-durable', minVolumeSize: 1 } },
  ],
  known: { held: new Map(), taken: new Set() },
  isThere: false,
  isObserved: true,
}

export const volume = (externalId: string, name: string): Unmanaged => ({
  kind: 'BlockStorage',
  externalId,
  name,
  spec: { sizeGB: 5, skuRef: toSku('StorageSku', { iops: 500, type: 'remote-durable' }) },
})

export const network = (externalId: string, name: string): Unmanaged => ({
  kind: 'Network',
  externalId,
  name,
  spec: { cidr: { ipv4: '10.0.0.0/24' }, skuRef: toSku('NetworkSku', {}) },
})

export const server = (externalId: string, boot: string, more: Unmanaged['spec'] = {}): Unmanaged => ({
  kind: 'Instance',
  externalId,
  name: 'web',
  spec: {
    zone: 'nova',
    skuRef: toSku('InstanceSku', { vCPU: 2, ram: 4 }),
    bootVolume: { deviceRef: toId('BlockStorage', boot), type: 'virtio' },
    ...more,
  },
})

export const group = (externalId: string, name: string, rules: readonly Unmanaged['spec'][], more: Unmanaged['spec'] = {}): Unmanaged => ({
  kind: 'SecurityGroup',
  externalId,
  name,
  spec: { rules, ...more },
})
