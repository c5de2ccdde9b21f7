import { expect, test } from 'vitest'
import { isAssignable, isInside } from './cidr.ts'

test.each([
  ['10.0.1.0/24', '10.0.0.0/16', true],
  ['10.0.0.0/16', '10.0.0.0/16', false],
  ['10.1.0.0/24', '10.0.0.0/16', false],
  ['fd00:1::/64', 'fd00::/16', true],
  ['10.0.0.0/24', 'fd00::/16', false],
  ['nonsense', '10.0.0.0/8', false],
  ['10.0.0.0/', '10.0.0.0/8', false],
])('%s in %s: %s', (inner, outer, isIn) => {
  expect(isInside(inner, outer)).toBe(isIn)
})

test('a block that only says its size', () => {
  expect(['0.0.0.0/24', '::/64', '0.0.0.0/0', '10.0.0.0/24'].map(isAssignable)).toEqual([true, true, false, false])
})
