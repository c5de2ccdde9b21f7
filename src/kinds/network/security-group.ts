import * as z from 'zod'
import { ItemStatus } from '../common.ts'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { ref } from '../ref.ts'
import { RuleSpec } from './security-group-rule.ts'

export const SecurityGroup = defineKind({
  kind: 'SecurityGroup',
  api: 'seca.network/v1',
  collection: 'security-groups',
  secaKind: 'security-group',
  scope: 'workspace',
  cloud: 'required',
  shortNames: ['sg'],
  description: 'A stateful firewall: what no rule allows is refused.',
  columns: [],
  spec: z.object({
    rules: z.array(RuleSpec).max(500).optional().describe('Rules of this group only.'),
    ruleRefs: z
      .array(ref('SecurityGroupRule', { mustExist: ['SecurityGroupRule'] }))
      .max(500)
      .optional()
      .describe('Shared rules.'),
  }),
  kubeSpec: z.object({}),
  status: z.object({ rules: z.array(ItemStatus).max(500).optional().describe('State of each inline rule, in the order of the spec.') }),
  rules: [plainName],
})
