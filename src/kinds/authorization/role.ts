import * as z from 'zod'
import { plainName } from '../fields.ts'
import { defineKind, type RootRule } from '../kind.ts'
import { cel } from '../rules.ts'

/** System roles are built in and not stored (DESIGN §6), so nobody else may use their names. */
export const notReserved: RootRule = {
  rule: "!self.metadata.name.startsWith('seca.')",
  message: "names that begin with 'seca.' are kept for the built-in system roles",
}

/** Patterns that cannot be looked up and have to be tried one by one: `*` beside something else, `instances/web-*`. */
const MAX_PARTIAL = 256
const PARTIAL = /[^/][*]|[*][^/]/

/** Every decision on a holder tries them, so their number is bounded. Names in full and `instances/*` cost nothing. */
function fewPartial<S extends z.ZodType<readonly { readonly resources: readonly string[] }[]>>(permissions: S): S {
  const message = `at most ${MAX_PARTIAL} resources of a role may hold * beside other characters (instances/web-*); write names in full, or instances/*`
  const rule = `self.map(p, p.resources.filter(r, r.matches('${PARTIAL.source}')).size()).sum() <= ${MAX_PARTIAL}`
  const count = (all: z.output<S>) => all.reduce((sum, { resources }) => sum + resources.filter((one) => PARTIAL.test(one)).length, 0)
  return cel(permissions.refine((all) => count(all) <= MAX_PARTIAL, { error: message }) as S, { rule, message })
}

export const Role = defineKind({
  kind: 'Role',
  api: 'seca.authorization/v1',
  collection: 'roles',
  secaKind: 'role',
  scope: 'tenant',
  cloud: 'none',
  shortNames: ['srole'],
  description: 'What its holders may do through the SECA API.',
  columns: [],
  spec: z.object({
    permissions: fewPartial(
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
})
