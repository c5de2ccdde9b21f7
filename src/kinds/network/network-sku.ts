import * as z from 'zod'
import { nestedName, skuFields } from '../fields.ts'
import { defineKind } from '../kind.ts'

export const NetworkSku = defineKind({
  kind: 'NetworkSku',
  api: 'seca.network/v1',
  collection: 'skus',
  secaKind: 'network-sku',
  scope: 'cluster',
  cloud: 'none',
  isOffered: true,
  catalog: true,
  shortNames: ['netsku'],
  description: 'A network performance that a region offers.',
  columns: [
    { name: 'Region', path: '.spec.region' },
    { name: 'Mbit/s', path: '.spec.bandwidth', type: 'integer' },
    { name: 'Packets/s', path: '.spec.packets', type: 'integer' },
  ],
  selectable: ['.spec.region'],
  spec: z.object({
    bandwidth: z.int().min(1).max(800_000).describe('Bandwidth, in Mbit/s.'),
    packets: z.int().min(1).max(200_000_000_000).describe('Packets per second.'),
  }),
  kubeSpec: skuFields(),
  rules: [nestedName('region', 'SKU')],
})
