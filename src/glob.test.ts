import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globMatches } from './glob.ts'

/** The same in the slow and obvious way. */
function slow(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] !== '*') return text !== '' && pattern[0] === text[0] && slow(pattern.slice(1), text.slice(1))
  return slow(pattern.slice(1), text) || (text !== '' && slow(pattern, text.slice(1)))
}

describe('glob', () => {
  it('agrees with the obvious definition', () => {
    const letters = (max: number, alphabet: string[]) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: max })
    fc.assert(
      fc.property(
        letters(7, ['a', 'b', '*']),
        letters(8, ['a', 'b']),
        (pattern, text) => globMatches(pattern, text) === slow(pattern, text),
      ),
      { numRuns: 3_000 },
    )
  })

  it('takes every text that a pattern was made from', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (parts, fillings) => {
        const clean = parts.map((part) => part.replaceAll('*', ''))
        const text = clean.map((part, index) => part + (index < clean.length - 1 ? (fillings[index] ?? '') : '')).join('')
        return globMatches(clean.join('*'), text)
      }),
    )
  })

  it('gives no special meaning to anything but the star', () => {
    expect(globMatches('a.c', 'abc')).toBe(false)
    expect(globMatches('[ab]', 'a')).toBe(false)
    expect(globMatches('(a+)+$', 'aaaa')).toBe(false)
  })

  it('has no pattern that makes it slow', () => {
    // 128 × 256 steps at worst; a backtracking matcher would not come back.
    expect(globMatches(`${'*a'.repeat(128)}b`, 'a'.repeat(256))).toBe(false)
  })
})
