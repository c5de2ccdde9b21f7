import type { KindDefinition } from '../kinds/kind.ts'
import type { Desired, Observed, ResourceAdapter } from './contract.ts'

/** Adapter of a kind that has nothing of its own in a cloud, in `words` why; what of a spec is not to be had is told by its place. */
export function nothing<D extends KindDefinition>(
  words: string,
  items: (desired: Desired<D>) => NonNullable<Observed['items']> = () => ({}),
): ResourceAdapter<D> {
  const done = () => Promise.resolve({})
  return {
    observe: (desired) => Promise.resolve({ status: {}, drift: [], items: items(desired), part: words }),
    create: done,
    update: done,
    delete: done,
  }
}
