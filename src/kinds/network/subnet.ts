import * as z from 'zod'
import { AssignedCidr, Cidr, dnsLabel, nestedName, zone } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { Reference, ref } from '../ref.ts'
import { immutable } from '../rules.ts'

export const Subnet = defineKind({
  kind: 'Subnet',
  api: 'seca.network/v1',
  collection: 'subnets',
  secaKind: 'subnet',
  scope: 'workspace',
  parent: { kind: 'Network', field: 'network', onDelete: 'cascade' },
  cloud: 'required',
  shortNames: ['snet'],
  description: 'A part of a network, in one zone.',
  columns: [
    { name: 'Network', path: '.spec.network' },
    { name: 'IPv4', path: '.status.cidr.ipv4' },
    { name: 'IPv6', path: '.status.cidr.ipv6', priority: 1 },
    { name: 'Zone', path: '.spec.zone' },
    { name: 'Route table', path: '.spec.routeTableRef.resource', priority: 1 },
  ],
  selectable: ['.spec.network', '.spec.zone'],
  spec: z.object({
    cidr: Cidr().describe("Address blocks, inside the network's."),
    zone: zone(),
    routeTableRef: ref('RouteTable', { mustExist: ['RouteTable'] }).describe('Route table of the subnet.'),
    skuRef: ref('NetworkSku', { mustExist: ['NetworkSku'] })
      .optional()
      .describe("NetworkSku of the subnet, when not the network's."),
  }),
  kubeSpec: z.object({
    network: immutable(dnsLabel(), 'network').describe("Network of the subnet; the object's name is <network>.<name>."),
  }),
  status: z.object({
    cidr: AssignedCidr().optional().describe('Address blocks in the cloud.'),
    routeTableRef: Reference.optional().describe('Route table in use.'),
  }),
  rules: [nestedName('network', 'subnet')],
  guards: [
    { rule: 'zone', field: 'zone' },
    { rule: 'insideParent', field: 'cidr', stalls: 'OutsideNetwork' },
  ],
})
