import type { Manifest } from '../../cli/manifests.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../../kinds/names.ts'
import type { Scope } from '../../resolve/lookup.ts'
import type { namespaceFor } from './place.ts'

type Like = Parameters<typeof namespaceFor>[2]

/** What the namespaces of manifests stand for. */
export class Scopes {
  readonly #scopes = new Map<string, { readonly scope: Scope; readonly like: Like }>()

  constructor(manifests: readonly Manifest[], scopeOf: (namespace: string) => Scope | undefined) {
    for (const { kind, metadata } of manifests) {
      if (kind !== 'Namespace') continue
      const like = metadata as Like
      const { [TENANT_LABEL]: tenant, [WORKSPACE_LABEL]: workspace } = like.labels ?? {}
      if (tenant !== undefined) this.#scopes.set(metadata.name, { scope: { tenant, ...(workspace && { workspace }) }, like })
    }
    for (const { metadata } of manifests) {
      const { namespace } = metadata
      const scope = namespace === undefined || this.#scopes.has(namespace) ? undefined : scopeOf(namespace)
      if (namespace !== undefined && scope !== undefined) this.#scopes.set(namespace, { scope, like: {} })
    }
  }

  of(namespace: string | undefined): Scope | undefined {
    return this.#scopes.get(namespace ?? '')?.scope
  }

  tenants(): readonly string[] {
    return [...this.#scopes.values()].map(({ scope }) => scope.tenant)
  }

  /** Tenants first; those that only a workspace names have to be there as well. */
  all(): readonly { readonly scope: Scope; readonly like: Like }[] {
    const all = [...this.#scopes.values()]
    const homes = all.filter(({ scope }) => scope.workspace === undefined)
    const named = new Set(homes.map(({ scope }) => scope.tenant))
    const others = [...new Set(this.tenants())].filter((tenant) => !named.has(tenant)).map((tenant) => ({ scope: { tenant }, like: {} }))
    return [...homes, ...others, ...all.filter(({ scope }) => scope.workspace !== undefined)]
  }
}
