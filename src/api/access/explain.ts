import type { Cache } from '../../cache/cache.ts'
import { SecaError } from '../../errors.ts'
import type { Attempt, Decision, DirectCaller } from '../contract.ts'
import type { Grant } from './assignments.ts'
import { describe, EVERYONE, RoleBook } from './book.ts'
import { missOf, placeOf } from './scopes.ts'
import { ended } from '../turns.ts'
import { matchRoute } from '../path/routes.ts'
import { attemptOf, find, locate } from '../path/target.ts'

/** What an administrator is told: the decision, and for each assignment of the subject what came of it. */
interface Explanation {
  readonly decision: Decision
  readonly attempt: string
  readonly lines: readonly string[]
}

const MISSES = {
  tenant: 'its scopes do not name this tenant',
  region: 'its scopes leave the region out (or the resource has none)',
  workspace: 'its scopes leave the workspace out (or the resource is in none)',
} as const

/** Why a subject may or may not do something (contract §7.2). */
export function explain(cache: Cache, caller: DirectCaller, attempt: Attempt): Explanation {
  const book = new RoleBook(cache)
  const decision = book.decide(caller, attempt)
  const report = (lines: readonly string[]) => ({ decision, attempt: describe(attempt), lines })
  if (book.beforeRoles(caller, attempt) !== undefined) return report([])
  const tenant = attempt.tenant ?? ''
  if (cache.namespaceOf({ tenant }) === undefined) return report([`there is no tenant ${tenant}: no namespace has the label for it`])
  const lines = [caller.subject, EVERYONE].flatMap((subject) =>
    [...book.grants(tenant, subject)].map(
      (grant) =>
        `role assignment ${grant.assignment} (subject ${subject}; roles ${grant.roles.join(', ')}): ${outcomeOf(book, grant, attempt)}`,
    ),
  )
  return report(lines.length > 0 ? lines : [`no role assignment of tenant ${tenant} names ${caller.subject} or everyone`])
}

/** What comes of one assignment. */
function outcomeOf(book: RoleBook, { reaches, roles }: Grant, attempt: Attempt): string {
  const misses = reaches.map((reach) => missOf(reach, placeOf(attempt)))
  const miss = misses.includes(undefined) ? undefined : misses.at(-1)
  if (miss !== undefined) return MISSES[miss]
  const found = roles.map((name) => ({ name, permissions: book.role(attempt.tenant ?? '', name) }))
  const helping = found.find(({ permissions }) => permissions !== undefined && ended(permissions.permit(attempt)))
  if (helping !== undefined) return `role ${helping.name} permits it`
  const missing = found.filter(({ permissions }) => permissions === undefined).map(({ name }) => name)
  if (missing.length === 0) return 'none of its roles permits this'
  return `roles ${missing.join(', ')} do not exist, the others do not permit this`
}

/** Reads a path (`/providers/…`, `/regions/…`, `/apis/…`) or a URN as an attempt. Throws for what is nowhere. */
export function parseAttempt(cache: Cache, verb: Attempt['verb'], resource: string): Attempt {
  const path = resource.replace(/^\/+/, '')
  const isApi = path.startsWith('apis/')
  const isPath = isApi || path.startsWith('providers/') || path.startsWith('regions/')
  const full = isPath ? path : `providers/${path}`
  const matched = matchRoute(isApi ? 'aggregated' : 'direct', `/${full}`)
  if (matched === undefined)
    throw new SecaError(
      'InvalidConfiguration',
      `--resource ${resource} is no path of the API; write seca.compute/v1/tenants/<tenant>/workspaces/<workspace>/instances/<name>`,
    )
  const { place, action } = matched.route
  const fits =
    place === 'collection' ? verb === 'list' : place === 'action' ? verb === 'post' : verb === 'get' || verb === 'put' || verb === 'delete'
  if (!fits)
    throw new SecaError(
      'InvalidConfiguration',
      `--verb ${verb} does not fit ${resource}: lists are listed, resources are get, put or deleted, actions are posted`,
    )
  const target = locate(cache, matched)
  return attemptOf(target, verb, {
    ...(action === undefined ? {} : { action }),
    ...(verb === 'put' ? { isUpdate: find(cache, target) !== undefined } : {}),
  })
}
