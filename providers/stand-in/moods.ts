import { createHash } from 'node:crypto'
import type { CommonSwitches } from './switches.ts'

/** What a request meets. */
export type Mood = { readonly kind: 'not-now' | 'late-error'; readonly status: number } | { readonly kind: 'cut' }

const NOT_NOW = [423, 409, 400]
const LATE = [500, 502, 503]

/**
 * Trouble by chance, but the same at each run: what befalls a request hangs on the seed, and on how many of its sort (method and
 * type) came before, so that the order in which sorts mix makes no difference.
 */
export class Moods {
  readonly #counts = new Map<string, number>()

  next(method: string, type: string, { seed, notNow, lateErrors, cuts }: CommonSwitches): Mood | undefined {
    if (notNow + lateErrors + cuts === 0) return undefined
    const sort = `${method} ${type}`
    const count = (this.#counts.get(sort) ?? 0) + 1
    this.#counts.set(sort, count)
    // A share of its own for each kind of trouble: setting one does not move the others.
    const drawn = (name: string) => createHash('sha256').update(`${seed} ${sort} ${count} ${name}`).digest().readUInt32BE() / 2 ** 32
    const among = (statuses: readonly number[]) => statuses[Math.floor(drawn('status') * statuses.length)] ?? 500
    if (method !== 'GET' && drawn('not-now') < notNow) return { kind: 'not-now', status: among(NOT_NOW) }
    if (drawn('late-error') < lateErrors) return { kind: 'late-error', status: among(LATE) }
    return drawn('cut') < cuts ? { kind: 'cut' } : undefined
  }

  clear(): void {
    this.#counts.clear()
  }
}
