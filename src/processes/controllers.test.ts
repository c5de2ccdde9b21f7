import { expect, test } from 'vitest'
import { NOTHING, runInformers } from '../cache/informers-testing.ts'
import { serve, until } from '../kube/testing.ts'
import { Turns } from '../reconcile/turns.ts'
import { checks } from './controllers.ts'

const tell = (all: Readonly<Record<string, () => string | undefined>>) =>
  Object.fromEntries(Object.entries(all).map(([name, check]) => [name, check()]))

test('an apiserver that is away for ten minutes makes the controllers not ready, and restarts nobody', async () => {
  let isAway = false
  const server = await serve(({ query, events }) => {
    if (!isAway && query.has('sendInitialEvents')) events(NOTHING)
  })
  const { informers, clock } = runInformers(server)
  const turns = new Turns({ callTimeoutMs: 60_000, now: () => clock.now() })
  const claim: { words?: string } = {}
  const { live, ready } = checks({ informers, turns, claim: { problem: () => claim.words } })
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
