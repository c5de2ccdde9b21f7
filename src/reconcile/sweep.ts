import { setImmediate as turn } from 'node:timers/promises'
import { asError } from '../errors.ts'
import type { Json, Swept } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'

/** What a sweep found of an object. */
export type Finding = 'in order' | 'differs' | 'twice' | 'missing'

export interface SweepOptions {
  /** Lists what is in the account. */
  readonly list: (signal: AbortSignal) => AsyncIterable<Swept>
  /** Queue keys of what should be found, by ownership tag, and by its short form where the cloud holds no more. */
  readonly expected: ReadonlyMap<string, string>
  readonly isInOrder: (id: string, found: Json, signal: AbortSignal) => Promise<boolean>
  readonly onFinding: (id: string, finding: Finding) => void
  /** The longest time between two objects of the list, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Goes through one list once; what is on it and not expected is nobody's business here (audits tell). */
export async function sweep(options: SweepOptions): Promise<void> {
  const { list, expected, isInOrder, onFinding, timeoutMs, signal } = options
  const seen = new Set<string>()
  const rest = breather()
  for await (const { tag, tagKey, found } of paced(list, timeoutMs, signal)) {
    await rest()
    const id = expected.get(tag ?? '') ?? expected.get(tagKey ?? '')
    if (id === undefined) continue
    if (seen.has(id)) onFinding(id, 'twice')
    else onFinding(id, (await isInOrder(id, found, signal)) ? 'in order' : 'differs')
    seen.add(id)
  }
  for (const id of new Set(expected.values())) if (!seen.has(id)) onFinding(id, 'missing')
}

const SLICE_MS = 8

/** Lets others work after each slice of time: call it between two things to do. */
export function breather(now: () => number = () => performance.now()): () => Promise<void> | undefined {
  let since = now()
  return () => (now() - since < SLICE_MS ? undefined : turn().then(() => void (since = now())))
}

/** What `list` yields, ended by the engine itself when nothing comes for too long, or with leadership, whether the adapter heeds its signal or not. */
async function* paced<T>(list: (signal: AbortSignal) => AsyncIterable<T>, timeoutMs: number, parent: AbortSignal): AsyncGenerator<T> {
  const stop = new AbortController()
  let fail: (reason: unknown) => void = () => undefined
  const end = (reason: Error) => {
    stop.abort(reason)
    fail(reason)
  }
  const follow = () => end(asError(parent.reason))
  parent.addEventListener('abort', follow)
  const late = () => end(new ProviderError('transient', `the cloud's list did not go on within ${timeoutMs / 1000} s`))
  const timer = setTimeout(late, timeoutMs)
  try {
    parent.throwIfAborted()
    const iterator = list(stop.signal)[Symbol.asyncIterator]()
    for (;;) {
      timer.refresh()
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        fail = reject
        iterator.next().then(resolve, reject)
      })
      if (next.done === true) return
      yield next.value
      stop.signal.throwIfAborted()
    }
  } finally {
    clearTimeout(timer)
    parent.removeEventListener('abort', follow)
    // Ends the request that is under way, if somebody stopped listening.
    stop.abort()
  }
}
