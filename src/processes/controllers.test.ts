import { expect, onTestFinished, test } from 'vitest'
import { Cache } from '../cache/cache.ts'
import { Informers } from '../cache/informers.ts'
import { KINDS } from '../kinds/index.ts'
import { FakeClock, serve, silentLog, until } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import { Turns } from '../reconcile/turns.ts'
import { checks } from './controllers.ts'

const tell = (all: Readonly<Record<string, () => string | undefined>>) =>
  Object.fromEntries(Object.entries(all).map(([name, check]) => [name, check()]))

test('an apiserver that is away for ten minutes makes the controllers not ready, and restarts nobody', async () => {
  let isAway = false
  const server = await serve(({ query, events }) => {
    if (!isAway && query.has('sendInitialEvents'))
      events({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '5', annotations: { 'k8s.io/initial-events-end': 'true' } } } })
  })
  const clock = new FakeClock()
  const informers = new Informers({
    client: server.client,
    cache: new Cache(KINDS, 'eu-1'),
    log: silentLog,
    metrics: createMetrics(),
    clock,
  })
  const turns = new Turns({ callTimeoutMs: 60_000, now: () => clock.now() })
  const claim: { words?: string } = {}
  const { live, ready } = checks({ informers, turns, claim: { problem: () => claim.words } })
  const stop = new AbortController()
  const done = informers.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
    await server.close()
  })
  expect(tell(ready)).toEqual({ informers: 'not in sync yet', claim: undefined })
  await until(() => informers.isSynced())
  expect(tell(ready)).toEqual({ informers: undefined, claim: undefined })
  isAway = true
  clock.advance(600_000)
  expect(tell(live)).toEqual({ engine: undefined })
  expect(tell(ready)['informers']).toMatch(/^no sign of life from the apiserver for/)

  claim.words = 'another one serves this cluster'
  expect([tell(live), tell(ready)['claim']]).toEqual([{ engine: undefined }, claim.words])
  void turns.of('Nic|a/b', () => new Promise(() => undefined))
  clock.advance(900_000)
  expect(tell(live)).toEqual({ engine: 'the reconcile of Nic|a/b has not ended for 15 minutes' })
})
