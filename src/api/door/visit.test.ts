import { describe, expect, it } from 'vitest'
import type { Refusal } from '../problem.ts'
import { Shares, type SharesOptions } from './shares.ts'
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

describe('a visit', () => {
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

  it('whose client has gone holds nothing more, and waits for nothing', async () => {
    const all = shares()
    const visit = new Visit(all, all.of('a'))
    visit.end()
    visit.hold(5)
    expect([visit.isOver, visit.turn(), all.of('a').lane.running, all.of('a').bytes]).toEqual([true, undefined, 0, 0])
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
})
