import type { KindDefinition } from '../kinds/kind.ts'
import { covers } from './capability.ts'
import type { Accepted, CallContext, Desired, Observed, ResourceAdapter } from './contract.ts'

/** Puts one difference right by calls of its own. Only one step is taken at a time: the engine looks again before the next. */
export type Step<D extends KindDefinition> = (desired: Desired<D>, seen: Observed<D>, context: CallContext) => Promise<Accepted | void>

/**
 * An adapter whose update takes steps of its own for some spec paths, in the order of the table: for clouds where a change of one field is a
 * call to another place (attach, extend, bind). What no step covers is left to the adapter below.
 */
export function withSteps<D extends KindDefinition>(
  below: ResourceAdapter<D>,
  steps: Readonly<Record<string, Step<D>>>,
): ResourceAdapter<D> {
  return {
    observe: (desired, context) => below.observe(desired, context),
    create: (desired, context) => below.create(desired, context),
    delete: (desired, seen, context) => below.delete(desired, seen, context),
    async update(desired, seen, context) {
      const next = Object.entries(steps).find(([path]) => seen.drift.some((one) => covers(path, one)))
      return next === undefined ? below.update?.(desired, seen, context) : next[1](desired, seen, context)
    },
  }
}
