import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeText } from './text.ts'

test.each([
  ['plain, ünd 日本 😀', 100, 'plain, ünd 日本 😀'],
  ['two\nlines\tand a tab', 100, 'two\nlines\tand a tab'],
  ['it\u0092s \u001b[31mred\u0000', 100, 'it s  [31mred '],
  ['cut \ud83d', 100, 'cut \uFFFD'],
  ['cut 😀', 5, 'cut '],
  ['cut 😀', 6, 'cut 😀'],
  ['long', 2, 'lo'],
])('%j of at most %i is %j', (text, max, expected) => {
  expect(safeText(text, max)).toBe(expected)
})

test('whatever the text, it is whole, bounded, and stays as it is from then on', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (units, max) => {
      const text = safeText(String.fromCharCode(...units), max)
      expect(text.length).toBeLessThanOrEqual(max)
      expect(text.isWellFormed()).toBe(true)
      expect(safeText(text, max)).toBe(text)
    }),
  )
})
