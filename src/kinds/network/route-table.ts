import * as z from 'zod'
import { ItemStatus } from '../common.ts'
import { dnsLabel, nestedName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { ref } from '../ref.ts'
import { cidr, immutable } from '../rules.ts'

export const RouteTable = defineKind({
  kind: 'RouteTable',
  api: 'seca.network/v1',
  collection: 'route-tables',
  secaKind: 'routing-table',
  scope: 'workspace',
  parent: { kind: 'Network', field: 'network', onDelete: 'block' },
  cloud: 'required',
  shortNames: ['rt'],
  description: 'Routes of subnets of a network.',
  columns: [{ name: 'Network', path: '.spec.network' }],
  selectable: ['.spec.network'],
  spec: z.object({
    routes: z
      .array(
        z.object({
          destinationCidrBlock: cidr(z.string().min(1).max(43)).describe('Where the packets go to, 0.0.0.0/0.'),
          targetRef: ref(['InternetGateway', 'Instance', 'Nic'], { mustExist: ['InternetGateway'], wait: 'none' }).describe(
            'Where they are sent: a gateway, an instance, a NIC, or an IP address inside the network.',
          ),
        }),
      )
      .min(1)
      .max(1000)
      .describe("Routes; those to the network's own blocks are always there."),
  }),
  kubeSpec: z.object({
    network: immutable(dnsLabel(), 'network').describe("Network of the table; the object's name is <network>.<name>."),
  }),
  status: z.object({ routes: z.array(ItemStatus).max(1000).optional().describe('State of each route, in the order of the spec.') }),
  rules: [nestedName('network', 'route table')],
})
