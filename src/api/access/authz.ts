import type { Cache } from '../../cache/cache.ts'
import { SecaError } from '../../errors.ts'
import type { Attempt, Authorizer, Caller, Decision } from '../contract.ts'
import { EVERYONE, type Grants, grantsOf, isMaterial, isReading, outcomeOf, reachOf } from './roles.ts'
import type { AccessReviews } from './access-review.ts'

type DirectCaller = Extract<Caller, { door: 'direct' }>

/** Tenant whose SKUs are everyone's (DESIGN §2). */
const CATALOGUE_TENANT = 'seca'

export interface AuthorizerOptions {
  readonly cache: Cache
  readonly isSynced: () => boolean
  /** Decides for callers with a Kubernetes identity; absent where there is no aggregated door. */
  readonly reviews?: AccessReviews
}

/** SECA roles decide for tokens, Kubernetes for its own users (DESIGN §6). */
export function createAuthorizer({ cache, isSynced, reviews }: AuthorizerOptions): Authorizer {
  const roles = new RoleBook(cache)
  return {
    async authorize(caller, attempt, signal) {
      if (!isSynced()) throw new SecaError('NotReady', 'the roles are still being read; try again in a few seconds')
      if (caller.door === 'direct') return roles.decide(caller, attempt)
      if (reviews === undefined) throw new SecaError('Internal', 'a caller with a Kubernetes identity, but no way to ask Kubernetes')
      return reviews.decide(caller, attempt, signal)
    },
  }
}

/** The grants of all tenants, read from the cache when somebody asks and forgotten when they change. */
export class RoleBook {
  readonly #cache: Cache
  readonly #tenants = new Map<string, Grants>()

  constructor(cache: Cache) {
    this.#cache = cache
    for (const kind of ['Role', 'RoleAssignment'])
      cache.store(kind).onChange(({ object }) => this.#tenants.delete(object.metadata.namespace ?? ''))
  }

  /** Grants of a tenant; undefined when there is no such tenant. */
  grants(tenant: string): Grants | undefined {
    const namespace = this.#cache.namespaceOf({ tenant })
    if (namespace === undefined) return undefined
    let grants = this.#tenants.get(namespace)
    if (grants === undefined) this.#tenants.set(namespace, (grants = grantsOf(this.#cache, namespace)))
    return grants
  }

  decide(caller: DirectCaller, attempt: Attempt): Decision {
    const early = this.beforeRoles(caller, attempt)
    if (early !== undefined) return early
    const grants = this.grants(attempt.tenant ?? '')
    for (const subject of [caller.subject, EVERYONE]) {
      for (const grant of grants?.get(subject) ?? []) {
        const outcome = outcomeOf(grant, attempt)
        if ('role' in outcome) return { isAllowed: true, why: `role assignment ${grant.assignment} gives role ${outcome.role}` }
      }
    }
    // The same words whether the tenant exists or not.
    return deny(`no role of "${caller.subject}" in tenant ${attempt.tenant ?? ''} allows ${describe(attempt)}`)
  }

  /** What is decided without roles: what is open to all, and what the token itself leaves out. */
  beforeRoles(caller: DirectCaller, attempt: Attempt): Decision | undefined {
    const { tenant, kind } = attempt
    if (kind.catalog === true && tenant === undefined)
      return isReading(attempt)
        ? { isAllowed: true, why: 'regions are open to every authenticated caller' }
        : deny('regions are made by administrators of the installation')
    if (tenant === undefined) return deny(`${describe(attempt)} names no tenant`)
    const isOpen =
      isMaterial(kind) && isReading(attempt) && (kind.catalog === true ? tenant === CATALOGUE_TENANT : this.#cache.isShared(tenant))
    if (isOpen) return { isAllowed: true, why: `${kind.collection} of tenant ${tenant} are open to every authenticated caller` }
    const { scope } = caller
    if (scope.tenants !== undefined && !scope.tenants.includes(tenant)) return deny(`the token does not reach tenant ${tenant}`)
    const miss = reachOf(scope, attempt)
    return miss === undefined ? undefined : deny(`the token is held to some ${miss}s, and ${describe(attempt)} is outside of them`)
  }
}

const deny = (why: string): Decision => ({ isAllowed: false, why })

/** `put seca.compute/v1 instances/web in workspace prod of region eu-1`, for messages. */
export function describe({ verb, action, kind, name, parent, workspace, region }: Attempt): string {
  const nested = parent === undefined || kind.parent === undefined ? '' : `${kind.parent.field}s/${parent}/`
  const what = `${nested}${kind.collection}${name === undefined ? '' : `/${name}`}`
  const place = workspace === undefined ? '' : ` in workspace ${workspace} of region ${region}`
  return `${verb}${action === undefined ? '' : `.${action}`} ${kind.api} ${what}${place}`
}
