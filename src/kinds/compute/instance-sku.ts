import * as z from 'zod'
import { nestedName, skuFields } from '../fields.ts'
import { defineKind } from '../kind.ts'

export const InstanceSku = defineKind({
  kind: 'InstanceSku',
  api: 'seca.compute/v1',
  collection: 'skus',
  secaKind: 'instance-sku',
  scope: 'cluster',
  cloud: 'none',
  isOffered: true,
  catalog: true,
  shortNames: ['insku'],
  description: 'A size of instance that a region offers.',
  columns: [
    { name: 'Region', path: '.spec.region' },
    { name: 'vCPU', path: '.spec.vCPU', type: 'integer' },
    { name: 'RAM GB', path: '.spec.ram', type: 'integer' },
  ],
  selectable: ['.spec.region'],
  spec: z.object({
    vCPU: z.int().min(1).max(60).describe('Virtual CPUs.'),
    ram: z.int().min(1).max(65_536).describe('Memory, in GB.'),
  }),
  kubeSpec: skuFields(),
  rules: [nestedName('region', 'SKU')],
})
