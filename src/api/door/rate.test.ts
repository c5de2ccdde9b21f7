import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rate } from './rate.ts'

/** The obvious one: tokens that come back with time; who finds none waits for the next that nobody waits for. */
class Bucket {
  readonly perSecond: number
  readonly burst: number
  readonly maxWaitMs: number
  #tokens: number
  #at = 0
  constructor(perSecond: number, burst: number, maxWaitMs: number) {
    this.perSecond = perSecond
    this.burst = burst
    this.maxWaitMs = maxWaitMs
    this.#tokens = burst
  }
  take(now: number): number | undefined {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) * this.perSecond) / 1_000)
    this.#at = now
    const waitMs = Math.max(0, ((1 - this.#tokens) * 1_000) / this.perSecond)
    if (waitMs > this.maxWaitMs) return undefined
    this.#tokens--
    return waitMs
  }
}

describe('a rate', () => {
  it('lets a burst through at once, then so many a second, and refuses who would wait too long', () => {
    const rate = new Rate({ perSecond: 10, burst: 5 }, 250)
    expect(Array.from({ length: 8 }, () => rate.take(1_000))).toEqual([0, 0, 0, 0, 0, 100, 200, undefined])
    expect(rate.take(1_050)).toBe(250)
    expect(rate.take(2_000)).toBe(0)
  })

  it('does not count what is given back', () => {
    const rate = new Rate({ perSecond: 1, burst: 1 }, 0)
    expect(rate.take(0)).toBe(0)
    rate.giveBack()
    expect(rate.take(0)).toBe(0)
    expect(rate.take(0)).toBeUndefined()
  })

  it('is a bucket of tokens', () => {
    const limits = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(limits, fc.integer({ min: 0, max: 3_000 }), fc.array(fc.integer({ min: 0, max: 400 })), (limit, maxWaitMs, pauses) => {
        const [rate, bucket] = [new Rate(limit, maxWaitMs + 0.5), new Bucket(limit.perSecond, limit.burst, maxWaitMs + 0.5)]
        let now = 0
        for (const pause of pauses) {
          const [got, wanted] = [rate.take((now += pause)), bucket.take(now)]
          expect(got ?? -1).toBeCloseTo(wanted ?? -1, 3)
        }
      }),
    )
  })

  it('lets the next ones wait for what was charged afterwards', () => {
    const rate = new Rate({ perSecond: 10, burst: 5 }, 250)
    rate.charge(0, 6)
    expect([rate.take(0), rate.take(0), rate.take(0)]).toEqual([200, undefined, undefined])
    expect(rate.take(10_000)).toBe(0)
  })
})
