import { expect, onTestFinished, test } from 'vitest'
import { Reflector } from './reflector.ts'
import { Store } from './store.ts'
import { CONFIG_MAPS, type ConfigMap, configMap, FakeClock, serve, type Seen, silentLog, until } from './testing.ts'

/** An apiserver with a history, of which each part can be stopped. */
async function start(proveMs: number | undefined) {
  const history = { version: 5, objects: [configMap('a', 1)] as ConfigMap[] }
  const does = { list: true, bookmarks: true, watch: true }
  const open = new Set<Seen>()
  const asked: string[] = []
  const server = await serve((seen) => {
    const { query } = seen
    const listed = (items: ConfigMap[]) =>
      seen.json(200, { kind: 'ConfigMapList', items, metadata: { resourceVersion: String(history.version) } })
    if (!query.has('watch')) {
      asked.push(query.get('limit') === '1' ? 'probe' : 'list')
      if (does.list) listed(query.get('limit') === '1' ? history.objects.slice(0, 1) : history.objects)
      return
    }
    if (query.has('sendInitialEvents')) {
      asked.push('state')
      return seen.events(...history.objects.map((object) => ({ type: 'ADDED', object })), bookmark(history.version, true))
    }
    asked.push(`watch ${query.get('resourceVersion')} ${query.get('timeoutSeconds')}`)
    if (!does.watch) return
    seen.response.writeHead(200).flushHeaders()
    open.add(seen)
    seen.response.on('close', () => open.delete(seen))
  })
  const clock = new FakeClock()
  const store = new Store<ConfigMap>()
  const reflector = new Reflector({ client: server.client, gvr: CONFIG_MAPS, store, log: silentLog, clock, random: () => 0, proveMs })
  const stop = new AbortController()
  const done = reflector.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await done
    await server.close()
  })
  const probes = () => asked.filter((one) => one === 'probe').length
  const watching = () => until(() => open.size === 1 && clock.sleeping === 2, 'a watch that is about to be proven')
  /** The question 4 s before the end, then the bookmark and the end of a watch, as an apiserver does it. */
  const cycle = async (seconds: number) => {
    await watching()
    const before = probes()
    clock.advance((seconds - 4) * 1_000)
    if (does.list) await until(() => probes() === before + 1, 'the question')
    await settle()
    clock.advance(2_000)
    const [seen] = open
    if (does.bookmarks) seen?.events(bookmark(history.version))
    await settle()
    clock.advance(2_000)
    seen?.response.end()
    await until(() => !open.has(seen!), 'the end of the watch')
  }
  return { history, does, asked, open, clock, store, reflector, cycle, watching, probes }
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 30))
const bookmark = (version: number, isEnd = false) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version), ...(isEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) } },
})

test('idle, the age stays within the time of a watch and what was asked before its end', async () => {
  const { reflector, cycle, watching, asked, history } = await start(20_000)
  await watching()
  expect(reflector.ageMs()).toBe(0)
  for (let round = 0; round < 4; round++) {
    // Others write: the version of the history is no version of ours.
    history.version += 100
    await cycle(20)
    expect(reflector.ageMs()).toBe(4_000)
  }
  await watching()
  expect(asked).toEqual([
    'state',
    'watch 5 20',
    'probe',
    'watch 105 20',
    'probe',
    'watch 205 20',
    'probe',
    'watch 305 20',
    'probe',
    'watch 405 20',
  ])
})

test('a watch that carries nothing while everything else works is found, and what it missed comes', async () => {
  const { reflector, clock, open, store, watching, history } = await start(20_000)
  await watching()
  history.objects = [configMap('a', 9)]
  history.version = 9
  clock.advance(16_000)
  await settle()
  // The question was answered; the store is not there.
  expect(reflector.ageMs()).toBe(16_000)
  const [dead] = open
  clock.advance(9_001)
  await until(() => !open.has(dead!), 'the dead watch to be given up')
  await until(() => clock.sleeping === 1, 'the backoff')
  clock.advance(1_000)
  await until(() => open.size === 1)
  const [seen] = open
  // It looks at once: the short watch of 5 s.
  expect(seen?.query.get('timeoutSeconds')).toBe('5')
  seen?.events({ type: 'MODIFIED', object: configMap('a', 9) })
  await until(() => reflector.ageMs() < 12_000, 'the proof')
  expect(store.get('ns/a')?.metadata.resourceVersion).toBe('9')
})

test('bookmarks of an apiserver that no longer reaches etcd prove nothing', async () => {
  const { reflector, does, cycle, watching } = await start(20_000)
  await watching()
  does.list = false
  await cycle(20)
  expect(reflector.ageMs()).toBe(20_000)
  await cycle(20)
  expect(reflector.ageMs()).toBe(40_000)
})

test('where no bookmarks come, everything is listed anew before it is too old', async () => {
  const { reflector, does, cycle, watching, asked, history } = await start(20_000)
  await watching()
  does.bookmarks = false
  history.version = 50
  await cycle(20)
  for (let age = 20_000; age <= 40_000; age += 5_000) await cycle(5)
  await watching()
  expect(asked.filter((one) => one === 'state')).toHaveLength(2)
  expect(reflector.ageMs()).toBeLessThan(5_000)
})

test('after an outage it is known soon where we are', async () => {
  const { reflector, cycle, clock, open, does, watching, asked } = await start(20_000)
  await watching()
  does.watch = false
  for (const seen of open) seen.response.destroy()
  await until(() => clock.sleeping === 1, 'the backoff')
  clock.advance(300)
  await until(() => asked.length === 3 && clock.sleeping === 1, 'a watch that is not answered')
  clock.advance(100_000)
  does.watch = true
  await until(() => clock.sleeping === 1, 'the next backoff')
  clock.advance(10_000)
  await cycle(5)
  expect(reflector.ageMs()).toBe(4_000)
})

test('a history that went back is noticed by the next question, and proves nothing before it was read', async () => {
  const { reflector, store, clock, watching, history, asked } = await start(20_000)
  await watching()
  history.version = 3
  history.objects = [configMap('a', 1, { uid: 'before' })]
  clock.advance(16_000)
  await until(() => asked.includes('probe'))
  await settle()
  expect(reflector.ageMs()).toBe(16_000)
  await until(() => (clock.advance(1), store.get('ns/a')?.metadata.uid === 'before'))
  expect(reflector.ageMs()).toBeLessThan(1_000)
})

test('without a bound nothing is asked', async () => {
  const { clock, asked, open, reflector } = await start(undefined)
  await reflector.whenSynced()
  clock.advance(80_000)
  await settle()
  expect([asked, open.size]).toEqual([['state'], 0])
})
