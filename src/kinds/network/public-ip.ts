import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { Reference } from '../ref.ts'
import { emptyOrIp } from '../rules.ts'

export const PublicIp = defineKind({
  kind: 'PublicIp',
  api: 'seca.network/v1',
  collection: 'public-ips',
  secaKind: 'public-ip',
  scope: 'workspace',
  cloud: 'required',
  shortNames: ['pip'],
  description: 'A public address that NICs can have.',
  columns: [
    { name: 'Address', path: '.status.ipAddress' },
    { name: 'IP', path: '.spec.version' },
    { name: 'Attached to', path: '.status.attachedTo.resource' },
  ],
  selectable: ['.spec.version', '.status.ipAddress'],
  spec: z.object({
    version: z.enum(['IPv4', 'IPv6']).describe('IP version.'),
    address: emptyOrIp(z.string().max(39)).optional().describe('An address of your own; absent or empty = assigned.'),
  }),
  kubeSpec: z.object({}),
  status: z.object({
    ipAddress: z.string().max(39).optional().describe('The address.'),
    attachedTo: Reference.optional().describe('NIC that has it.'),
  }),
  rules: [plainName],
})
