import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { Store } from '../kube/store.ts'
import type { Lookup, Scope } from '../resolve/lookup.ts'
import { keyOf, secaName } from '../resolve/names.ts'
import { Directory, type Namespace } from './directory.ts'

const BY_NAMESPACE = 'namespace'
/** Of nested kinds: by namespace and SECA name. */
const BY_NAME = 'name'

export interface CacheOptions {
  /** See the store's option of that name. */
  readonly digest?: (object: Resource) => void
  /** See {@link Lookup}. */
  readonly isPartial?: boolean
}

/** All informer stores of the process, seen as one {@link Lookup}. */
export class Cache implements Lookup {
  readonly defaultRegion: string
  readonly isPartial: boolean
  readonly directory = new Directory()
  readonly namespaces = new Store<Namespace>()
  readonly #kinds: ReadonlyMap<string, Kind>
  readonly #stores: ReadonlyMap<string, Store<Resource>>

  constructor(kinds: readonly Kind[], defaultRegion: string, { isPartial = false, ...options }: CacheOptions = {}) {
    this.defaultRegion = defaultRegion
    this.isPartial = isPartial
    this.#kinds = new Map(kinds.map((kind) => [kind.kind, kind]))
    this.#stores = new Map(kinds.map((kind) => [kind.kind, new Store<Resource>({ indexes: indexesOf(kind), ...options })]))
    this.namespaces.onChange(({ type, object }) => {
      if (type === 'deleted') this.directory.remove(object.metadata.name)
      else this.directory.set(object)
    })
  }

  store(kind: string): Store<Resource> {
    const store = this.#stores.get(kind)
    if (store === undefined) throw new RangeError(`no store for kind ${kind}`)
    return store
  }
  kindNamed(name: string): Kind | undefined {
    return this.#kinds.get(name)
  }
  kinds(): Iterable<Kind> {
    return this.#kinds.values()
  }
  get(kind: string, key: string): Resource | undefined {
    return this.#stores.get(kind)?.get(key)
  }
  inNamespace(kind: string, namespace: string): readonly Resource[] {
    return this.#stores.get(kind)?.by(BY_NAMESPACE, namespace) ?? []
  }
  nestedNamed(kind: string, namespace: string, name: string): readonly Resource[] {
    return this.#stores.get(kind)?.by(BY_NAME, keyOf(namespace, name)) ?? []
  }
  all(kind: string): Iterable<Resource> {
    return this.#stores.get(kind)?.values() ?? []
  }
  scopeOf(namespace: string): Scope | undefined {
    return this.directory.scopeOf(namespace)
  }
  namespaceOf(scope: Scope): string | undefined {
    return this.directory.namespaceOf(scope)
  }
  isShared(tenant: string): boolean {
    return this.directory.isShared(tenant)
  }

  /** Objects whose place hangs on a namespace: all in it and in those that claim the same, of a tenant all that it has, and the workspace itself. */
  *placedBy(name: string, claims: readonly Scope[]): Generator<{ readonly kind: Kind; readonly object: Resource }> {
    const places = new Set([name, ...claims.flatMap((claim) => this.directory.claimants(claim))])
    for (const kind of this.kinds()) {
      if (!kind.gvr.namespaced) continue
      for (const place of places) for (const object of this.inNamespace(kind.kind, place)) yield { kind, object }
    }
    const workspaces = this.kindNamed('Workspace')
    for (const { tenant, workspace } of claims) {
      const home = this.namespaceOf({ tenant })
      const object = workspace === undefined || home === undefined ? undefined : this.get('Workspace', keyOf(home, workspace))
      if (workspaces !== undefined && object !== undefined) yield { kind: workspaces, object }
    }
  }
}

function indexesOf(kind: Kind): Record<string, (object: Resource) => readonly string[]> {
  const byNamespace = (object: Resource) => [object.metadata.namespace ?? '']
  if (kind.parent === undefined) return { [BY_NAMESPACE]: byNamespace }
  return { [BY_NAMESPACE]: byNamespace, [BY_NAME]: (object) => [keyOf(object.metadata.namespace, secaName(kind, object))] }
}
