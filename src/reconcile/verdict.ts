import type { Resource } from '../kinds/resource.ts'
import type { Lookup } from '../resolve/lookup.ts'
import type { Controller, View } from './controller.ts'
import { isPlain, lacking, type Naming, type Outcome } from './outcome.ts'
import { shortcomings } from './prerequisites.ts'
import { nextStatus } from './status.ts'

/** What came of the cloud, and what the object lacks or people should know besides. */
export function whole(lookup: Lookup, controller: Controller, object: Resource, view: View, outcome: Outcome, naming?: Naming): Outcome {
  const all = lacking(object, outcome, shortcomings(lookup, controller.kind, object), naming)
  return { ...all, ...(isPlain(all) ? controller.remark?.(object, view) : undefined) }
}

/** The status that an outcome means, with what follows from other objects; undefined when all of it is there already. */
export function statusAfter(controller: Controller, object: Resource, view: View, outcome: Outcome, now: number) {
  const isLeaving = outcome.state === 'deleting' || outcome.isUnhandled === true
  const derived = isLeaving ? {} : controller.derive?.(object, view, outcome)
  return nextStatus(object, { ...outcome, own: { ...outcome.own, ...derived } }, now)
}
