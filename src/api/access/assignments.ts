import type { Cache } from '../../cache/cache.ts'
import { RoleAssignment } from '../../kinds/authorization/role-assignment.ts'
import type { Spec } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import { type Reach, reachOfAssignment } from './scopes.ts'

type AssignmentSpec = Spec<typeof RoleAssignment>

/** A role assignment, read once. */
export interface Grant {
  readonly assignment: string
  readonly reaches: readonly Reach[]
  /** Names of roles. */
  readonly roles: readonly string[]
}

const specOf = (object: Resource) => object.spec as AssignmentSpec
const known = new WeakMap<Resource, Grant>()

function grantOf(object: Resource): Grant {
  let grant = known.get(object)
  if (grant === undefined) {
    const { roles, scopes } = specOf(object)
    grant = { assignment: object.metadata.name, reaches: scopes.map(reachOfAssignment), roles }
    known.set(object, grant)
  }
  return grant
}

/** The role assignments of the cache by namespace and subject, kept as they change: nobody ever reads all of a tenant's. */
export class Assignments {
  /** Namespace → subject → name → object. What is being deleted grants nothing any more, and is not in here. */
  readonly #namespaces = new Map<string, Map<string, Map<string, Resource>>>()

  constructor(cache: Cache) {
    for (const object of cache.all(RoleAssignment.kind)) this.#add(object)
    cache.store(RoleAssignment.kind).onChange(({ type, object, previous }) => {
      if (previous !== undefined) this.#remove(previous)
      if (type !== 'deleted') this.#add(object)
    })
  }

  /** Assignments of a namespace that name a subject; `*` is a subject like others here. */
  *of(namespace: string, subject: string): Generator<Grant> {
    for (const object of this.#namespaces.get(namespace)?.get(subject)?.values() ?? []) yield grantOf(object)
  }

  #add(object: Resource): void {
    const { namespace = '', name, deletionTimestamp } = object.metadata
    if (deletionTimestamp !== undefined) return
    const subjects = this.#namespaces.get(namespace) ?? new Map<string, Map<string, Resource>>()
    this.#namespaces.set(namespace, subjects)
    for (const subject of specOf(object).subs) {
      const named = subjects.get(subject)
      if (named === undefined) subjects.set(subject, new Map([[name, object]]))
      else named.set(name, object)
    }
  }

  #remove(object: Resource): void {
    const { namespace = '', name } = object.metadata
    const subjects = this.#namespaces.get(namespace)
    for (const subject of specOf(object).subs) {
      const named = subjects?.get(subject)
      named?.delete(name)
      if (named?.size === 0) subjects?.delete(subject)
    }
    if (subjects?.size === 0) this.#namespaces.delete(namespace)
  }
}
