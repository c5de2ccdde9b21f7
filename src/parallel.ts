import { setImmediate as turn } from 'node:timers/promises'

/** Longest time that one caller's work keeps the process from everybody else's, in ms. */
const SLICE_MS = 5

/**
 * Runs `work` on each item, started in order and at most `width` at a time, and lets other requests in between. Once one fails nothing
 * more is started; it rejects, when all that was started is over, with the failure of the earliest item.
 */
export async function forEachParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void> | void): Promise<void> {
  const failures: { readonly index: number; readonly error: unknown }[] = []
  let next = 0
  let until = performance.now() + SLICE_MS
  const worker = async () => {
    for (let index = next++; index < items.length && failures.length === 0; index = next++) {
      while (performance.now() > until) {
        const seen = until
        await turn()
        if (until === seen) until = performance.now() + SLICE_MS
      }
      try {
        const done = work(items[index] as T)
        if (done !== undefined) await done
      } catch (error) {
        failures.push({ index, error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  const [first] = failures.toSorted((one, other) => one.index - other.index)
  if (first !== undefined) throw first.error
}
