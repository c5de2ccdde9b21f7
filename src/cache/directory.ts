import { MANAGED_LABEL, SHARED_LABEL, TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { Scope } from '../resolve/lookup.ts'

/** A namespace, as far as it matters here. */
export interface Namespace {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

/** Which namespace stands for which tenant or workspace: labels are the truth, the older claim wins (architecture §2). */
export class Directory {
  readonly #namespaces = new Map<string, Namespace>()
  readonly #claims = new Map<string, Namespace[]>()

  set(namespace: Namespace): void {
    this.remove(namespace.metadata.name)
    const scope = claimOf(namespace)
    this.#namespaces.set(namespace.metadata.name, namespace)
    if (scope === undefined) return
    const claims = [...(this.#claims.get(idOf(scope)) ?? []), namespace]
    this.#claims.set(idOf(scope), claims.toSorted(byAge))
  }

  remove(name: string): void {
    const old = this.#namespaces.get(name)
    const scope = old && claimOf(old)
    this.#namespaces.delete(name)
    if (scope === undefined) return
    const claims = (this.#claims.get(idOf(scope)) ?? []).filter(({ metadata }) => metadata.name !== name)
    if (claims.length === 0) this.#claims.delete(idOf(scope))
    else this.#claims.set(idOf(scope), claims)
  }

  get(name: string): Namespace | undefined {
    return this.#namespaces.get(name)
  }

  scopeOf(name: string): Scope | undefined {
    const namespace = this.#namespaces.get(name)
    const scope = namespace && claimOf(namespace)
    return scope !== undefined && this.namespaceOf(scope) === name ? scope : undefined
  }

  /** Every namespace that claims the scope, and of a tenant those of its workspaces. */
  claimants(scope: Scope): readonly string[] {
    const claims = this.#claims.get(idOf(scope)) ?? []
    if (scope.workspace !== undefined) return claims.map(({ metadata }) => metadata.name)
    return [...this.#namespaces.values()].filter((one) => claimOf(one)?.tenant === scope.tenant).map(({ metadata }) => metadata.name)
  }

  namespaceOf(scope: Scope): string | undefined {
    return this.#claims.get(idOf(scope))?.[0]?.metadata.name
  }

  isShared(tenant: string): boolean {
    const name = this.namespaceOf({ tenant })
    return name !== undefined && this.#namespaces.get(name)?.metadata.labels?.[SHARED_LABEL] === 'true'
  }

  isManaged(name: string): boolean {
    return this.#namespaces.get(name)?.metadata.labels?.[MANAGED_LABEL] === 'true'
  }

  isTerminating(name: string): boolean {
    return this.#namespaces.get(name)?.metadata.deletionTimestamp !== undefined
  }
}

/** What a namespace's labels claim. */
export function claimOf(namespace: Namespace): Scope | undefined {
  const tenant = namespace.metadata.labels?.[TENANT_LABEL]
  const workspace = namespace.metadata.labels?.[WORKSPACE_LABEL]
  if (tenant === undefined) return undefined
  return workspace === undefined ? { tenant } : { tenant, workspace }
}

const idOf = ({ tenant, workspace }: Scope): string => (workspace === undefined ? tenant : `${tenant}/${workspace}`)

function byAge(one: Namespace, other: Namespace): number {
  const [a, b] = [one.metadata.creationTimestamp + one.metadata.name, other.metadata.creationTimestamp + other.metadata.name]
  return a < b ? -1 : a > b ? 1 : 0
}
