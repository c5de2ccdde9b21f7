import { BlockStorage, Instance, Nic, PublicIp } from '../src/kinds/index.ts'
import type { Kind } from '../src/kinds/kind.ts'
import type { Reference } from '../src/kinds/ref.ts'
import type { Resource } from '../src/kinds/resource.ts'
import { controller, type View } from '../src/reconcile/controller.ts'
import { isDone, isInStep } from '../src/reconcile/in-step.ts'
import { exists, isUsable } from '../src/reconcile/outcome.ts'
import { keyOf, urnReference } from '../src/resolve/names.ts'
import { referencesOf, resolver } from '../src/resolve/references.ts'

/**
 * Who has the object attached, in the cloud and not by wish: the first by name of those whose cloud object is as its spec says. Of one
 * that is changing what was shown stays true until the change has happened, and of one that is leaving until it is gone.
 */
function attachedTo(object: Resource, view: View, kind: Kind, userKind: Kind): Record<string, unknown> {
  const { namespace } = object.metadata
  const shown = (object.status as { attachedTo?: Reference } | undefined)?.attachedTo?.resource
  const named = new Map(
    view.holders(object, kind).flatMap((user) => (user.kind === userKind.kind ? [[user.object.metadata.name, user.object]] : [])),
  )
  const before = shown && view.lookup.get(userKind.kind, keyOf(namespace, shown.slice(shown.lastIndexOf('/') + 1)))
  const candidates = new Map(before ? [...named, [before.metadata.name, before]] : named)
  const [first] = [...candidates]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, user]) => ({ user, isNamed: named.has(name), reference: urnReference(view.lookup, userKind, user) }))
    .filter(({ user, isNamed, reference }) => exists(user) && (isInStep(user) ? isNamed : reference?.resource === shown))
  return { attachedTo: first?.reference }
}

export const blockStorage = controller(BlockStorage, {
  derives: ['attachedTo'],
  derive: (object, view) => attachedTo(object as Resource, view, BlockStorage, Instance),
})

export const publicIp = controller(PublicIp, {
  derives: ['attachedTo'],
  derive: (object, view) => attachedTo(object as Resource, view, PublicIp, Nic),
})

/** A NIC shows the public addresses that are bound to it: while it changes, those that were. */
export const nic = controller(Nic, {
  derives: ['publicIpRefs'],
  derive({ spec, status, ...rest }, view, outcome) {
    const object = { ...rest, spec, status } as Resource
    const resolve = resolver(view.lookup, Nic, object)
    const from = isDone(outcome) ? spec : { ...spec, publicIpRefs: status?.publicIpRefs ?? [] }
    const bound = referencesOf(Nic, { spec: from }).filter(({ path, ...found }) => {
      const resolution = path.startsWith('publicIpRefs') ? resolve(found) : undefined
      return resolution?.state === 'found' && (isDone(outcome) ? isUsable(resolution.object) : exists(resolution.object))
    })
    return { publicIpRefs: bound.length === 0 ? undefined : bound.map(({ reference }) => reference) }
  },
})
