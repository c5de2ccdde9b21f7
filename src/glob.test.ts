import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from './dev/cpu-time.ts'
import { globModel } from './glob-testing.ts'
import { globMatches, GlobSet } from './glob.ts'

describe('glob', () => {
  it('agrees with the obvious definition', () => {
    const letters = (max: number, alphabet: string[]) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: max })
    fc.assert(
      fc.property(
        letters(7, ['a', 'b', '*']),
        letters(8, ['a', 'b']),
        (pattern, text) => globMatches(pattern, text) === globModel(pattern, text),
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

  it.each([
    [`*${'a'.repeat(4_000)}b`, 'a'.repeat(100_000)],
    [`*${'a'.repeat(4_000)}b*`, 'a'.repeat(100_000)],
    [`*b${'a'.repeat(4_000)}*`, 'a'.repeat(100_000)],
    [`*${'ab'.repeat(2_000)}c*`, 'ab'.repeat(50_000)],
    [`${'*a'.repeat(4_000)}b*`, 'a'.repeat(100_000)],
    [`${'*aa'.repeat(2_000)}*b`, `${'a'.repeat(100_000)}c`],
    [`${'*'.repeat(8_000)}b`, 'a'.repeat(100_000)],
  ])('has no pattern that makes it slow (%#)', async (pattern, text) => {
    // Some 100,000 steps; lengths multiplied are 400 million, and backtracking would not come back.
    expect(await cpuMs(() => expect(globMatches(pattern, text)).toBe(false))).toBeLessThan(100)
  })
})

describe('a set of globs', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 8 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 7 })

  it('matches what one of them matches', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), word, (patterns, text) => {
        expect(new GlobSet(patterns).matches(text)).toBe(patterns.some((one) => globModel(one, text)))
      }),
      { numRuns: 3_000 },
    )
  })

  it('tells what is spelled out, and what is a star alone', () => {
    const set = new GlobSet(['a', 'b*', '**'])
    expect([set.names('a'), set.names('b*'), set.names('bx'), set.hasStar]).toEqual([true, false, false, false])
    expect(new GlobSet(['x', '*']).hasStar).toBe(true)
    expect(new GlobSet().matches('')).toBe(false)
  })

  it('counts steps that grow with what has to be tried, not with what is looked up', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(4, '0'))
    expect(new GlobSet(many).steps(63)).toBeLessThan(10)
    expect(new GlobSet(many.map((one) => `*${one}`)).steps(63)).toBeLessThan(100)
    expect(new GlobSet(many.map((one) => `*${one}*`)).steps(63)).toBeGreaterThan(63_000)
  })
})
