import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { Reference, ref } from '../ref.ts'
import { immutableOnceSet, ip } from '../rules.ts'

export const Nic = defineKind({
  kind: 'Nic',
  api: 'seca.network/v1',
  collection: 'nics',
  secaKind: 'nic',
  scope: 'workspace',
  cloud: 'required',
  shortNames: [],
  description: 'A network interface in a subnet.',
  columns: [
    { name: 'Addresses', path: '.status.addresses' },
    { name: 'Subnet', path: '.spec.subnetRef.resource' },
    { name: 'Public IP', path: '.status.publicIpRefs[0].resource', priority: 1 },
    { name: 'MAC', path: '.status.macAddress', priority: 1 },
  ],
  spec: immutableOnceSet(
    z.object({
      addresses: z
        .array(ip(z.string().min(1).max(39)))
        .min(1)
        .max(32)
        .optional()
        .describe("Addresses, inside the subnet's blocks; absent, 0.0.0.0 or :: = assigned."),
      subnetRef: ref('Subnet', { mustExist: ['Subnet'], holds: true }).describe('Subnet of the interface.'),
      skuRef: ref('NetworkSku', { mustExist: ['NetworkSku'] })
        .optional()
        .describe('NetworkSku of the interface; fixed once it is set.'),
      publicIpRefs: z
        .array(ref('PublicIp', { wait: 'late', holds: true }))
        .max(16)
        .optional()
        .describe('Public IPs bound to the interface, as soon as they are there.'),
      securityGroupRefs: z.array(ref('SecurityGroup')).max(16).optional().describe('Security groups of the interface.'),
    }),
    'skuRef',
  ),
  kubeSpec: z.object({}),
  status: z.object({
    addresses: z.array(z.string().min(1).max(39)).max(32).optional().describe('Addresses in the cloud.'),
    macAddress: z.string().max(17).optional().describe('MAC address.'),
    publicIpRefs: z.array(Reference).max(16).optional().describe('Public IPs that are bound.'),
  }),
  rules: [plainName],
})
