import { expect, test } from 'vitest'
import { holds, partOf, unknownFields } from './compare.ts'

test.each([
  [{ a: 1 }, { a: 1, b: 2 }, true],
  [{ a: { b: 'x' } }, { a: { b: 'x', c: 'y' } }, true],
  [{ a: 1 }, { a: '1' }, false],
  [{ a: 1 }, {}, false],
  [{ a: [1, 2] }, { a: [1, 2] }, true],
  [{ a: [1] }, { a: [1, 2] }, false],
  [{ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }, true],
  [{ a: {} }, { a: [] }, false],
  [{ a: null }, {}, false],
])('%j is held by %j: %s', (wanted, live, answer) => {
  expect(holds(wanted, live)).toBe(answer)
})

test('the part that is spoken of stays the same when others add, and in whatever order fields come', () => {
  const wanted = { a: { b: 1 }, c: [1] }
  expect(partOf(wanted, { c: [1, 2], a: { x: 9, b: 2 }, d: 4 })).toBe(partOf({ c: [1], a: { b: 1 } }, { a: { b: 2 }, c: [1, 2] }))
  expect(partOf(wanted, { a: { b: 2 }, c: [1] })).not.toBe(partOf(wanted, { a: { b: 1 }, c: [1] }))
})

test('fields that a schema does not know are found by their path', () => {
  expect(unknownFields({ a: [{ b: 1, c: 2 }], d: { e: 1 } }, { a: [{ b: 1 }], d: {}, more: 1 })).toEqual([
    ['a', 0, 'c'],
    ['d', 'e'],
  ])
})
