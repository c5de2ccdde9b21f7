import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareDecimals, parseDecimal } from './decimal.ts'

/** The same in the slow and obvious way: both as whole numbers of equally many decimals. */
function slow(one: string, other: string): number {
  const scaled = (text: string): bigint => {
    const [, sign = '', whole = '', fraction = ''] = /^([-+]?)(\d*)\.?(\d*)$/.exec(text) ?? []
    return BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction.padEnd(80, '0')}`)
  }
  const [a, b] = [scaled(one), scaled(other)]
  return a < b ? -1 : a > b ? 1 : 0
}

const compared = (one: string, other: string): number | undefined => {
  const [a, b] = [parseDecimal(one), parseDecimal(other)]
  return a && b && (Math.sign(compareDecimals(a, b)) || 0)
}

const digits = (minLength: number) => fc.string({ unit: fc.constantFrom('0', '0', '1', '9'), minLength, maxLength: 70 })
const decimal = fc
  .tuple(fc.constantFrom('', '-', '+'), fc.oneof(digits(1), fc.tuple(digits(1), digits(0)), fc.tuple(fc.constant(''), digits(1))))
  .map(([sign, number]) => sign + (typeof number === 'string' ? number : number.join('.')))

describe('decimals', () => {
  it('compare as numbers do, of any length', () => {
    fc.assert(fc.property(decimal, decimal, (one, other) => compared(one, other) === slow(one, other)))
    fc.assert(fc.property(decimal, (one) => compared(one, `${one.includes('.') ? one : `${one}.`}00`) === 0))
  })

  it.each([
    ['9007199254740993', '9007199254740992', 1],
    ['-0', '0', 0],
    ['-.5', '.5', -1],
    ['007', '7.0', 0],
    ['10', '9', 1],
    ['-10', '-9', -1],
    ['0.10', '0.09', 1],
    ['9'.repeat(400), `1${'0'.repeat(400)}`, -1],
  ])('%s and %s: %d', (one, other, expected) => expect(compared(one, other)).toBe(expected))

  it.each(['', '.', '-', '+.', '1e3', '1e308', 'Infinity', 'NaN', '0x10', '1_000', '1,5', ' 1', '1 ', '--1', '1.2.3', '١'])(
    '"%s" is none',
    (text) => expect(parseDecimal(text)).toBeUndefined(),
  )
})
