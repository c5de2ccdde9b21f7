import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { ref } from '../ref.ts'
import { ordered, someOf } from '../rules.ts'

const port = () => z.int().min(1).max(65_535)

const Ports = ordered(
  someOf(
    z.object({
      from: port().optional().describe('First port of a range, or the only one.'),
      to: port().optional().describe('Last port of a range, or the only one.'),
      list: z.array(port()).max(100).optional().describe('Single ports.'),
    }),
    ['from', 'to', 'list'],
    'needs from, to or list; leave ports out to mean every port',
  ),
  'from',
  'to',
)

/** A rule, as an object of its own or inline in a security group. */
export const RuleSpec = z.object({
  direction: z.enum(['ingress', 'egress']).describe('ingress = towards the instance.'),
  version: z.enum(['IPv4', 'IPv6']).optional().describe('IP version; absent = both.'),
  protocol: z.enum(['tcp', 'udp', 'tcp+udp', 'icmp']).optional().describe('Protocol; absent = any.'),
  ports: Ports.optional().describe('Ports; absent = all.'),
  icmp: z
    .object({
      type: z.int().min(0).max(8).describe('ICMP type.'),
      code: z.int().min(0).max(5).describe('ICMP code.'),
    })
    .optional()
    .describe('ICMP messages; absent = all.'),
  sourceRef: z
    .array(ref(['SecurityGroup', 'Network', 'Subnet', 'Nic', 'Instance', 'PublicIp'], { wait: 'none' }))
    .max(32)
    .optional()
    .describe('The other side: objects, CIDR blocks or IP addresses; empty = anyone.'),
  annotations: z.record(z.string(), z.string().max(1024)).optional().describe('Free notes on the rule.'),
})

export const SecurityGroupRule = defineKind({
  kind: 'SecurityGroupRule',
  api: 'seca.network/v1',
  collection: 'security-group-rules',
  secaKind: 'security-group-rule',
  scope: 'workspace',
  cloud: 'optional',
  shortNames: ['sgr'],
  description: 'A rule that security groups can share.',
  columns: [
    { name: 'Direction', path: '.spec.direction' },
    { name: 'Protocol', path: '.spec.protocol' },
    { name: 'From', path: '.spec.ports.from', type: 'integer' },
    { name: 'To', path: '.spec.ports.to', type: 'integer' },
    { name: 'IP', path: '.spec.version', priority: 1 },
  ],
  spec: RuleSpec,
  kubeSpec: z.object({}),
  status: z.object({}),
  rules: [plainName],
})
