import type { Role } from '../../kinds/authorization/role.ts'
import type { Spec } from '../../kinds/kind.ts'
import type { Attempt } from '../contract.ts'
import { Resources } from './resources.ts'

type RoleSpec = Spec<typeof Role>

class Permission {
  readonly #verbs: ReadonlySet<string>
  readonly #patterns: readonly string[]
  /** Made when they are first asked for: most permissions of a role never are. */
  #resources: Resources | undefined

  constructor({ verb, resources }: RoleSpec['permissions'][number]) {
    this.#verbs = new Set(verb.map((one) => one.toLowerCase()))
    this.#patterns = resources
  }

  allows(attempt: Attempt): boolean {
    const { verb, action } = attempt
    const verbs = this.#verbs
    if (!verbs.has('*') && !verbs.has(verb) && !(action !== undefined && verbs.has(`${verb}.${action}`))) return false
    return (this.#resources ??= new Resources(this.#patterns)).covers(attempt)
  }
}

/** What a role permits (contract §7.2), by the provider that its permissions name: with version or without. */
export class Permissions {
  /** Number of permissions. */
  readonly size: number
  readonly #byProvider: ReadonlyMap<string, readonly Permission[]>

  constructor({ permissions }: RoleSpec) {
    this.size = permissions.length
    const grouped = Map.groupBy(permissions, ({ provider }) => provider)
    this.#byProvider = new Map([...grouped].map(([provider, list]) => [provider, list.map((one) => new Permission(one))]))
  }

  /** Whether one of the permissions allows the attempt. Pauses after each that is looked at. */
  *permit(attempt: Attempt): Generator<void, boolean> {
    const { api } = attempt.kind
    for (const provider of [api, api.slice(0, api.indexOf('/'))])
      for (const permission of this.#byProvider.get(provider) ?? []) {
        if (permission.allows(attempt)) return true
        yield
      }
    return false
  }
}

const known = new WeakMap<RoleSpec, Permissions>()

/** Read once for each version of a role: versions are never changed, and what was read goes with them. */
export function permissionsOf(spec: RoleSpec): Permissions {
  let permissions = known.get(spec)
  if (permissions === undefined) known.set(spec, (permissions = new Permissions(spec)))
  return permissions
}
