import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { Reference, ref } from '../ref.ts'
import { immutable, neverDecreases } from '../rules.ts'

export const BlockStorage = defineKind({
  kind: 'BlockStorage',
  api: 'seca.storage/v1',
  collection: 'block-storages',
  secaKind: 'block-storage',
  scope: 'workspace',
  cloud: 'required',
  shortNames: ['bs'],
  description: 'A volume that instances can attach.',
  columns: [
    { name: 'Size GB', path: '.spec.sizeGB', type: 'integer' },
    { name: 'SKU', path: '.spec.skuRef.resource' },
    { name: 'Attached to', path: '.status.attachedTo.resource' },
  ],
  spec: z.object({
    sizeGB: neverDecreases(z.int().min(1).max(1_000_000), 'sizeGB').describe('Size in GB; can only grow.'),
    skuRef: immutable(ref('StorageSku', { mustExist: ['StorageSku'] }), 'skuRef').describe('StorageSku of the volume; fixed.'),
    sourceImageRef: ref('Image').optional().describe('Image that the volume is filled from.'),
  }),
  kubeSpec: z.object({}),
  status: z.object({
    sizeGB: z.int().max(1_000_000).optional().describe('Size in the cloud, in GB.'),
    attachedTo: Reference.optional().describe('Instance that the volume is attached to.'),
  }),
  initialStatus: { sizeGB: ({ sizeGB }) => sizeGB },
  rules: [plainName],
})
