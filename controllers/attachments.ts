import { BlockStorage, Nic, PublicIp } from '../src/kinds/index.ts'
import type { Kind } from '../src/kinds/kind.ts'
import type { Resource } from '../src/kinds/resource.ts'
import { controller, type View } from '../src/reconcile/controller.ts'
import { exists, isUsable } from '../src/reconcile/outcome.ts'
import { urnReference } from '../src/resolve/names.ts'
import { referencesOf, resolveReference } from '../src/resolve/references.ts'

/** The first object, by name, that has this one attached. */
function attachedTo(object: Resource, view: View, kind: Kind): Record<string, unknown> {
  const [user] = view
    .holders(object, kind)
    .filter((holder) => exists(holder.object) && holder.object.metadata.deletionTimestamp === undefined)
    .toSorted((one, other) => (one.object.metadata.name < other.object.metadata.name ? -1 : 1))
  const userKind = user && view.lookup.kindNamed(user.kind)
  return { attachedTo: user && userKind && urnReference(view.lookup, userKind, user.object) }
}

export const blockStorage = controller(BlockStorage, { derive: (object, view) => attachedTo(object as Resource, view, BlockStorage) })

export const publicIp = controller(PublicIp, { derive: (object, view) => attachedTo(object as Resource, view, PublicIp) })

/** A NIC shows the public addresses that are there. */
export const nic = controller(Nic, {
  derive(object, view) {
    const found = referencesOf(Nic, object as Resource).filter(({ path }) => path.startsWith('publicIpRefs'))
    const bound = found.filter((one) => {
      const resolution = resolveReference(view.lookup, Nic, object as Resource, one)
      return resolution.state === 'found' && isUsable(resolution.object)
    })
    return { publicIpRefs: bound.length === 0 ? undefined : bound.map(({ reference }) => reference) }
  },
})
