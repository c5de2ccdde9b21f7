import { describe, expect, test } from 'vitest'
import { againAt, doubtMs, Memories } from './memory.ts'

const PATIENCE = { settleMs: 2_000, roadMs: 60_000 }

describe('"not found" proves nothing', () => {
  const clock = { now: 10_000 }
  const fresh = () => new Memories(() => clock.now).of('k', 'n')

  test('until a call can no longer be on the road, from the first look of this process on', () => {
    expect(doubtMs(fresh(), false, PATIENCE, 10_000)).toBe(62_000)
    expect(doubtMs(fresh(), false, PATIENCE, 71_999)).toBe(1)
    expect(doubtMs(fresh(), false, PATIENCE, 72_000)).toBe(0)
  })

  test('for as long as reads may lag, of what is known to have been made', () => {
    const memory = { ...fresh(), wroteAt: 20_000 }
    expect(doubtMs(memory, true, PATIENCE, 21_000)).toBe(1_000)
    expect(doubtMs(memory, true, { ...PATIENCE, settleMs: 0 }, 20_000)).toBe(0)
  })

  test('counts from the last write of this process', () => {
    expect(doubtMs({ ...fresh(), wroteAt: 50_000 }, false, PATIENCE, 72_000)).toBe(40_000)
  })

  test('is believed at once of what was never begun, was refused, or was seen on its way out', () => {
    expect(doubtMs(new Memories(() => 0).of('k', undefined), false, PATIENCE, 0)).toBe(0)
    expect(doubtMs({ ...fresh(), isRefused: true }, false, PATIENCE, 10_000)).toBe(0)
    expect(doubtMs({ ...fresh(), wasGoing: true }, true, PATIENCE, 10_000)).toBe(0)
  })

  test('a refusal says nothing of an object that has an id', () => {
    expect(doubtMs({ ...fresh(), isRefused: true }, true, PATIENCE, 10_000)).toBe(2_000)
  })
})

test('facts about another incarnation do not count, failures do', () => {
  const memories = new Memories(() => 5)
  Object.assign(memories.of('k', 'a'), { wroteAt: 3, failures: 2, isClaimed: true })
  expect(memories.of('k', 'a')).toMatchObject({ wroteAt: 3, isClaimed: true })
  expect(memories.of('k', 'b')).toMatchObject({ wroteAt: undefined, isClaimed: false, failures: 2, since: 5 })
})

test('a change is sent again ever later, at most every six hours', () => {
  const waits = [1, 2, 3, 30].map((count) => againAt({ count, at: 100 }, 1_000) - 100)
  expect(waits).toEqual([6_000, 12_000, 24_000, 21_600_000])
})

test('of an object at rest nothing is kept but what is still open', () => {
  const memories = new Memories(() => 5)
  memories.of('well', 'a').wroteAt = 4
  Object.assign(memories.of('unwritten', 'a'), { made: { externalId: 'v' } })
  Object.assign(memories.of('sent', 'a'), { change: { cause: 'x', count: 1, at: 1 } })
  Object.assign(memories.of('going', 'a'), { wasGoing: true })
  for (const id of ['well', 'unwritten', 'sent', 'going', 'unknown']) memories.rest(id)
  expect(memories.size).toBe(3)
  // Doubt begins anew, and so never ends too early.
  expect(doubtMs(memories.of('well', 'a'), true, PATIENCE, 5)).toBe(2_000)
})
