import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Currency } from './currency.ts'

test('a list proves, then what a read has told once the store gets there', () => {
  const currency = new Currency()
  expect(currency.asOf).toBe(Number.NEGATIVE_INFINITY)
  currency.listed(10, 1_000)
  expect(currency.asOf).toBe(1_000)
  currency.told(15, 2_000)
  currency.reached(14)
  expect([currency.asOf, currency.isBehind]).toEqual([1_000, true])
  currency.reached(15)
  expect([currency.asOf, currency.isBehind]).toEqual([2_000, false])
  currency.told(15, 3_000)
  expect(currency.asOf).toBe(3_000)
})

test('sayings of the watch alone prove nothing', () => {
  const currency = new Currency()
  currency.listed(10, 1_000)
  for (let version = 11; version < 100; version++) currency.reached(version)
  expect(currency.asOf).toBe(1_000)
})

test('an answer that comes late proves no more than when it was asked for', () => {
  const currency = new Currency()
  currency.listed(10, 1_000)
  currency.told(12, 5_000)
  currency.told(11, 2_000)
  currency.reached(12)
  expect(currency.asOf).toBe(5_000)
  currency.told(12, 3_000)
  expect(currency.asOf).toBe(5_000)
})

test('after a list of an earlier history, versions of the later one count for nothing', () => {
  const currency = new Currency()
  currency.listed(100, 1_000)
  currency.told(120, 2_000)
  currency.listed(50, 3_000)
  currency.told(60, 4_000)
  expect([currency.asOf, currency.isBehind]).toEqual([3_000, true])
})

test('never says more than a model that remembers everything', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('write' as const) }),
    fc.record({ kind: fc.constant('read' as const) }),
    fc.record({ kind: fc.constant('watch' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const currency = new Currency()
      currency.listed(1, 0)
      let [time, seen] = [0, 1]
      /** Version of the history at each time. */
      const history = [1]
      for (const one of steps) {
        const version = (history.at(-1) ?? 1) + (one.kind === 'write' ? 1 : 0)
        history.push(version)
        time++
        if (one.kind === 'read') currency.told(version, time)
        if (one.kind === 'watch') currency.reached((seen = Math.round(seen + (version - seen) * one.share)))
        // What was there as of the claimed time is in the store.
        expect(history[currency.asOf]).toBeLessThanOrEqual(seen)
      }
      currency.told(history.at(-1) ?? 1, time)
      currency.reached(history.at(-1) ?? 1)
      expect(currency.asOf).toBe(time)
    }),
  )
})
