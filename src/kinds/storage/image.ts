import * as z from 'zod'
import { dnsLabel, plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { ref } from '../ref.ts'
import { immutableOptional } from '../rules.ts'

export const Image = defineKind({
  kind: 'Image',
  api: 'seca.storage/v1',
  collection: 'images',
  secaKind: 'image',
  scope: 'tenant',
  cloud: 'required',
  isOffered: true,
  shortNames: ['img'],
  description: 'A template that volumes can be filled from.',
  columns: [
    { name: 'CPU', path: '.spec.cpuArchitecture' },
    { name: 'Size MB', path: '.status.sizeMB', type: 'integer' },
    { name: 'Region', path: '.spec.region' },
    { name: 'Boot', path: '.spec.boot', priority: 1 },
    { name: 'Volume', path: '.spec.blockStorageRef.resource', priority: 1 },
  ],
  selectable: ['.spec.region'],
  spec: z.object({
    blockStorageRef: ref('BlockStorage', { mustExist: ['BlockStorage'] }).describe(
      'Volume that the image is made from; may be in another workspace of the tenant.',
    ),
    cpuArchitecture: z.enum(['amd64', 'arm64']).describe('CPU that the image is for.'),
    initializer: z.enum(['none', 'cloudinit-22']).default('none').describe('What reads the user data at first boot.'),
    boot: z.enum(['UEFI', 'BIOS']).default('UEFI').describe('How the image boots.'),
  }),
  kubeSpec: immutableOptional(
    z.object({ region: dnsLabel().optional().describe("Region of the image; absent = the operator's default region.") }),
    'region',
  ),
  status: z.object({ sizeMB: z.int().min(1).optional().describe('Size, in MB.') }),
  rules: [plainName],
})
