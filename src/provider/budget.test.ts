import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createBudget } from './budget.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const context = { signal: new AbortController().signal }

/** Times, in ms from now, at which each of `count` calls got its turn. */
async function turns(budget: ReturnType<typeof createBudget>, count: number, forMs = 60_000): Promise<number[]> {
  const start = Date.now()
  const times: number[] = []
  for (let i = 0; i < count; i++) void budget.acquire(context).then(() => times.push(Date.now() - start))
  await vi.advanceTimersByTimeAsync(forMs)
  return times
}

test('a burst passes at once, then the rate holds', async () => {
  const budget = createBudget({ requestsPerSecond: 10, burst: 3 })
  expect(await turns(budget, 6, 300)).toEqual([0, 0, 0, 100, 200, 300])
})

test('quiet time fills the burst again, and no more', async () => {
  const budget = createBudget({ requestsPerSecond: 10, burst: 2 })
  await turns(budget, 4)
  expect(await turns(budget, 4)).toEqual([0, 0, 100, 200])
})

test('a pause holds everybody, and no burst follows it', async () => {
  const budget = createBudget({ requestsPerSecond: 10, burst: 5 })
  budget.pause(2000)
  expect(await turns(budget, 3)).toEqual([2000, 2100, 2200])
})

test('a pause that begins while others wait holds them too', async () => {
  const budget = createBudget({ requestsPerSecond: 10, burst: 1 })
  setTimeout(() => budget.pause(1000), 50)
  expect(await turns(budget, 2)).toEqual([0, 1050])
})

test('a turn that would come too late fails at once, with the time to wait, and takes no place', async () => {
  const budget = createBudget({ requestsPerSecond: 1, burst: 1, maxWaitMs: 1500 })
  budget.pause(5000)
  await expect(budget.acquire(context)).rejects.toMatchObject({ failure: 'throttled', retryAfterMs: 5000 })
  await vi.advanceTimersByTimeAsync(5000)
  expect(await turns(budget, 2)).toEqual([0, 1000])
})

test('an abort ends the wait', async () => {
  const budget = createBudget({ requestsPerSecond: 1, burst: 1 })
  await budget.acquire(context)
  const controller = new AbortController()
  const waiting = budget.acquire({ signal: controller.signal })
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ failure: 'transient' })
  await expect(budget.acquire({ signal: controller.signal })).rejects.toMatchObject({ failure: 'transient' })
  expect(vi.getTimerCount()).toBe(0)
})

test('nonsense is refused', () => {
  expect(() => createBudget({ requestsPerSecond: 0, burst: 1 })).toThrow(RangeError)
  expect(() => createBudget({ requestsPerSecond: 1, burst: 0 })).toThrow(RangeError)
})
