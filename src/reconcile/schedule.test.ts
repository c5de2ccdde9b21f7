import { expect, it } from 'vitest'
import type { Resource } from '../kinds/resource.ts'
import type { Outcome } from './outcome.ts'
import { delayMs, isAtRest, isQuiet } from './schedule.ts'

const WELL: Outcome = { state: 'active', reason: 'Available', message: '', isSynced: true }

it('looks again after the drift interval, after what was asked for, or after a quarter of what the cloud took so far', () => {
  const delay = (outcome: Partial<Outcome>, busyMs = 0, random = 0.5) =>
    Math.round(delayMs({ ...WELL, ...outcome }, busyMs, 600_000, () => random))
  expect([delay({}), delay({}, 0, 0), delay({}, 0, 1)]).toEqual([600_000, 480_000, 720_000])
  expect(delay({ againMs: 5_000 })).toBe(5_000)
  expect([0, 8_000, 90_000].map((busyMs) => delay({ isPolled: true }, busyMs))).toEqual([100, 2_000, 5_000])
})

const SYNCED = { type: 'Synced', status: 'True' }
const object = (metadata: object, status: object) =>
  ({
    metadata: { generation: 2, ...metadata },
    status: { state: 'active', observedGeneration: 2, conditions: [SYNCED], ...status },
  }) as unknown as Resource

it.each([
  ['in order', {}, {}, true],
  ['being changed', { generation: 3 }, {}, false],
  ['being deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }, {}, false],
  ['paused', { annotations: { 'secapi.cloud/paused': 'true' } }, {}, false],
  ['not in order', {}, { state: 'error' }, false],
  ['out of step with its cloud', {}, { conditions: [{ ...SYNCED, status: 'False' }] }, false],
  ['never looked at', {}, { conditions: undefined }, false],
])('an object that is %s: at rest?', (_what, metadata, status, isIt) => {
  expect(isAtRest(object(metadata, status))).toBe(isIt)
})

it('an outcome that asked for a look at its own time is not quiet', () => {
  expect(isQuiet(WELL)).toBe(true)
  for (const more of [{ isPolled: true }, { isRetried: true }, { isUnhandled: true }, { againMs: 1 }])
    expect(isQuiet({ ...WELL, ...more })).toBe(false)
})
