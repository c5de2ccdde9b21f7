import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createBudget, type Rate } from './budget.ts'
import type { CallContext } from './contract.ts'
import { RETRY_CEILING_MS } from './retry-after.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

type Budget = ReturnType<typeof createBudget>
const signal = new AbortController().signal
const context: CallContext = { signal }

/** Each call's name and the milliseconds from now after which it got its turn, or its failure. */
async function turns(budget: Budget, calls: readonly (Partial<CallContext> & { name?: string })[], forMs = 60_000): Promise<string[]> {
  const start = performance.now()
  const log: string[] = []
  for (const { name = '', ...more } of calls)
    void budget.acquire({ signal, ...more }).then(
      () => log.push(`${name}${Math.round(performance.now() - start)}`),
      (error: { failure: string }) => log.push(`${name}${error.failure}`),
    )
  await vi.advanceTimersByTimeAsync(forMs)
  return log
}
const times = (count: number, call: object = {}) => Array.from({ length: count }, () => call)
const rate = (requestsPerSecond: number, burst: number): Rate => ({ requestsPerSecond, burst })

describe('the rate', () => {
  test('a burst passes at once, then the rate holds', async () => {
    expect(await turns(createBudget(rate(10, 3)), times(6))).toEqual(['0', '0', '0', '100', '200', '300'])
  })

  test('quiet time fills the burst again, and no more', async () => {
    const budget = createBudget(rate(10, 2))
    await turns(budget, times(4))
    expect(await turns(budget, times(4))).toEqual(['0', '0', '100', '200'])
  })

  test('a wall clock that is set back an hour changes nothing', async () => {
    const budget = createBudget(rate(10, 1))
    await turns(budget, times(2))
    vi.setSystemTime(Date.now() - 3_600_000)
    expect(await turns(budget, times(2))).toEqual(['0', '100'])
  })

  test('new settings hold from now on, and give nothing back that was used', async () => {
    const budget = createBudget(rate(1, 2))
    await budget.acquire(context)
    await budget.acquire(context)
    budget.set(rate(10, 2))
    expect((await turns(budget, times(2))).at(-1)).toBe('2000')
    expect(await turns(budget, times(3))).toEqual(['0', '0', '100'])
  })

  test('nonsense is refused', () => {
    expect(() => createBudget(rate(0, 1))).toThrow('above 0')
    expect(() => createBudget(rate(1, 0))).toThrow('burst at least 1')
  })
})

describe('the line', () => {
  test('a long one is waited for: nobody is refused', async () => {
    const log = await turns(createBudget(rate(10, 1)), times(400), 60_000)
    expect([log.length, log.at(-1)]).toEqual([400, '39900'])
  })

  test('a change goes before looks, and looks go on', async () => {
    const looks = times(20, { name: 'look ', priority: 'low' })
    const changes = times(20, { name: 'change ', priority: 'high' })
    const log = await turns(createBudget(rate(10, 1)), [...looks, ...changes], 2_000)
    expect(log.slice(0, 4)).toEqual(['look 0', 'change 100', 'change 200', 'change 300'])
    expect(log.filter((line) => line.startsWith('look'))).toHaveLength(3)
  })

  test('shares take turns, however much one wants', async () => {
    const calls = [...times(50, { name: 'big ', share: 'big' }), ...times(2, { name: 'small ', share: 'small' })]
    expect((await turns(createBudget(rate(10, 1)), calls)).slice(0, 5)).toEqual(['big 0', 'big 100', 'small 200', 'big 300', 'small 400'])
  })

  test('who gives up leaves the line, without a token', async () => {
    const budget = createBudget(rate(1, 1))
    await budget.acquire(context)
    const controller = new AbortController()
    const given = turns(budget, [{ signal: controller.signal }, {}])
    controller.abort()
    expect(await given).toEqual(['transient', '1000'])
    await expect(budget.acquire({ signal: controller.signal })).rejects.toMatchObject({ failure: 'transient' })
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a pause', () => {
  test('holds those who wait, too; one goes first, and no burst follows', async () => {
    const budget = createBudget(rate(10, 5))
    for (let i = 0; i < 5; i++) await budget.acquire(context)
    const pending = turns(budget, times(4))
    budget.pause(2_000)
    setTimeout(() => budget.observe({}), 2_300)
    expect(await pending).toEqual(['2000', '2300', '2400', '2500'])
  })

  test('the others follow, too, when nothing is heard of the first', async () => {
    const budget = createBudget(rate(10, 1))
    budget.pause(1_000)
    expect(await turns(budget, times(3))).toEqual(['1000', '6000', '6100'])
  })

  test.each([0, -3_600_000, undefined])('of %s ms is one of a second, and doubles while the cloud says no', async (ms) => {
    const budget = createBudget(rate(1_000, 1_000))
    let refusals = 0
    for (let time = 0; time < 20_000; time += 10) {
      void budget.acquire(context).then(
        () => {
          refusals++
          budget.pause(ms)
        },
        () => undefined,
      )
      await vi.advanceTimersByTimeAsync(10)
    }
    expect(refusals).toBe(5)
    await vi.advanceTimersByTimeAsync(20_000)
    await turns(budget, [{}], 0)
    budget.observe({})
    budget.pause(ms)
    expect(await turns(budget, [{}])).toEqual(['1000'])
  })

  test('of a day is one of five minutes, told instead of waited for', async () => {
    const budget = createBudget(rate(10, 1))
    const waiting = turns(budget, times(3), 0)
    budget.pause(86_400_000)
    expect(await waiting).toEqual(['0', 'throttled', 'throttled'])
    await expect(budget.acquire(context)).rejects.toMatchObject({ failure: 'throttled', retryAfterMs: RETRY_CEILING_MS })
    await vi.advanceTimersByTimeAsync(RETRY_CEILING_MS)
    expect(await turns(budget, [{}], 0)).toEqual(['0'])
  })

  test('is not begun anew by what was on the road', async () => {
    const budget = createBudget(rate(10, 10))
    for (let i = 0; i < 10; i++) budget.pause(0)
    expect(await turns(budget, [{}])).toEqual(['1000'])
  })
})

describe('what the cloud says of its own budget', () => {
  test('lowers ours to what is left', async () => {
    const budget = createBudget(rate(10, 100))
    await budget.acquire(context)
    budget.observe({ 'x-ratelimit-remaining': '2', 'x-ratelimit-limit': '100' })
    expect(await turns(budget, times(4))).toEqual(['0', '0', '100', '200'])
  })

  test('never raises it', async () => {
    const budget = createBudget(rate(10, 1))
    await budget.acquire(context)
    budget.observe({ 'x-ratelimit-remaining': '1000' })
    expect(await turns(budget, times(2))).toEqual(['100', '200'])
  })

  test('an empty one is left alone for a second, words are none', async () => {
    const budget = createBudget(rate(100, 100))
    budget.observe({ 'x-ratelimit-remaining': '0' })
    expect(await turns(budget, [{}])).toEqual(['1000'])
    budget.observe({ 'x-ratelimit-remaining': 'many' })
    expect(await turns(budget, [{}])).toEqual(['0'])
  })

  test('its burst is not exceeded', async () => {
    const budget = createBudget(rate(10, 100))
    budget.observe({ 'x-ratelimit-burst': ['2'] })
    expect(await turns(budget, times(3))).toEqual(['0', '0', '100'])
  })
})

test('one that somebody else may have used has nothing saved up, and no debt', async () => {
  const budget = createBudget(rate(10, 5))
  budget.empty()
  expect(await turns(budget, times(3))).toEqual(['100', '200', '300'])
  // What was used stays used: emptied again it is no emptier.
  budget.empty()
  expect(await turns(budget, times(1))).toEqual(['100'])
})
