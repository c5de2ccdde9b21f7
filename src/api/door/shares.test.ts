import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../observe/metrics.ts'
import { Shares, type SharesOptions } from './shares.ts'

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

  it('only so many are remembered', () => {
    const all = shares()
    const first = all.of('first')
    for (let index = 0; index < 30_000; index++) all.of(`address:${index}`)
    expect(all.of('first')).not.toBe(first)
  })
})
