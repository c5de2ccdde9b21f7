import * as z from 'zod'
import { AssignedCidr, Cidr, labelName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { ref } from '../ref.ts'
import { immutable } from '../rules.ts'

export const Network = defineKind({
  kind: 'Network',
  api: 'seca.network/v1',
  collection: 'networks',
  secaKind: 'network',
  scope: 'workspace',
  cloud: 'required',
  shortNames: ['net'],
  description: 'A private network.',
  columns: [
    { name: 'IPv4', path: '.status.cidr.ipv4' },
    { name: 'IPv6', path: '.status.cidr.ipv6', priority: 1 },
    { name: 'SKU', path: '.spec.skuRef.resource' },
  ],
  spec: z.object({
    cidr: immutable(Cidr(), 'cidr').describe('Address blocks of the network; fixed.'),
    additionalCidrs: z.array(Cidr()).max(32).optional().describe('Further address blocks.'),
    skuRef: immutable(ref('NetworkSku', { mustExist: ['NetworkSku'] }), 'skuRef').describe('NetworkSku of the network; fixed.'),
  }),
  kubeSpec: z.object({}),
  status: z.object({
    cidr: AssignedCidr().optional().describe('Address blocks in the cloud, of the families asked for.'),
    additionalCidrs: z.array(AssignedCidr()).max(32).optional().describe('Further address blocks in the cloud.'),
  }),
  initialStatus: {
    // The contract's "nothing assigned yet", for the families asked for (contract §11.15).
    cidr: ({ cidr }) => ({
      ...((cidr as { ipv4?: string }).ipv4 === undefined ? {} : { ipv4: '0.0.0.0/0' }),
      ...((cidr as { ipv6?: string }).ipv6 === undefined ? {} : { ipv6: '::/0' }),
    }),
  },
  rules: [labelName('network')],
})
