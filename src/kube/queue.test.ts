import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Priority, type Share, type Turn, WorkQueue } from './queue.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const make = (random = () => 1) => new WorkQueue({ name: 'test', now: () => Date.now(), random, backoff: { baseMs: 100, maxMs: 1_000 } })

/** Runs a queue whose handler records keys and takes `ms`. */
function start(queue: WorkQueue, options: { workers?: number; ms?: number; handler?: (key: string) => Promise<void> } = {}) {
  const stop = new AbortController()
  const ran: string[] = []
  const handler = async (key: string) => {
    ran.push(key)
    await options.handler?.(key)
    if (options.ms !== undefined) await new Promise((resolve) => setTimeout(resolve, options.ms))
  }
  const done = queue.run(handler, { workers: options.workers ?? 1, signal: stop.signal })
  return { ran, stop: () => stop.abort(), done }
}

test('keys added many times run once', async () => {
  const queue = make()
  for (let i = 0; i < 5; i++) queue.add('a')
  queue.add('b')
  expect(queue.depth).toBe(2)
  const run = start(queue)
  await vi.advanceTimersByTimeAsync(0)
  expect(run.ran).toEqual(['a', 'b'])
  expect(queue.depth).toBe(0)
})

test('a key added while it is processed runs again, once', async () => {
  const queue = make()
  const run = start(queue, { ms: 10, workers: 4 })
  queue.add('a')
  await vi.advanceTimersByTimeAsync(5)
  queue.add('a')
  queue.add('a')
  expect(run.ran).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(100)
  expect(run.ran).toEqual(['a', 'a'])
})

test('the earliest delayed add counts, and processing makes it moot', async () => {
  const queue = make()
  const run = start(queue)
  queue.add('a', { afterMs: 1_000 })
  queue.add('a', { afterMs: 100 })
  queue.add('a', { afterMs: 5_000 })
  await vi.advanceTimersByTimeAsync(99)
  expect(run.ran).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(run.ran).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(run.ran).toEqual(['a'])
  queue.add('a', { afterMs: 50 })
  queue.add('a')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(run.ran).toEqual(['a', 'a'])
})

test('a delayed add of the handler itself stands', async () => {
  const queue = make()
  const run = start(queue, { ms: 30, handler: async (key) => queue.add(key, { afterMs: 10 }) })
  queue.add('a')
  await vi.advanceTimersByTimeAsync(35)
  // Its time came while it ran.
  expect(run.ran).toEqual(['a', 'a'])
})

test('priorities order, and none starves', async () => {
  const queue = make()
  queue.add('low', { priority: 'low' })
  queue.add('normal')
  queue.add('high', { priority: 'high' })
  queue.add('raised', { priority: 'low' })
  queue.add('raised', { priority: 'high' })
  const run = start(queue, { ms: 1 })
  await vi.advanceTimersByTimeAsync(10)
  expect(run.ran).toEqual(['high', 'raised', 'normal', 'low'])

  const flooded = make()
  flooded.add('patient', { priority: 'low' })
  // A flood of high ones, more than one worker can do.
  const interval = setInterval(() => flooded.add(`high-${Date.now()}`, { priority: 'high' }), 1)
  await vi.advanceTimersByTimeAsync(5)
  const other = start(flooded, { ms: 2 })
  await vi.advanceTimersByTimeAsync(30_000)
  clearInterval(interval)
  expect(other.ran).toContain('patient')
})

test('a long line of low keys does not hold up a high one, however long they wait', async () => {
  const queue = make()
  for (let i = 0; i < 1_000; i++) queue.add(`low-${i}`, { priority: 'low' })
  const run = start(queue, { ms: 100 })
  await vi.advanceTimersByTimeAsync(60_000)
  const before = run.ran.length
  queue.add('high', { priority: 'high' })
  await vi.advanceTimersByTimeAsync(300)
  expect(before).toBeLessThan(700)
  expect(run.ran.slice(before, before + 2)).toContain('high')
})

test('retry backs off with full jitter until forget', async () => {
  const queue = make()
  expect([queue.retry('a'), queue.retry('a'), queue.retry('a'), queue.retry('a'), queue.retry('a')]).toEqual([100, 200, 400, 800, 1_000])
  queue.forget('a')
  expect(queue.retry('a')).toBe(100)
  expect(make(() => 0.5).retry('b')).toBe(50)
  expect(make(() => 0).retry('b')).toBe(25)
  expect(make(() => 0.5).retry('b', 3_000)).toBe(3_050)
})

test('a handler that throws is tried again', async () => {
  const queue = make()
  let failures = 2
  const run = start(queue, {
    handler: async (key) => {
      if (failures-- > 0) throw new Error('boom')
      queue.forget(key)
    },
  })
  queue.add('a')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(run.ran).toEqual(['a', 'a', 'a'])
})

test('abort lets running handlers finish and starts no other', async () => {
  const queue = make()
  const run = start(queue, { ms: 50, workers: 2 })
  let resolved = false
  void run.done.then(() => (resolved = true))
  for (const key of ['a', 'b', 'c']) queue.add(key)
  await vi.advanceTimersByTimeAsync(10)
  run.stop()
  await vi.advanceTimersByTimeAsync(30)
  expect(resolved).toBe(false)
  await vi.advanceTimersByTimeAsync(30)
  expect(resolved).toBe(true)
  expect(run.ran).toEqual(['a', 'b'])
  // What was left waits for the next run.
  const again = start(queue)
  await vi.advanceTimersByTimeAsync(0)
  expect(again.ran).toEqual(['c'])
})

test('old delayed adds do not pile up', async () => {
  const queue = make()
  start(queue)
  for (let i = 0; i < 10_000; i++) {
    queue.add('a', { afterMs: 600_000 })
    queue.add('a')
    await vi.advanceTimersByTimeAsync(0)
  }
  // One real timer, whatever happened before.
  expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
})

test('a cloud that asks for no wait at all is not stormed', async () => {
  const queue = new WorkQueue({ name: 'test', now: () => Date.now(), random: () => 0 })
  const run = start(queue, { handler: async (key) => void queue.retry(key, 0) })
  queue.add('a')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(run.ran.length).toBeLessThanOrEqual(20_000 / 125 + 1)
  const usual = new WorkQueue({ name: 'test', now: () => Date.now(), random: () => 0.5, backoff: { baseMs: 500, maxMs: 60_000 } })
  const other = start(usual, { handler: async (key) => void usual.retry(key, 0) })
  usual.add('a')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(other.ran.length).toBeLessThanOrEqual(7)
})

describe('shares', () => {
  /** Keys are `account/tenant/name`; those of `sick` never end. */
  function shared(workers: number) {
    const shareOf = (key: string): Share => {
      const [account = '', tenant = ''] = key.split('/')
      return { account, tenant }
    }
    const queue = new WorkQueue({ name: 'test', now: () => Date.now(), shareOf })
    const run = start(queue, { workers, handler: async (key) => (key.includes('sick') ? new Promise(() => undefined) : undefined) })
    return { queue, ran: run.ran }
  }
  const of = (ran: readonly string[], prefix: string) => ran.filter((key) => key.startsWith(prefix)).length

  test('an account that hangs holds up no other, and has no more under way than its share', async () => {
    const { queue, ran } = shared(8)
    for (let i = 0; i < 400; i++) queue.add(`one/sick-${i % 5}/${i}`)
    await vi.advanceTimersByTimeAsync(10)
    expect(of(ran, 'one/')).toBe(8)
    queue.add('two/well/a')
    await vi.advanceTimersByTimeAsync(0)
    expect(of(ran, 'two/')).toBe(1)
    expect(queue.depth).toBe(392)
  })

  test('a tenant whose work hangs leaves room for others of its account', async () => {
    const { queue, ran } = shared(8)
    for (let i = 0; i < 100; i++) queue.add(`one/sick/${i}`)
    await vi.advanceTimersByTimeAsync(10)
    expect(of(ran, 'one/sick')).toBe(6)
    for (let i = 0; i < 100; i++) queue.add(`one/well/${i}`)
    await vi.advanceTimersByTimeAsync(10)
    expect(of(ran, 'one/well')).toBe(100)
  })

  test('the handler is told whose turn it is, and why', async () => {
    const queue = new WorkQueue({ name: 'test', now: () => Date.now(), shareOf: (key) => ({ account: key, tenant: 't' }) })
    const turns: Turn[] = []
    const stop = new AbortController()
    const done = queue.run(async (_key, turn) => void turns.push(turn), { workers: 1, signal: stop.signal })
    queue.add('a', { priority: 'high' })
    queue.add('b', { afterMs: 10, priority: 'low' })
    await vi.advanceTimersByTimeAsync(20)
    stop.abort()
    await done
    expect(turns).toEqual([
      { priority: 'high', share: { account: 'a', tenant: 't' } },
      { priority: 'low', share: { account: 'b', tenant: 't' } },
    ])
  })

  test('within an account an edit goes before a pass, and tenants take turns', async () => {
    const queue = new WorkQueue({ name: 'test', now: () => Date.now(), shareOf: (key) => ({ account: 'x', tenant: key[0] ?? '' }) })
    for (let i = 0; i < 50; i++) queue.add(`a${i}`, { priority: 'low' })
    queue.add('b0', { priority: 'low' })
    queue.add('a-edit', { priority: 'high' })
    const run = start(queue)
    await vi.advanceTimersByTimeAsync(10)
    expect(run.ran.slice(0, 4)).toEqual(['a-edit', 'a0', 'b0', 'a1'])
  })
})

test('property: one worker per key, nothing lost, everything ends', async () => {
  const action = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    afterMs: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
    priority: fc.constantFrom<Priority>('high', 'normal', 'low'),
    waitMs: fc.integer({ min: 0, max: 60 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 40 }),
      async (actions, workers, ms) => {
        const queue = make()
        const running = new Set<string>()
        const startedAt = new Map<string, number>()
        let clashes = 0
        const stop = new AbortController()
        let order = 0
        const handler = async (key: string) => {
          if (running.has(key)) clashes++
          running.add(key)
          startedAt.set(key, ++order)
          if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
          running.delete(key)
        }
        const done = queue.run(handler, { workers, signal: stop.signal })
        const wanted = new Map<string, number>()
        for (const { key, afterMs, priority, waitMs } of actions) {
          wanted.set(key, ++order)
          queue.add(key, { priority, ...(afterMs !== undefined && { afterMs }) })
          // An add without delay may have started its key within the call.
          await vi.advanceTimersByTimeAsync(waitMs)
        }
        await vi.advanceTimersByTimeAsync(60_000)
        expect(clashes).toBe(0)
        for (const [key, at] of wanted) expect(startedAt.get(key), `${key} after its last add`).toBeGreaterThan(at)
        expect(queue.depth).toBe(0)
        expect(vi.getTimerCount()).toBe(0)
        stop.abort()
        await done
      },
    ),
    { numRuns: 150 },
  )
})

test('a closed queue takes nothing and holds nothing; what is worked on ends, and does not come back', async () => {
  const queue = make()
  const run = start(queue, { ms: 10, handler: async (key) => void (key === 'failing' && queue.retry(key)) })
  queue.add('failing')
  await vi.advanceTimersByTimeAsync(0)
  queue.add('failing')
  queue.add('waiting')
  queue.add('delayed', { afterMs: 50 })
  queue.add('failing', { afterMs: 50 })
  queue.close()
  expect(queue.depth).toBe(0)
  for (const key of ['a', 'b']) queue.add(key)
  queue.add('c', { afterMs: 5 })
  queue.retry('d')
  expect(queue.depth).toBe(0)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(run.ran).toEqual(['failing'])
  queue.open()
  queue.add('a')
  queue.add('c', { afterMs: 5 })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(run.ran).toEqual(['failing', 'a', 'c'])
})

test('a queue that is closed and opened while a key is worked on never works on it twice at a time', async () => {
  const queue = make()
  const run = start(queue, { ms: 100, workers: 4 })
  queue.add('a')
  await vi.advanceTimersByTimeAsync(10)
  queue.close()
  queue.open()
  queue.add('a')
  await vi.advanceTimersByTimeAsync(80)
  expect(run.ran).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(run.ran).toEqual(['a', 'a'])
  expect(queue.depth).toBe(0)
})

test('has what waits, is worked on or will be, and nothing else', async () => {
  const queue = make()
  queue.add('delayed', { afterMs: 1_000 })
  queue.add('ready')
  expect(['delayed', 'ready', 'other'].map((key) => queue.has(key))).toEqual([true, true, false])
  const run = start(queue, { ms: 10 })
  await vi.advanceTimersByTimeAsync(5)
  expect(queue.has('ready')).toBe(true)
  await vi.advanceTimersByTimeAsync(10)
  expect([queue.has('ready'), queue.has('delayed')]).toEqual([false, true])
  run.stop()
})

test('forgets all that is not kept, and does not begin again what is worked on', async () => {
  const queue = make()
  const run = start(queue, { ms: 100, workers: 1 })
  queue.add('busy')
  await vi.advanceTimersByTimeAsync(10)
  for (const key of ['busy', 'ready', 'kept']) queue.add(key)
  queue.add('delayed', { afterMs: 1_000 })
  queue.add('kept later', { afterMs: 1_000 })
  queue.retain((key) => key.startsWith('kept'))
  expect([queue.depth, ...['busy', 'ready', 'delayed', 'kept later'].map((key) => queue.has(key))]).toEqual([1, true, false, false, true])
  await vi.advanceTimersByTimeAsync(5_000)
  expect(run.ran).toEqual(['busy', 'kept', 'kept later'])
  queue.add('ready')
  await vi.advanceTimersByTimeAsync(500)
  expect([run.ran.at(-1), queue.depth]).toEqual(['ready', 0])
  run.stop()
})
