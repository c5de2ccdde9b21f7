import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind, type RootRule } from '../kind.ts'
import { cel } from '../rules.ts'
import { SYSTEM_PREFIX, SYSTEM_ROLES } from './system-roles.ts'

/** System roles are built in and not stored (architecture §6), so nobody else may use their names. */
const notReserved: RootRule = {
  rule: `!self.metadata.name.startsWith('${SYSTEM_PREFIX}')`,
  message: `names that begin with '${SYSTEM_PREFIX}' are kept for the built-in system roles`,
}

const MAX_PATTERNS = 512

/** Names in full are looked up; patterns have to be tried in every decision on a holder, so their number is bounded. */
function fewPatterns<S extends z.ZodType<readonly { readonly resources: readonly string[] }[]>>(permissions: S): S {
  const message = `at most ${MAX_PATTERNS} resources of a role may hold "*" (instances/*, instances/web-*); write names in full, or wider patterns`
  const rule = `self.map(p, p.resources.filter(r, r.contains('*')).size()).sum() <= ${MAX_PATTERNS}`
  const count = (all: z.output<S>) => all.reduce((sum, { resources }) => sum + resources.filter((one) => one.includes('*')).length, 0)
  return cel(permissions.refine((all) => count(all) <= MAX_PATTERNS, { error: message }) as S, { rule, message })
}

export const Role = defineKind({
  kind: 'Role',
  api: 'seca.authorization/v1',
  collection: 'roles',
  secaKind: 'role',
  scope: 'tenant',
  cloud: 'none',
  isGuarded: true,
  shortNames: ['srole'],
  description: 'What its holders may do through the SECA API.',
  columns: [],
  spec: z.object({
    permissions: fewPatterns(
      z
        .array(
          z.object({
            provider: z.string().min(1).max(64).describe('API, seca.compute/v1; the version may be left out.'),
            resources: z
              .array(z.string().min(1).max(256))
              .min(1)
              .max(256)
              .describe('What may be touched: *, instances/*, instances/web-1.'),
            verb: z.array(z.string().min(1).max(7)).min(1).max(16).describe('get, list, put, delete, post or *.'),
          }),
        )
        .min(1)
        .max(256)
        .describe('Permissions; they add up.'),
    ),
  }),
  kubeSpec: z.object({}),
  status: z.object({}),
  rules: [plainName, notReserved],
  guards: [{ rule: 'permissions', field: 'permissions', apiOnly: true }],
  builtIns: { prefix: SYSTEM_PREFIX, specs: SYSTEM_ROLES },
})
