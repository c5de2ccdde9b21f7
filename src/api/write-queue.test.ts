import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WriteQueue } from './write-queue.ts'

const NEVER = new AbortController().signal

describe('write queue', () => {
  it('are one at a time and in order for a key, side by side for others; nothing is remembered afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), ms: fc.integer({ min: 0, max: 2 }), fails: fc.boolean() }), {
          maxLength: 30,
        }),
        async (works) => {
          const queue = new WriteQueue()
          const busy = new Set<string>()
          const done: number[] = []
          const results = await Promise.allSettled(
            works.map(({ key, ms, fails }, index) =>
              queue.take(key, NEVER, async () => {
                expect(busy.has(key)).toBe(false)
                busy.add(key)
                if (ms > 0) await sleep(ms)
                busy.delete(key)
                done.push(index)
                if (fails) throw new Error('as told')
                return index
              }),
            ),
          )
          expect(results.map(({ status }) => status === 'rejected')).toEqual(works.map(({ fails }) => fails))
          for (const key of ['a', 'b', 'c']) {
            const own = done.filter((index) => works[index]?.key === key)
            expect(own).toEqual(own.toSorted((one, other) => one - other))
          }
          expect(queue.size).toBe(0)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('are refused with 503 past the limit, at once', async () => {
    const queue = new WriteQueue({ waiting: 2, waitMs: 10_000 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const running = [0, 1, 2].map(() => queue.take('a', NEVER, () => promise))
    await expect(queue.take('a', NEVER, () => promise)).rejects.toMatchObject({ code: 'NotReady' })
    await queue.take('b', NEVER, () => Promise.resolve())
    resolve()
    await Promise.all(running)
    await queue.take('a', NEVER, () => Promise.resolve())
    expect(queue.size).toBe(0)
  })

  it('are waited for only so long, and who gave up is not in the way', async () => {
    const queue = new WriteQueue({ waiting: 9, waitMs: 20 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = queue.take('a', NEVER, () => promise)
    await expect(queue.take('a', NEVER, () => Promise.resolve())).rejects.toMatchObject({ code: 'NotReady' })
    const gone = new AbortController()
    const waiting = queue.take('a', gone.signal, () => Promise.resolve())
    gone.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'NotReady' })
    resolve()
    await first
    expect(queue.size).toBe(0)
  })

  it('end with the deadline, even of work that does not hear it', async () => {
    const queue = new WriteQueue()
    const slow = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    const order: string[] = []
    const first = queue.take('a', slow.signal, async () => {
      await promise
      order.push('slow')
    })
    const second = queue.take('a', NEVER, () => Promise.resolve(order.push('second')))
    const third = queue.take('a', NEVER, () => Promise.resolve(order.push('third')))
    await sleep(1)
    slow.abort()
    await Promise.all([second, third])
    // The slow one takes no second turn away when it ends after all.
    const { promise: held, resolve: free } = Promise.withResolvers<void>()
    const fourth = queue.take('a', NEVER, () => held)
    resolve()
    await first
    let isFifthIn = false
    const fifth = queue.take('a', NEVER, () => Promise.resolve((isFifthIn = true)))
    await sleep(5)
    expect([order, isFifthIn]).toEqual([['second', 'third', 'slow'], false])
    free()
    await Promise.all([fourth, fifth])
    expect(queue.size).toBe(0)
  })
})
