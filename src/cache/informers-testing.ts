import { onTestFinished } from 'vitest'
import { KINDS } from '../kinds/index.ts'
import { FakeClock, type serve, silentLog } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import { Cache } from './cache.ts'
import { type Current, Informers } from './informers.ts'

/** For unit tests: the end of the initial state of a kind that has nothing, as a watch tells it. */
export const NOTHING = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '5', annotations: { 'k8s.io/initial-events-end': 'true' } } },
}

/** For unit tests: informers of all kinds on a server, with a clock of their own; the end of the test ends both. */
export function runInformers({ client, close }: Awaited<ReturnType<typeof serve>>, current?: Current) {
  const clock = new FakeClock()
  const metrics = createMetrics()
  const informers = new Informers({ client, cache: new Cache(KINDS, 'eu-1'), log: silentLog, metrics, clock, ...(current && { current }) })
  const stop = new AbortController()
  const done = informers.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
    await close()
  })
  return { informers, clock }
}
