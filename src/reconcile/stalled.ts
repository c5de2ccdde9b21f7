import { CATALOGUE } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { idOf, type Node } from '../resolve/graph.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { regionOf } from '../resolve/region.ts'

/** Whose letting go may be what a stalled object needs: others in its namespace, or all in its region (which has one account, or few). */
type Circle = 'namespace' | 'region'

/** By the reason of the condition. What is not here is nothing that others could mend. */
const CIRCLES: Readonly<Record<string, Circle>> = {
  [CATALOGUE.ProviderRejected.reason]: 'namespace',
  [CATALOGUE.ProviderQuota.reason]: 'region',
}

/** So many of each kind are tried when something was let go, in turns: one place is free, and the account has other work as well. */
const AT_ONCE: Readonly<Record<Circle, number>> = { namespace: 32, region: 4 }

/** Objects that stalled because of something that another object may let go of: an address, an attached volume, a place in a quota. */
export class Stalled {
  readonly #lookup: Lookup
  /** Circle → kind → keys, those tried longest ago first. */
  readonly #circles = new Map<string, Map<string, Set<string>>>()
  /** Circle that an object is in, by kind and key. */
  readonly #places = new Map<string, string>()

  constructor(lookup: Lookup) {
    this.#lookup = lookup
  }

  /** Takes note of an object as it is now; `isGone`: it is not there any more. */
  note(kind: Kind, object: Resource, isGone: boolean): void {
    const node = nodeOf(kind, object)
    const id = idOf(node)
    const circle = isGone ? undefined : this.#circleOf(kind, object)
    const before = this.#places.get(id)
    if (before === circle) return
    if (before !== undefined) this.#leave(before, node)
    if (circle === undefined) {
      this.#places.delete(id)
      return
    }
    this.#places.set(id, circle)
    const kinds = this.#circles.get(circle) ?? new Map<string, Set<string>>()
    this.#circles.set(circle, kinds)
    kinds.set(kind.kind, (kinds.get(kind.kind) ?? new Set()).add(node.key))
  }

  /** Who may go on now that an object let go of something; never itself. */
  *mended(kind: Kind, object: Resource): Generator<Node> {
    if (this.#circles.size === 0) return
    const own = nodeOf(kind, object)
    for (const circle of ['namespace', 'region'] as const)
      for (const [name, keys] of this.#circles.get(this.#nameOf(circle, kind, object)) ?? [])
        for (const key of [...keys].slice(0, AT_ONCE[circle])) {
          keys.delete(key)
          keys.add(key)
          if (key !== own.key || name !== own.kind) yield { kind: name, key }
        }
  }

  #circleOf(kind: Kind, object: Resource): string | undefined {
    const reason = object.status?.conditions?.find(({ type, status }) => type === 'Stalled' && status === 'True')?.reason
    const circle = reason === undefined ? undefined : CIRCLES[reason]
    return circle && this.#nameOf(circle, kind, object)
  }

  #nameOf(circle: Circle, kind: Kind, object: Resource): string {
    return circle === 'namespace' ? `namespace ${object.metadata.namespace ?? ''}` : `region ${regionOf(this.#lookup, kind, object)}`
  }

  #leave(circle: string, { kind, key }: Node): void {
    const kinds = this.#circles.get(circle)
    kinds?.get(kind)?.delete(key)
    if (kinds?.get(kind)?.size === 0) kinds.delete(kind)
    if (kinds?.size === 0) this.#circles.delete(circle)
  }
}
