import * as z from 'zod'
import { WORKSPACE_ADMIN } from '../authorization/system-roles.ts'
import { dnsLabel } from '../fields.ts'
import { LABEL_LENGTH } from '../naming.ts'
import { defineKind } from '../kind.ts'
import { immutableOptional } from '../rules.ts'

export const Workspace = defineKind({
  kind: 'Workspace',
  api: 'seca.workspace/v1',
  collection: 'workspaces',
  secaKind: 'workspace',
  scope: 'tenant',
  cloud: 'optional',
  freeSpec: true,
  optionalSpec: true,
  creatorRole: WORKSPACE_ADMIN,
  shortNames: ['ws'],
  description: 'A workspace of a tenant: what else is in it has a namespace of its own.',
  columns: [
    { name: 'Region', path: '.spec.region' },
    { name: 'Resources', path: '.status.resourceCount', type: 'integer' },
    { name: 'Namespace', path: '.status.namespace', priority: 1 },
  ],
  selectable: ['.spec.region'],
  spec: z.looseObject({}),
  kubeSpec: immutableOptional(
    z.object({ region: dnsLabel().optional().describe("Region of everything in the workspace; absent = the operator's default region.") }),
    'region',
  ),
  status: z.object({ resourceCount: z.int().min(0).optional().describe('Resources in the workspace.') }),
  kubeStatus: z.object({ namespace: z.string().max(63).optional().describe('Namespace of what is in the workspace.') }),
  rules: [
    {
      rule: `size(self.metadata.name) <= ${LABEL_LENGTH}`,
      message: `metadata.name of a workspace must have at most ${LABEL_LENGTH} characters, since namespaces are labelled with it`,
    },
  ],
})
