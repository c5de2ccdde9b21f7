import * as z from 'zod'
import { nestedName, skuFields } from '../fields.ts'
import { defineKind } from '../kind.ts'

export const StorageSku = defineKind({
  kind: 'StorageSku',
  api: 'seca.storage/v1',
  collection: 'skus',
  secaKind: 'storage-sku',
  scope: 'cluster',
  cloud: 'none',
  isOffered: true,
  catalog: true,
  shortNames: ['stsku'],
  description: 'A size and kind of volume that a region offers.',
  columns: [
    { name: 'Region', path: '.spec.region' },
    { name: 'Type', path: '.spec.type' },
    { name: 'IOPS', path: '.spec.iops', type: 'integer' },
    { name: 'Min GB', path: '.spec.minVolumeSize', type: 'integer' },
  ],
  selectable: ['.spec.region'],
  spec: z.object({
    iops: z.int().min(1).max(45_000).describe('Input/output operations per second.'),
    type: z.enum(['local-ephemeral', 'local-durable', 'remote-durable']).describe('Where the data is and whether it outlives the host.'),
    minVolumeSize: z.int().min(1).describe('Smallest volume, in GB.'),
  }),
  kubeSpec: skuFields(),
  rules: [nestedName('region', 'SKU')],
})
