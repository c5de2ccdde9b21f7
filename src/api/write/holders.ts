import { forEachParallel } from '../../parallel.ts'
import type { Holder } from '../../resolve/blockers.ts'
import { maySee } from './seen.ts'
import type { Writing } from './writing.ts'

/** Holders that an answer names; that are looked at for that; and how many at the same time. */
const NAMED = 10
const LOOKED_AT = 40
const WIDTH = 10

const nameOf = ({ kind, object }: Holder): string => `${kind.secaKind} "${object.metadata.name}"`

/** Who holds an object, for a message: those that the caller may `get` by name (some of them), the others by their number. */
export async function described(writing: Pick<Writing, 'context' | 'caller' | 'signal'>, holders: readonly Holder[]): Promise<string> {
  const sorted = holders.map((holder) => ({ holder, name: nameOf(holder) })).toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const names: string[] = []
  for (let at = 0; at < Math.min(sorted.length, LOOKED_AT) && names.length < NAMED; at += WIDTH)
    await forEachParallel(sorted.slice(at, at + WIDTH), WIDTH, async ({ holder, name }) => {
      if (await maySee(writing, holder)) names.push(name)
    })
  const named = names.toSorted().slice(0, NAMED)
  const others = holders.length - named.length
  if (named.length === 0) return `${others} ${others === 1 ? 'resource' : 'resources'} that you may not get`
  return named.join(', ') + (others === 0 ? '' : ` and ${others} more`)
}
