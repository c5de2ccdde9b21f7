import { LRUCache } from 'lru-cache'
import type { Cache } from '../../cache/cache.ts'
import { Role } from '../../kinds/authorization/role.ts'
import { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import type { Spec } from '../../kinds/kind.ts'
import { keyOf } from '../../resolve/names.ts'
import type { Attempt, Decision, DirectCaller } from '../contract.ts'
import { SYSTEM_ROLES } from '../../kinds/authorization/system-roles.ts'
import { ended } from '../turns.ts'
import { Assignments, type Grant } from './assignments.ts'
import { type Permissions, permissionsOf } from './permissions.ts'
import { isMaterial, isReading, missOf, type Place, placeOf, reachOfToken } from './scopes.ts'

export const EVERYONE = '*'
/** Tenant whose SKUs are everyone's (architecture §2). */
const CATALOGUE_TENANT = 'seca'
/** What is remembered: tenants; for each of them roles held somewhere, and decisions that took much. */
const MAX_TENANTS = 1_000
const MAX_HELD = 2_000
const MAX_DECISIONS = 1_000
/** Who holds roles of more permissions than this has decisions remembered; for all others it costs more than deciding. */
const MANY = 64

/** A role that a subject holds at a place, and the first assignment that gives it. */
interface Held {
  readonly role: string
  readonly permissions: Permissions
  readonly assignment: string
}

/** Who holds what where in one tenant, and what followed. Thrown away as a whole when one of its assignments or roles changes. */
interface Book {
  readonly tenant: string
  readonly held: LRUCache<string, readonly Held[]>
  readonly decisions: LRUCache<string, Decision>
}

/** Decides by SECA roles (contract §7.2), from the cache as it is at that moment. */
export class RoleBook {
  readonly #cache: Cache
  readonly #assignments: Assignments
  /** By namespace. */
  readonly #books = new LRUCache<string, Book>({ max: MAX_TENANTS })

  constructor(cache: Cache) {
    this.#cache = cache
    this.#assignments = new Assignments(cache)
    for (const kind of [Role.kind, RoleAssignment.kind])
      cache.store(kind).onChange(({ object }) => this.#books.delete(object.metadata.namespace ?? ''))
  }

  /** The assignments of a tenant that name a subject. */
  grants(tenant: string, subject: string): Iterable<Grant> {
    const namespace = this.#cache.namespaceOf({ tenant })
    return namespace === undefined ? [] : this.#assignments.of(namespace, subject)
  }

  /** What a role of a tenant permits; undefined for one that is not there, or not for long any more. */
  role(tenant: string, name: string): Permissions | undefined {
    const builtIn = SYSTEM_ROLES.get(name)
    if (builtIn !== undefined) return permissionsOf(builtIn)
    const namespace = this.#cache.namespaceOf({ tenant })
    const stored = name.startsWith('seca.') || namespace === undefined ? undefined : this.#cache.get(Role.kind, keyOf(namespace, name))
    if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return undefined
    return permissionsOf(stored.spec as Spec<typeof Role>)
  }

  decide(caller: DirectCaller, attempt: Attempt): Decision {
    return ended(this.deciding(caller, attempt))
  }

  /** Decides, and pauses at times: what a subject holds has no limit. */
  *deciding(caller: DirectCaller, attempt: Attempt): Generator<void, Decision> {
    const place = placeOf(attempt)
    const early = this.beforeRoles(caller, attempt, place)
    if (early !== undefined) return early
    const { subject } = caller
    const tenant = attempt.tenant ?? ''
    const namespace = this.#cache.namespaceOf({ tenant })
    // The same words whether the tenant exists or not.
    const no = () => deny(`no role of "${subject}" in tenant ${tenant} allows ${describe(attempt)}`)
    if (namespace === undefined) return no()
    // A book that changes under us is thrown away by then, with what we put into it.
    const book = this.#bookOf(namespace, tenant)
    const held = yield* this.#heldAt(book, namespace, subject, place)
    const heldByAll = yield* this.#heldAt(book, namespace, EVERYONE, place)
    const isMuch = weightOf(held) + weightOf(heldByAll) > MANY
    const key = isMuch ? keyOfAttempt(subject, place, attempt) : ''
    const known = isMuch ? book.decisions.get(key) : undefined
    if (known !== undefined) return known
    let decision: Decision | undefined
    for (const { role, permissions, assignment } of [...held, ...heldByAll]) {
      if (!(yield* permissions.permit(attempt))) continue
      decision = { isAllowed: true, why: `role assignment ${assignment} gives role ${role}` }
      break
    }
    decision ??= no()
    if (isMuch) book.decisions.set(key, decision)
    return decision
  }

  /** What is decided without roles: what is open to all, and what the token itself leaves out. */
  beforeRoles(caller: DirectCaller, attempt: Attempt, place = placeOf(attempt)): Decision | undefined {
    const { tenant, kind } = attempt
    if (kind.catalog === true && tenant === undefined)
      return isReading(attempt)
        ? { isAllowed: true, why: 'regions are open to every authenticated caller' }
        : deny('regions are made by administrators of the installation')
    if (tenant === undefined) return deny(`${describe(attempt)} names no tenant`)
    const isOpen =
      isMaterial(kind) && isReading(attempt) && (kind.catalog === true ? tenant === CATALOGUE_TENANT : this.#cache.isShared(tenant))
    if (isOpen) return { isAllowed: true, why: `${kind.collection} of tenant ${tenant} are open to every authenticated caller` }
    const miss = missOf(reachOfToken(caller.scope), place)
    if (miss === undefined) return undefined
    if (miss === 'tenant') return deny(`the token does not reach tenant ${tenant}`)
    return deny(`the token is held to some ${miss}s, and ${describe(attempt)} is outside of them`)
  }

  /** Roles that a subject holds at a place, each once. */
  *#heldAt(book: Book, namespace: string, subject: string, place: Place): Generator<void, readonly Held[]> {
    const key = keyOfPlace(subject, place)
    const known = book.held.get(key)
    if (known !== undefined) return known
    const held = new Map<string, Held>()
    for (const grant of this.#assignments.of(namespace, subject)) {
      yield
      if (!grant.reaches.some((reach) => missOf(reach, place) === undefined)) continue
      for (const role of grant.roles) {
        if (held.has(role)) continue
        const permissions = this.role(book.tenant, role)
        if (permissions !== undefined) held.set(role, { role, permissions, assignment: grant.assignment })
      }
    }
    const list = [...held.values()]
    book.held.set(key, list)
    return list
  }

  /** A namespace whose labels changed stands for another tenant. */
  #bookOf(namespace: string, tenant: string): Book {
    let book = this.#books.get(namespace)
    if (book?.tenant !== tenant) {
      const held: Book['held'] = new LRUCache({ maxSize: MAX_HELD, sizeCalculation: (list) => 1 + list.length })
      book = { tenant, held, decisions: new LRUCache({ max: MAX_DECISIONS }) }
      this.#books.set(namespace, book)
    }
    return book
  }
}

const weightOf = (held: readonly Held[]): number => held.reduce((sum, { permissions }) => sum + permissions.size, 0)

/** Subjects and what paths name are any text, so lengths keep them apart. */
function keyOfPlace(subject: string, { region, workspace, isForAllWorkspaces }: Place): string {
  const where = isForAllWorkspaces ? '*' : workspace === undefined ? '-' : `/${workspace}`
  return `${subject.length} ${region?.length ?? '-'} ${subject}${region ?? ''}${where}`
}

function keyOfAttempt(subject: string, place: Place, { kind, verb, action = '', parent = '', name }: Attempt): string {
  const where = keyOfPlace(subject, place)
  return `${where.length} ${parent.length} ${where}${parent}${kind.kind} ${verb}.${action} ${name === undefined ? '' : `/${name}`}`
}

const deny = (why: string): Decision => ({ isAllowed: false, why })

/** `put seca.compute/v1 instances/web in workspace prod of region eu-1`, for messages. */
export function describe({ verb, action, kind, name, parent, workspace, region }: Attempt): string {
  const nested = parent === undefined || kind.parent === undefined ? '' : `${kind.parent.field}s/${parent}/`
  const what = `${nested}${kind.collection}${name === undefined ? '' : `/${name}`}`
  const place = workspace === undefined ? '' : ` in workspace ${workspace} of region ${region}`
  return `${verb}${action === undefined ? '' : `.${action}`} ${kind.api} ${what}${place}`
}
