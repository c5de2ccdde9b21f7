import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ended, ownerOf, Turns } from './turns.ts'

/** Time that only work moves. */
let now: number
beforeEach(() => {
  now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => void vi.restoreAllMocks())

/** Computes for some milliseconds, in stretches of half of one. */
function* busy<T>(ms: number, answer: T): Generator<void, T> {
  for (let spent = 0; spent < ms; spent += 0.5) {
    now += 0.5
    yield
  }
  return answer
}

describe('turns', () => {
  it('do at once what is short', async () => {
    let isDone = false
    const done = new Turns().run('a', busy(0, 1)).then((answer) => (isDone = answer === 1))
    await Promise.resolve()
    await Promise.resolve()
    expect(isDone).toBe(true)
    await done
  })

  it('let the process do other things in between', async () => {
    const turns = new Turns()
    let [longest, last, isOver] = [0, 0, false]
    const work = Promise.all(Array.from({ length: 20 }, (_, index) => turns.run(`owner ${index % 3}`, busy(20, index))))
    void work.then(() => (isOver = true))
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve))
      longest = Math.max(longest, now - last)
      last = now
    }
    // 1 ms of each of three owners at once, then a slice of 4 ms in each round.
    expect([now, longest]).toEqual([400, 7])
  })

  it('go round the owners, however much one of them wants', async () => {
    const turns = new Turns()
    const finished: string[] = []
    const run = (owner: string) => turns.run(owner, busy(12, owner)).then((name) => finished.push(name))
    const greedy = Array.from({ length: 10 }, () => run('greedy'))
    const modest = run('modest')
    await modest
    expect(finished.filter((name) => name === 'greedy').length).toBeLessThanOrEqual(1)
    await Promise.all(greedy)
    expect(finished).toHaveLength(11)
  })

  it('are waited for by more work of an owner whose work is long', async () => {
    const turns = new Turns()
    const long = turns.run('a', busy(12, 'long'))
    let hasBegun = false
    function* short(): Generator<void, string> {
      hasBegun = true
      yield
      return 'short'
    }
    const more = turns.run('a', short())
    expect(hasBegun).toBe(false)
    const others = turns.run('b', short())
    expect(hasBegun).toBe(true)
    expect(await Promise.all([long, more, others])).toEqual(['long', 'short', 'short'])
  })

  it('are given up by work that fails', async () => {
    const turns = new Turns()
    function* failing(): Generator<void, never> {
      yield* busy(8, undefined)
      throw new Error('no')
    }
    const others = turns.run('b', busy(8, 'b'))
    await expect(turns.run('a', failing())).rejects.toThrow('no')
    expect(await others).toBe('b')
    expect(await turns.run('a', busy(8, 'again'))).toBe('again')
  })

  it('need not be taken', () => expect(ended(busy(2, 'x'))).toBe('x'))

  it('keep subjects of tokens and users of Kubernetes apart', () => {
    const direct = ownerOf({ door: 'direct', subject: 'alice', scope: {} })
    expect(ownerOf({ door: 'aggregated', username: 'alice', groups: [], extra: {} })).not.toBe(direct)
    expect(ownerOf({ door: 'direct', subject: 'bob', scope: {} })).not.toBe(direct)
  })
})
