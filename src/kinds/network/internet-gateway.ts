import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'

export const InternetGateway = defineKind({
  kind: 'InternetGateway',
  api: 'seca.network/v1',
  collection: 'internet-gateways',
  secaKind: 'internet-gateway',
  scope: 'workspace',
  cloud: 'required',
  shortNames: ['igw'],
  description: 'A way to the internet, for routes to name.',
  columns: [{ name: 'Egress only', path: '.spec.egressOnly', type: 'boolean' }],
  spec: z.object({ egressOnly: z.boolean().default(false).describe('Only connections from inside are let through.') }),
  kubeSpec: z.object({}),
  status: z.object({}),
  rules: [plainName],
})
