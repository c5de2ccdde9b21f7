import { expect, onTestFinished, test } from 'vitest'
import { createMetrics } from '../observe/metrics.ts'
import { Reflector } from './reflector.ts'
import { Store } from './store.ts'
import { CONFIG_MAPS, type ConfigMap, configMap, FakeClock, serve, type Seen, silentLog, until } from './testing.ts'

type Handler = (seen: Seen, attempt: number) => void

const bookmark = (version: number, initialEnd = false) => ({
  type: 'BOOKMARK',
  object: {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(version), ...(initialEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) },
  },
})
const added = (object: ConfigMap) => ({ type: 'ADDED', object })
const listed = (version: number, ...items: ConfigMap[]) => ({
  kind: 'ConfigMapList',
  items,
  metadata: { resourceVersion: String(version) },
})

/** A reflector against a scripted apiserver; time moves by itself unless `frozen`. */
async function start(handler: Handler, options: { frozen?: boolean } = {}) {
  let attempts = 0
  const server = await serve((seen) => handler(seen, ++attempts))
  const clock = new FakeClock()
  const store = new Store<ConfigMap>()
  const metrics = createMetrics()
  const reflector = new Reflector({
    client: server.client,
    gvr: CONFIG_MAPS,
    store,
    namespace: 'ns',
    log: silentLog,
    metrics,
    clock,
    random: () => 0.5,
  })
  const stop = new AbortController()
  const changes: string[] = []
  store.onChange(({ type, object, initial }) =>
    changes.push(`${type} ${object.metadata.name} ${object.metadata.uid}${initial ? ' initial' : ''}`),
  )
  const done = reflector.run(stop.signal)
  // Backoffs pass at once; the watchdog's 90 s do not.
  const ticking = options.frozen === true ? undefined : setInterval(() => clock.advance(50), 1)
  onTestFinished(async () => {
    clearInterval(ticking)
    stop.abort()
    await done
    await server.close()
  })
  const events = async () => {
    const counted = await metrics.watchEvents.get()
    return Object.fromEntries(counted.values.map(({ labels, value }) => [labels.event, value]))
  }
  return { ...server, clock, store, reflector, stop, done, changes, events }
}

test('streams the state, then the changes, and says when it is synced', async () => {
  const { reflector, changes, seen, store } = await start((request) => request.events(added(configMap('a', 1)), added(configMap('b', 2))), {
    frozen: true,
  })
  await until(() => store.size === 2)
  expect(reflector.isSynced).toBe(false)
  expect(Object.fromEntries(seen[0]?.query ?? [])).toEqual({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: '300',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
  })
  seen[0]?.events(bookmark(5, true), added(configMap('c', 6)), { type: 'DELETED', object: configMap('a', 7) })
  await reflector.whenSynced()
  await until(() => changes.length === 4)
  expect(changes).toEqual(['added a uid-a initial', 'added b uid-b initial', 'added c uid-c', 'deleted a uid-a'])
})

test('falls back to pages where the apiserver knows no WatchList', async () => {
  const { reflector, seen, store } = await start((request) => {
    if (request.query.has('sendInitialEvents'))
      return request.json(422, { kind: 'Status', code: 422, reason: 'Invalid', message: 'sendInitialEvents is forbidden' })
    if (!request.query.has('watch')) return request.json(200, listed(5, configMap('a', 1)))
    request.events(added(configMap('b', 6)))
  })
  await reflector.whenSynced()
  await until(() => store.size === 2)
  expect(seen.at(-1)?.query.get('resourceVersion')).toBe('5')
})

test('goes on where it was, after ends and resets', async () => {
  const { seen, store } = await start((request, attempt) => {
    if (attempt === 1) {
      request.events(added(configMap('a', 1)), bookmark(5, true), bookmark(9))
      request.response.end()
    } else if (attempt === 2) {
      request.events(added(configMap('b', 11)))
      setTimeout(() => request.request.socket.destroy(), 20)
    } else if (attempt === 3) request.request.socket.destroy()
    else if (attempt === 4) request.json(500, { kind: 'Status', code: 500, message: 'etcdserver: leader changed' })
    else if (attempt === 5) request.json(429, { kind: 'Status', code: 429 }, { 'retry-after': '1' })
    else if (attempt === 6) {
      request.events(added(configMap('c', 12)))
      request.response.write('{"type": "ADDED", "obj\n')
    } else request.events(added(configMap('d', 13)))
  })
  await until(() => store.size === 4, 'all four')
  expect(seen.map(({ query }) => query.get('resourceVersion'))).toEqual([null, '9', '11', '11', '11', '11', '12'])
})

test('410 starts anew, by uid', async () => {
  const { changes, events, store } = await start((request, attempt) => {
    if (attempt === 1) {
      request.events(added(configMap('a', 1)), added(configMap('b', 2)), added(configMap('c', 3)), bookmark(5, true))
      request.events({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } })
    } else request.events(added(configMap('a', 1)), added(configMap('b', 8, { uid: 'second' })), bookmark(10, true))
  })
  await until(() => changes.length === 6)
  expect(changes.slice(3)).toEqual(['deleted b uid-b', 'added b second', 'deleted c uid-c'])
  expect([...store.values()].map((obj) => obj.metadata.uid)).toEqual(['uid-a', 'second'])
  expect(await events()).toMatchObject({ expired: 1, listed: 2 })
})

test('silence is death', async () => {
  const { clock, seen, reflector, events } = await start(
    (request, attempt) => {
      if (attempt === 1) request.events(bookmark(5, true))
      else request.events(bookmark(6))
    },
    { frozen: true },
  )
  await reflector.whenSynced()
  await until(() => clock.sleeping === 1)
  clock.advance(89_000)
  expect(reflector.silentMs()).toBe(89_000)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(seen).toHaveLength(1)
  clock.advance(1_001)
  await until(() => seen[0]?.response.destroyed === true, 'the dead stream to be closed')
  // Only the backoff sleeps now.
  await until(() => clock.sleeping === 1)
  clock.advance(1_000)
  await until(() => reflector.silentMs() === 0)
  expect(seen[1]?.query.get('resourceVersion')).toBe('5')
  expect(await events()).toMatchObject({ silent: 1 })
})

test('stopping during the first list leaves nothing open', async () => {
  const { stop, done, seen, reflector, server } = await start((request) => request.events(added(configMap('a', 1))), { frozen: true })
  await until(() => seen.length === 1)
  const waiting = reflector.whenSynced().catch((error: Error) => error.message)
  stop.abort(new Error('stopped'))
  await done
  expect(await waiting).toBe('stopped')
  await until(() => seen[0]?.response.destroyed === true)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(seen).toHaveLength(1)
  expect(await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(0)
})

test('a page token that expired lists again from the beginning', async () => {
  let expired = false
  const { reflector, store, events } = await start((request) => {
    const { query } = request
    if (query.has('sendInitialEvents')) return request.json(400, { kind: 'Status', code: 400 })
    if (query.has('watch')) return request.events(bookmark(20))
    if (query.get('continue') === 'next' && !expired) {
      expired = true
      return request.json(410, { kind: 'Status', code: 410, reason: 'Expired' })
    }
    if (query.get('continue') === 'next') return request.json(200, listed(9, configMap('b', 2)))
    request.json(200, { ...listed(9, configMap('a', 1)), metadata: { resourceVersion: '9', continue: 'next' } })
  })
  await reflector.whenSynced()
  expect(store.size).toBe(2)
  expect(await events()).toMatchObject({ expired: 1, listed: 1 })
})

test('an etcd restored from a backup replaces what was', async () => {
  let restored = false
  const { store, events, changes } = await start((request) => {
    const { query, events: send, json } = request
    if (restored && query.has('sendInitialEvents')) return send(added(configMap('a', 3)), bookmark(4, true))
    if (restored && query.has('watch') && Number(query.get('resourceVersion')) > 4)
      return json(504, { kind: 'Status', code: 504, reason: 'Timeout', message: 'Too large resource version' })
    if (query.has('watch') && query.has('sendInitialEvents')) {
      send(added(configMap('a', 50)), added(configMap('b', 51)), bookmark(60, true))
      restored = true
      return request.response.end()
    }
    if (query.has('watch')) return send(added(configMap('c', 5)))
    json(200, listed(4, configMap('a', 3)))
  })
  await until(() => store.get('ns/c') !== undefined)
  expect([...store.values()].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)).toEqual(['a@3', 'c@5'])
  expect(changes).toContain('deleted b uid-b')
  expect(await events()).toMatchObject({ restored: 1, relist: 1 })
})

test('a big batch lets others have their turn', async () => {
  const { reflector, store, seen } = await start((request) => {
    request.events(...Array.from({ length: 5_000 }, (_, i) => added(configMap(`o${i}`, i + 1))), bookmark(6_000, true))
  })
  let turns = 0
  const turn = () => void (turns++, reflector.isSynced || setImmediate(turn))
  setImmediate(turn)
  await reflector.whenSynced()
  expect(store.size).toBe(5_000)
  expect(turns).toBeGreaterThan(20)
  expect(seen).toHaveLength(1)
})

test('stopping between the list and the watch opens no watch', async () => {
  const { seen, stop, done, store } = await start((request) => {
    if (request.query.has('sendInitialEvents')) return request.json(422, { kind: 'Status', code: 422 })
    if (request.query.has('watch')) return request.events(bookmark(6))
    store.onChange(() => stop.abort(new Error('stopped')))
    request.json(200, listed(5, configMap('a', 1)))
  })
  await done
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(seen.map(({ query }) => query.has('watch'))).toEqual([true, false])
})

const NOT_SERVED = { kind: 'Status', code: 404, reason: 'NotFound', message: 'the server could not find the requested resource' }

test('a resource that is not installed settles without being synced, and is taken in when it comes', async () => {
  let installed = false
  const { reflector, store, seen, events } = await start(({ query, json, events: send }) => {
    if (!installed) json(404, NOT_SERVED)
    else if (query.has('watch')) send(added(configMap('b', 7)))
    else json(200, listed(5, configMap('a', 1)))
  })
  await reflector.whenSettled()
  await until(() => seen.length > 20)
  expect([reflector.isMissing, reflector.isSynced, reflector.silentMs() < 90_000]).toEqual([true, false, true])
  installed = true
  await reflector.whenSynced()
  await until(() => store.size === 2)
  expect(reflector.isMissing).toBe(false)
  expect((await events())['missing']).toBeGreaterThan(20)
})

test('a resource that goes away leaves nothing behind; one refusal proves nothing', async () => {
  let refusals = 0
  const { reflector, store, changes, seen } = await start((request) => {
    if (refusals-- > 0) request.json(404, NOT_SERVED)
    else if (request.query.has('watch')) request.events(bookmark(6))
    else request.json(200, listed(5, configMap('a', 1)))
  })
  const breakOff = async (answers: number) => {
    const before = seen.length
    refusals = answers
    seen.at(-1)?.request.socket.destroy()
    await until(() => seen.length >= before + answers + 2 && seen.at(-1)?.query.has('watch') === true)
  }
  await until(() => seen.length > 0)
  seen[0]?.events(added(configMap('a', 1)), bookmark(5, true))
  await reflector.whenSynced()
  await breakOff(1)
  expect([reflector.isMissing, changes]).toEqual([false, ['added a uid-a initial']])
  await breakOff(2)
  await until(() => store.size === 1)
  expect(changes).toEqual(['added a uid-a initial', 'deleted a uid-a', 'added a uid-a'])
  expect(reflector.isMissing).toBe(false)
})
