import { expect, onTestFinished, test } from 'vitest'
import { History } from './history.ts'
import { CONFIG_MAPS, type ConfigMap, configMap, FakeClock, serve, type Seen, silentLog, until } from './testing.ts'
import { Reflector } from './reflector.ts'
import { Store } from './store.ts'

const OTHERS = { ...CONFIG_MAPS, resource: 'secrets', kind: 'Secret' }
const WIDGETS = { ...CONFIG_MAPS, resource: 'widgets', kind: 'Widget' }

const bookmark = (version: number, isEnd = false) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version), ...(isEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) } },
})

/** An apiserver that takes any watch, and two kinds that are watched. */
async function start() {
  const etcd = { version: 50, objects: [configMap('a', 50), configMap('b', 20)] as ConfigMap[], isUp: true, has: ['widgets', 'configmaps'] }
  const asked: string[] = []
  const open: Seen[] = []
  const server = await serve((seen) => {
    const { query, path } = seen
    const kind = path.split('/').at(-1) ?? ''
    if (!etcd.isUp) return void seen.request.socket.destroy()
    if (query.get('limit') === '1') asked.push(kind)
    if (query.get('limit') === '1' && !etcd.has.includes(kind)) return seen.json(404, { kind: 'Status', code: 404 })
    const items = kind === 'configmaps' ? etcd.objects : []
    if (!query.has('watch')) return seen.json(200, { items, metadata: { resourceVersion: String(etcd.version) } })
    open.push(seen)
    if (query.has('sendInitialEvents')) seen.events(...items.map((object) => ({ type: 'ADDED', object })), bookmark(etcd.version, true))
    // From a version that is yet to come: taken, and nothing is ever said.
    else seen.response.writeHead(200).flushHeaders()
  })
  const clock = new FakeClock()
  const random = () => 0.5
  const history = new History({ client: server.client, gvrs: [WIDGETS, CONFIG_MAPS], log: silentLog, clock, random })
  const stores = [new Store<ConfigMap>(), new Store<ConfigMap>()] as const
  const reflectors = [CONFIG_MAPS, OTHERS].map(
    (gvr, at) => new Reflector({ client: server.client, gvr, store: stores[at]!, log: silentLog, clock, random, history }),
  )
  const stop = new AbortController()
  const running = [history, ...reflectors].map((one) => one.run(stop.signal))
  onTestFinished(async () => {
    stop.abort()
    await Promise.all(running)
    await server.close()
  })
  await Promise.all(reflectors.map((reflector) => reflector.whenSynced()))
  await until(() => clock.sleeping === 3, 'two watches and the next question')
  const changes: string[] = []
  for (const store of stores)
    store.onChange(({ type, object: { metadata } }) => changes.push(`${type} ${metadata.name}@${metadata.resourceVersion}`))
  /** Time passes until it is so. */
  const passing = (condition: () => boolean, what: string) => until(() => (clock.advance(20), condition()), what)
  return { etcd, asked, open, clock, changes, store: stores[0], passing }
}

test('a restored etcd is found out within a minute, although every watch goes on, and told to all reflectors', async () => {
  const { etcd, asked, open, clock, changes, store } = await start()
  etcd.version = 30
  etcd.objects = [configMap('a', 10)]
  clock.advance(59_000)
  expect(asked).toEqual([])
  clock.advance(1_001)
  await until(() => asked.length === 1, 'the question')
  await until(() => open.filter(({ response }) => response.destroyed).length === 2, 'both watches to be left')
  await until(() => (clock.advance(20), open.length === 4), 'both to be listed and watched again')
  expect(open.slice(2).map(({ query }) => query.get('resourceVersion'))).toEqual(['30', '30'])
  expect(changes).toEqual(['updated a@10', 'deleted b@20'])
  expect(store.set(configMap('c', 31))).toBe(true)
})

test('as soon as the apiserver answers again after it was away, before the new history is as long as the old one', async () => {
  const { etcd, asked, open, changes, passing } = await start()
  etcd.isUp = false
  for (const seen of open) seen.response.destroy()
  await passing(() => open.every(({ response }) => response.destroyed), 'the outage')
  etcd.isUp = true
  etcd.version = 49
  etcd.objects = [configMap('a', 49)]
  await passing(() => changes.length === 2, 'the new state')
  expect(changes).toEqual(['updated a@49', 'deleted b@20'])
  // Two watches broke, in whatever way: one question, and not the next one before its time.
  expect(asked.length).toBeLessThanOrEqual(2)
})

test('a history that goes on is asked about once a minute, by a kind that is installed', async () => {
  const { etcd, asked, open, clock } = await start()
  etcd.has = ['configmaps']
  for (let minute = 0; minute < 3; minute++) {
    etcd.version += 5
    // Bookmarks, or the watches would be given up as silent.
    for (const seen of open) seen.events(bookmark(etcd.version))
    await until(() => clock.sleeping === 3)
    clock.advance(60_000)
    await until(() => (clock.advance(1), asked.at(-1) === 'configmaps' && asked.length === minute + 2 && clock.sleeping === 3))
  }
  expect(asked).toEqual(['widgets', 'configmaps', 'configmaps', 'configmaps'])
  expect(open).toHaveLength(2)
})

test('a watch that never said anything lists anew; one that spoke before goes on', async () => {
  const { etcd, clock, open, asked, changes, passing } = await start()
  etcd.version = 60
  open.find(({ path }) => path.endsWith('configmaps'))?.events({ type: 'ADDED', object: configMap('c', 60) })
  await until(() => changes.length === 1)
  clock.advance(90_001)
  await passing(() => open.length === 4, 'both watches again')
  const from = () => open.slice(2).map(({ query }) => query.get('resourceVersion'))
  expect(from().toSorted()).toEqual(['50', '60'])
  clock.advance(90_001)
  await passing(() => open.length === 6, 'both watches anew')
  expect(open.slice(4).every(({ query }) => query.has('sendInitialEvents'))).toBe(true)
  expect(asked.length).toBeGreaterThan(0)
})

test('a version that is lower than the last one of the watch is a history that went back', async () => {
  const { etcd, open, changes, passing } = await start()
  etcd.version = 30
  etcd.objects = []
  open.find(({ path }) => path.endsWith('configmaps'))?.events(bookmark(30))
  await passing(() => changes.length === 2, 'the new state')
  expect(changes).toEqual(['deleted a@50', 'deleted b@20'])
})
