import * as z from 'zod'
import { dnsLabel, labelName } from '../fields.ts'
import { defineKind } from '../kind.ts'

export const Region = defineKind({
  kind: 'Region',
  api: 'seca.region/v1',
  collection: 'regions',
  secaKind: 'region',
  scope: 'cluster',
  cloud: 'none',
  isGuarded: true,
  catalog: true,
  extensions: false,
  shortNames: ['reg'],
  description: 'A region: the zones that it has and the cloud that serves it.',
  columns: [
    { name: 'Zones', path: '.spec.availableZones' },
    { name: 'Cloud', path: '.spec.cloudProvider' },
  ],
  selectable: ['.spec.cloudProvider'],
  spec: z.object({
    availableZones: z.array(z.string().min(1).max(32)).min(1).max(32).describe('Zones; the first is meant where a zone is empty.'),
    providers: z
      .array(
        z.object({
          name: z.string().min(1).max(64).describe('API without version, seca.compute.'),
          version: z.string().min(1).max(16).describe('Version of the API, v1.'),
          url: z.string().min(1).max(4000).describe('Base URL of the API, without the version.'),
        }),
      )
      .min(1)
      .max(64)
      .optional()
      .describe('APIs of the region. Rendered from the configuration when absent, which is the rule.'),
  }),
  kubeSpec: z.object({
    cloudProvider: dnsLabel().describe('CloudProvider that the region is bound to.'),
    cloud: z
      .object({
        region: z.string().min(1).max(128).optional().describe("The region's name in the cloud; absent = as here."),
        zones: z.record(z.string().max(32), z.string().min(1).max(128)).optional().describe('Names of zones in the cloud, by name here.'),
      })
      .optional()
      .describe('What the region and its zones are called in the cloud, where that differs.'),
  }),
  // For Kubernetes users only: a SECA region has no status.
  status: z.object({}),
  rules: [labelName('region')],
  uses: [{ field: 'cloudProvider', kind: 'CloudProvider' }],
  apiList: 'providers',
})
