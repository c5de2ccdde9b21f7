import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind } from '../kind.ts'

const names = (max: number) => z.array(z.string().min(1).max(64)).max(max).optional()

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
    // May be empty: deleting a role takes its name out (SECA.md §11.22). A SECA client still has to name one.
    roles: z.array(z.string().min(1).max(64)).max(32).describe('Names of roles of the tenant, or of system roles.'),
    scopes: z
      .array(
        z.object({
          tenants: names(64).describe('Tenants; empty = the own one.'),
          regions: names(64).describe('Regions; empty = all.'),
          workspaces: names(256).describe('Workspaces; empty = all.'),
        }),
      )
      .min(1)
      .max(256)
      .describe('Where the roles hold.'),
  }),
  kubeSpec: z.object({}),
  status: z.object({}),
  rules: [plainName],
})
