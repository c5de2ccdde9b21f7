import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'

interface Home {
  readonly metadata: { readonly name: string; readonly creationTimestamp: string }
}

const made = new WeakMap<Kind, WeakMap<Home, ReadonlyMap<string, Resource>>>()

/** The built-in objects of a kind in a tenant's namespace, by name, in order; as old as the namespace. Undefined for kinds that have none. */
export function builtInsOf(kind: Kind, namespace: Home): ReadonlyMap<string, Resource> | undefined {
  if (kind.builtIns === undefined) return undefined
  let homes = made.get(kind)
  if (homes === undefined) made.set(kind, (homes = new WeakMap()))
  let objects = homes.get(namespace)
  if (objects === undefined) homes.set(namespace, (objects = objectsOf(kind, kind.builtIns.specs, namespace)))
  return objects
}

function objectsOf(kind: Kind, specs: NonNullable<Kind['builtIns']>['specs'], { metadata }: Home): ReadonlyMap<string, Resource> {
  const { name: home, creationTimestamp } = metadata
  const lastModifiedAt = new Date(creationTimestamp).toISOString()
  return new Map(
    [...specs]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, spec]): [string, Resource] => [
        name,
        {
          apiVersion: kind.apiVersion,
          kind: kind.kind,
          metadata: { name, namespace: home, uid: `${home}/${name}`, resourceVersion: '1', generation: 1, creationTimestamp },
          spec,
          status: {
            observedGeneration: 1,
            state: 'active',
            lastModifiedAt,
            history: (['active', 'creating', 'pending'] as const).map((state) => ({ state, lastTransitionAt: lastModifiedAt })),
          },
        },
      ]),
  )
}
