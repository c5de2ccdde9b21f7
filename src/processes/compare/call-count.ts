import { asError } from '../../errors.ts'
import { callsBetween, readCalls, type Sample } from './calls.ts'
import type { Report } from './report.ts'

const NO_CALLS = 'not counted: name the /metrics of the controllers with --metrics-url'
type Counted = Pick<Report, 'calls' | 'aboutCalls'>

/** Begins to count the calls of clouds; the answer ends it. */
export async function startCount(
  metricsUrl: readonly string[],
): Promise<(regionsOf: ReadonlyMap<string, readonly string[]>) => Promise<Counted>> {
  const none = (aboutCalls: string) => () => Promise.resolve({ calls: [], aboutCalls })
  if (metricsUrl.length === 0) return none(NO_CALLS)
  const tryRead = (): Promise<readonly (readonly Sample[])[] | string> =>
    readCalls(metricsUrl).catch((error: unknown) => `not counted: the controllers' metrics could not be read: ${asError(error).message}`)
  const before = await tryRead()
  if (typeof before === 'string') return none(before)
  return async (regionsOf) => {
    const after = await tryRead()
    if (typeof after === 'string') return { calls: [], aboutCalls: after }
    const calls = callsBetween(before, after, regionsOf)
    if (calls === undefined) return { calls: [], aboutCalls: 'not counted: controllers were started again in between' }
    return {
      calls,
      aboutCalls:
        'of the adapters, by type of provider, as the controllers count them: whatever else they did for these clouds at the time is in it',
    }
  }
}
