import { expect, test } from 'vitest'
import { keepingPower, powerOf, powerSince, startOf } from './power.ts'

const server = (power: number, updated: string) => ({ id: 'x', 'OS-EXT-STS:power_state': power, updated })
const kept = { parent: 'p', power: { state: 'on', since: '2026-01-01T00:00:00Z' } } as const

test('the time stays while the power does, whatever else changes', () => {
  expect(powerSince(server(1, '2026-02-02T00:00:00Z'), kept)).toBe('2026-01-01T00:00:00Z')
  expect(powerSince(server(4, '2026-02-02T00:00:00Z'), kept)).toBe('2026-02-02T00:00:00Z')
})

test.each([undefined, null, [], { power: 'on' }, { power: { state: 'on', since: 'yesterday' } }])('what was kept may be %j', (handle) => {
  expect(powerSince(server(1, '2026-02-02T00:00:00Z'), handle)).toBe('2026-02-02T00:00:00Z')
})

test('it is kept beside what else is, and only when it is another', () => {
  const status = { powerState: 'off', powerStateSince: '2026-02-02T00:00:00Z' } as const
  const power = { state: 'off', since: '2026-02-02T00:00:00Z' }
  expect(keepingPower({ status, drift: [] }, kept).handle).toEqual({ parent: 'p', power })
  expect(keepingPower({ status, drift: [], handle: { parent: 'q' } }, { power }).handle).toEqual({ parent: 'q', power })
  expect(keepingPower({ status, drift: [] }, { power }).handle).toBeUndefined()
})

test.each([
  ['SHUTOFF', 'os-start'],
  ['PAUSED', 'unpause'],
  ['SHELVED_OFFLOADED', 'unshelve'],
])('from %s it goes on by %s', (status, verb) => {
  expect(startOf(status)).toBe(verb)
})

test('what was made to hold is off, whatever the hypervisor says', () => {
  const running = { id: 'x', 'OS-EXT-STS:power_state': 1 }
  expect([powerOf({ ...running, status: 'ACTIVE' }), powerOf({ ...running, status: 'SUSPENDED' })]).toEqual(['on', 'off'])
})
