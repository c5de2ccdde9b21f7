import { expect, test } from 'vitest'
import { KINDS } from '../kinds/index.ts'
import { serve, until } from '../kube/testing.ts'
import type { Current } from './informers.ts'
import { NOTHING, runInformers } from './informers-testing.ts'

/** Informers of an apiserver that has nothing, and answers when it is not away. */
async function start(current?: Current) {
  const state = { isAway: true, missing: '' }
  const server = await serve(({ path, query, events, json }) => {
    if (state.isAway) return
    if (state.missing !== '' && path.endsWith(`/${state.missing}`)) return json(404, { kind: 'Status', code: 404 })
    if (!query.has('watch')) json(200, { items: [], metadata: { resourceVersion: '5' } })
    else if (query.has('sendInitialEvents')) events(NOTHING)
  })
  const { informers, clock } = runInformers(server, current)
  /** The apiserver is there until all have synced. */
  const sync = async () => {
    await until(() => server.seen.length === KINDS.length + 1)
    state.isAway = false
    server.server.closeAllConnections()
    await until(() => (clock.advance(10), informers.isSynced()))
    state.isAway = true
    const synced = clock.now()
    return (ms: number) => clock.advance(synced + ms - clock.now())
  }
  return { informers, sync, state, server, clock }
}

test('readiness turns before decisions are refused', async () => {
  const { informers, sync } = await start({ kinds: ['Role', 'Namespace'], maxAgeMs: 60_000 })
  expect([informers.isCurrent(), informers.trouble()]).toEqual([false, 'not in sync yet'])
  const goTo = await sync()
  const at = (ms: number) => {
    goTo(ms)
    return [informers.trouble(), informers.isCurrent()]
  }
  expect(at(40_000)).toEqual([undefined, true])
  expect(at(46_000)).toEqual(['not known to be current: Role, Namespace', true])
  expect(at(61_000)).toEqual(['not known to be current: Role, Namespace', false])
})

test('without a bound, silence tells', async () => {
  const { informers, sync } = await start()
  const goTo = await sync()
  goTo(70_000)
  expect([informers.trouble(), informers.isCurrent()]).toEqual([undefined, true])
  goTo(76_000)
  expect([informers.trouble(), informers.isCurrent()]).toEqual([
    expect.stringMatching(/^no sign of life from the apiserver for .*Role/),
    true,
  ])
})

test('a kind that is not installed stops none of the others, and is there when it comes', async () => {
  const { informers, sync, state, server, clock } = await start()
  state.missing = 'nics'
  await sync()
  await informers.whenSynced(new AbortController().signal)
  expect([informers.isSynced(), informers.missing(), informers.trouble()]).toEqual([true, ['Nic'], undefined])
  state.missing = ''
  state.isAway = false
  server.server.closeAllConnections()
  await until(() => (clock.advance(10), informers.missing().length === 0))
  expect([informers.isSynced(), informers.trouble()]).toEqual([true, undefined])
})
