import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../observe/metrics.ts'
import type { Refusal } from '../problem.ts'
import { Shares, type SharesOptions } from './shares.ts'
import { networkOf } from './strangers.ts'
import { Visit } from './visit.ts'

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as Refusal).code
  }
  return 'none'
}

const shares = (options: Partial<SharesOptions> = {}) =>
  new Shares({ limits: { requestsPerSecond: 100, burst: 2, concurrency: 1 }, now: () => 0, ...options })

describe('shares', () => {
  it('wait for the rate, then refuse, and count both', async () => {
    const metrics = createMetrics()
    const all = shares({ metrics, maxWaitMs: { rate: 10, turn: 10 } })
    const arrive = () => all.arrive(all.of('a'))
    expect([arrive(), arrive()]).toEqual([undefined, undefined])
    await expect(arrive()).resolves.toBeUndefined()
    await expect(arrive()).rejects.toMatchObject({ code: 'TooManyRequests' })
    expect(all.arrive(all.of('b'))).toBeUndefined()
    const text = await metrics.registry.metrics()
    expect(text).toContain('seca_api_refused_total{for="rate"} 1')
    expect(text).toContain('seca_api_wait_seconds_count{for="rate"} 1')
  })

  it('a refusal comes late, says when to come again, and does not pile up', async () => {
    const all = shares({ limits: { requestsPerSecond: 1, burst: 1, concurrency: 1 }, maxWaitMs: { rate: 50, turn: 0 } })
    await all.arrive(all.of('a'))
    const first = Promise.resolve(all.arrive(all.of('a')))
    let refused = 0
    const many = Array.from({ length: 1_500 }, () => Promise.resolve(all.arrive(all.of('a'))).catch(() => refused++))
    // Before any timer can fire.
    for (let hop = 0; hop < 10; hop++) await Promise.resolve()
    expect([refused, all.of('a').refused]).toEqual([501, 1_000])
    await expect(first).rejects.toMatchObject({ code: 'TooManyRequests', headers: { 'retry-after': '1' }, row: { status: 429 } })
    await Promise.all(many)
    expect([refused, all.of('a').refused]).toEqual([1_500, 0])
  })

  it('a large body counts for many requests', async () => {
    const all = shares({ limits: { requestsPerSecond: 100, burst: 10, concurrency: 1 }, maxWaitMs: { rate: 10, turn: 10 } })
    expect(new Visit(all, all.of('a'), 64).arrive(all.of('a'))).toBeUndefined()
    await expect(new Visit(all, all.of('a')).arrive(all.of('a'))).rejects.toMatchObject({ code: 'TooManyRequests' })
  })

  it('a client that goes away does not end the work, which keeps its place', async () => {
    const all = shares()
    const visit = new Visit(all, all.of('a'))
    await visit.turn()
    visit.hold(5)
    visit.end()
    expect([all.of('a').lane.running, all.of('a').bytes]).toEqual([1, 5])
    visit.finish()
    expect([all.of('a').lane.running, all.of('a').bytes]).toEqual([0, 0])
  })

  it('a request that waits too long for its turn is refused, and one that goes away waits no longer', async () => {
    const all = shares({ maxWaitMs: { rate: 0, turn: 20 } })
    const [first, second, third] = [1, 2, 3].map(() => new Visit(all, all.of('a')))
    await first!.turn()
    const gone = second!.turn()
    second!.end()
    await expect(gone).rejects.toMatchObject({ code: 'InvalidRequest' })
    await expect(third!.turn()).rejects.toMatchObject({ code: 'TooManyRequests' })
    first!.end()
    expect(all.of('a').lane.running).toBe(1)
    first!.finish()
    expect(all.of('a').lane.running).toBe(0)
    const fourth = new Visit(all, all.of('a'))
    await fourth.turn()
    expect(all.of('a').lane.running).toBe(1)
  })

  it('bodies are counted by caller and in all, and given back once', () => {
    const all = shares({ maxBodies: { caller: 10, process: 15 } })
    const [one, two, other] = [new Visit(all, all.of('a')), new Visit(all, all.of('a')), new Visit(all, all.of('b'))]
    one.hold(6)
    expect(codeOf(() => two.hold(5))).toBe('TooManyRequests')
    two.hold(4)
    expect(codeOf(() => other.hold(6))).toBe('NotReady')
    one.end()
    one.end()
    other.hold(10)
    expect([all.of('a').bytes, all.of('b').bytes]).toEqual([4, 10])
    two.end()
    other.end()
    expect([all.of('a').bytes, all.of('b').bytes]).toEqual([0, 0])
    new Visit(all, all.of('c')).hold(10)
  })

  it('only so many are remembered', () => {
    const all = shares()
    const first = all.of('first')
    for (let index = 0; index < 30_000; index++) all.of(`address:${index}`)
    expect(all.of('first')).not.toBe(first)
  })

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['2001:db8:1:2:aaaa::1', '20010db800010002/64'],
    ['2001:db8:1:2::', '20010db800010002/64'],
    ['fe80::1%eth0', 'fe80000000000000/64'],
    ['', ''],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
