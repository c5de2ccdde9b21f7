import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'
import { tenantName } from '../ref.ts'

const name = () => z.string().min(1).max(64)
const names = (max: number, item = name()) => z.array(item).max(max).optional()

export const RoleAssignment = defineKind({
  kind: 'RoleAssignment',
  api: 'seca.authorization/v1',
  collection: 'role-assignments',
  secaKind: 'role-assignment',
  scope: 'tenant',
  cloud: 'none',
  diesWithWorkspace: true,
  shortNames: ['sra'],
  description: 'Who holds which roles, and where.',
  columns: [
    { name: 'Roles', path: '.spec.roles' },
    { name: 'Subjects', path: '.spec.subs' },
  ],
  spec: z.object({
    subs: z.array(z.string().min(1).max(128)).min(1).max(256).describe('Subjects: the sub claim of their tokens; * = everyone.'),
    // May be empty: deleting a role takes its name out (contract §11.22). A SECA client still has to name one.
    roles: z.array(z.string().min(1).max(64)).max(32).describe('Names of roles of the tenant, or of system roles.'),
    scopes: z
      .array(
        z.object({
          tenants: names(64, tenantName(name())).describe('Tenants; empty or * = the own one, where alone it holds.'),
          regions: names(64).describe('Regions; empty or * = all.'),
          workspaces: names(256).describe('Workspaces; empty or * = all.'),
        }),
      )
      .min(1)
      .max(256)
      .describe('Where the roles hold.'),
  }),
  kubeSpec: z.object({}),
  status: z.object({}),
  rules: [plainName],
  guards: [
    { rule: 'scopes', field: 'scopes' },
    { rule: 'names', field: 'roles', of: 'Role', apiOnly: true },
  ],
})
