import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lane, Turns } from './turns.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A process whose clock is moved by the work that requests do. */
function rig(concurrency = 4) {
  let now = 0
  const turns = new Turns({ concurrency, sliceMs: 5, now: () => now })
  const order: string[] = []
  const lanes = new Map<string, Lane>()
  const laneOf = (caller: string) => {
    const lane = lanes.get(caller) ?? new Lane()
    lanes.set(caller, lane)
    return lane
  }
  /** A request that keeps the processor for `ms` and ends when told, or at once. */
  const request = async (caller: string, ms: number, until: Promise<unknown> = Promise.resolve()) => {
    await turns.enter(laneOf(caller))?.started
    order.push(caller)
    now += ms
    await until
    turns.leave(laneOf(caller))
  }
  return { turns, order, request, laneOf, work: (ms: number) => void (now += ms) }
}

describe('turns', () => {
  it('start at once while there is time', async () => {
    const { order, request, turns, laneOf } = rig()
    for (let count = 0; count < 100; count++) {
      expect(turns.enter(laneOf('a'))).toBeUndefined()
      turns.leave(laneOf('a'))
      await new Promise(process.nextTick)
    }
    await request('a', 0)
    expect(order).toEqual(['a'])
  })

  it('32 expensive requests of one caller do not stand in front of the next one', async () => {
    const { order, request } = rig(40)
    const all = [...Array.from({ length: 32 }, () => request('a', 20)), request('b', 1)]
    await Promise.all(all)
    expect(order.indexOf('b')).toBeLessThanOrEqual(2)
    expect(order).toHaveLength(33)
  })

  it('nor do 32 that were read at once, before any of them could begin', async () => {
    const { order, request } = rig(40)
    const all = Array.from({ length: 32 }, async (_, index) => {
      for (let hop = 0; hop < 3; hop++) await Promise.resolve()
      await request(index === 31 ? 'b' : 'a', 20)
    })
    await Promise.all(all)
    expect(order.indexOf('b')).toBeLessThanOrEqual(2)
  })

  it('who asks for little is served as fast as it asks, beside one who asks for as much as there is', async () => {
    const { order, request } = rig(10)
    const attack = Array.from({ length: 100 }, () => request('a', 15))
    for (let count = 0; count < 5; count++) {
      const before = order.length
      await Promise.all(Array.from({ length: 20 }, () => request('b', 0.1)))
      const meanwhile = order.slice(before).filter((caller) => caller === 'a')
      expect(meanwhile.length).toBeLessThanOrEqual(3)
    }
    await Promise.all(attack)
  })

  it('a caller that was away brings no credit along', async () => {
    const { order, request } = rig(10)
    await request('b', 0)
    for (let count = 0; count < 20; count++) await request('a', 20)
    const rest = [...Array.from({ length: 10 }, () => request('b', 20)), ...Array.from({ length: 10 }, () => request('a', 20))]
    await Promise.all(rest)
    const last = order.slice(-20)
    expect(last.slice(0, 10).filter((caller) => caller === 'a').length).toBeGreaterThanOrEqual(4)
  })

  it('nor does one whose requests stay under way', async () => {
    const { order, request } = rig(4)
    const end = Promise.withResolvers<void>()
    const slow = Array.from({ length: 32 }, () => request('a', 0, end.promise))
    await request('b', 0)
    expect(order.indexOf('b')).toBeLessThanOrEqual(4)
    for (let count = 0; count < 10; count++) await turn()
    expect(order.filter((caller) => caller === 'a')).toHaveLength(4)
    end.resolve()
    await Promise.all(slow)
    expect(order).toHaveLength(33)
  })

  it('who gave up is passed over, and takes nobody’s place', async () => {
    const { turns, laneOf, request, order, work } = rig(1)
    expect(turns.enter(laneOf('a'))).toBeUndefined()
    work(10)
    const waiting = turns.enter(laneOf('a'))
    waiting?.cancel()
    const next = request('a', 0)
    turns.leave(laneOf('a'))
    await next
    expect(order).toEqual(['a'])
    expect(laneOf('a').running).toBe(0)
  })

  it('callers take turns, nobody has more than its share under way, and everybody gets done', async () => {
    const plan = fc.array(fc.record({ caller: fc.constantFrom('a', 'b', 'c'), ms: fc.integer({ min: 0, max: 12 }), stays: fc.boolean() }), {
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 5 }), async (requests, concurrency) => {
        const { request, order, laneOf } = rig(concurrency)
        let most = 0
        const watch = setInterval(() => undefined, 1_000)
        const all = requests.map(({ caller, ms, stays }) => request(caller, ms, stays ? turn() : Promise.resolve()))
        for (let count = 0; count < 3; count++) {
          most = Math.max(most, ...['a', 'b', 'c'].map((caller) => laneOf(caller).running))
          await turn()
        }
        await Promise.all(all)
        clearInterval(watch)
        expect(most).toBeLessThanOrEqual(concurrency)
        expect(order.toSorted()).toEqual(requests.map(({ caller }) => caller).toSorted())
        expect(['a', 'b', 'c'].map((caller) => laneOf(caller).running)).toEqual([0, 0, 0])
      }),
      { numRuns: 50 },
    )
  })
})
