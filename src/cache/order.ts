import type { Cache } from './cache.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'

/** Names of a kind in one namespace (`''` for cluster-scoped kinds), kept sorted: what keyset paging walks. */
export class Order {
  readonly #cache: Cache
  readonly #lists = new Map<string, string[]>()

  constructor(cache: Cache, kinds: readonly Kind[]) {
    this.#cache = cache
    for (const kind of kinds)
      cache.store(kind.kind).onChange(({ type, object }) => {
        if (type !== 'updated') this.#onChange(type, idOf(kind, object.metadata.namespace), object.metadata.name)
      })
  }

  /** Sorted by UTF-16 code units. Made on first use, kept up to date from then on; nobody may change it. */
  names(kind: Kind, namespace: string | undefined): readonly string[] {
    const id = idOf(kind, namespace)
    const known = this.#lists.get(id)
    if (known !== undefined) return known
    const objects: Iterable<Resource> = namespace === undefined ? this.#cache.all(kind.kind) : this.#cache.inNamespace(kind.kind, namespace)
    const names = [...objects].map(({ metadata }) => metadata.name).toSorted(byCodeUnit)
    this.#lists.set(id, names)
    return names
  }

  #onChange(type: 'added' | 'deleted', id: string, name: string): void {
    const names = this.#lists.get(id)
    if (names === undefined) return
    const at = lowerBound(names, name)
    if (type === 'added' && names[at] !== name) names.splice(at, 0, name)
    if (type === 'deleted' && names[at] === name) names.splice(at, 1)
    // Namespaces come and go; an empty one is not worth remembering.
    if (names.length === 0) this.#lists.delete(id)
  }
}

const idOf = (kind: Kind, namespace: string | undefined): string => `${kind.kind}|${namespace ?? ''}`
const byCodeUnit = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** Index of the first name that is not before `name`. */
export function lowerBound(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] ?? '') < name) low = middle + 1
    else high = middle
  }
  return low
}
