import type { Cache } from '../cache/cache.ts'
import { KINDS } from '../kinds/index.ts'
import { TENANT_LABEL } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeObject } from '../kube/gvr.ts'
import type { MemoryServer } from '../kube/memory-testing.ts'
import type { Store } from '../kube/store.ts'

/** Keeps a cache in step with a cluster without watches: filled as by lists, then told every change, which `hand` may put off. */
export function feed(cluster: MemoryServer, cache: Cache, hand: (tell: () => void) => void = (tell) => tell()): void {
  const fill = <T extends KubeObject>(store: Store<T>, objects: readonly T[]) => {
    const list = store.relist()
    for (const object of objects) list.add(object)
    list.finish('0')
  }
  for (const { kind, gvr } of KINDS) fill(cache.store(kind), cluster.all<Resource>(gvr))
  fill<KubeObject>(cache.namespaces as never, cluster.all(KUBERNETES.Namespace).filter(isSelected))
  cluster.onChange((object, isGone) => {
    const isNamespace = object.kind === 'Namespace'
    if (!isNamespace && cache.kindNamed(object.kind) === undefined) return
    const store = (isNamespace ? cache.namespaces : cache.store(object.kind)) as Store<KubeObject>
    // A watch with a selector says of what leaves the selection that it is gone.
    hand(() => void store[isGone || (isNamespace && !isSelected(object)) ? 'remove' : 'set'](object))
  })
}

const isSelected = ({ metadata }: KubeObject): boolean => metadata.labels?.[TENANT_LABEL] !== undefined
