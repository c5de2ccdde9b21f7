import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../dev/cpu-time.ts'
import { isKeptNumber } from './decimal.ts'

/** The exact value of a decimal text, as a fraction over a power of ten: slow, but obvious. */
function exact(text: string, scale = 1_200n): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const shift = scale + BigInt(exponent) - BigInt(fraction.length)
  return BigInt(`${sign}${whole}${fraction}`) * 10n ** shift
}

const digits = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), minLength: 1, maxLength })
/** Number texts of JSON: no zeros in front. */
const text = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits(20).map((whole) => whole.replace(/^0+(?=\d)/, '')),
    fc.option(digits(20), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.integer({ min: 0, max: 400 })), { nil: undefined }),
  )
  .map(([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent?.join('') ?? ''}`)

describe('numbers that come back as they were sent', () => {
  it.each([
    '0',
    '1',
    '-1',
    '1.0',
    '1.50',
    '1e3',
    '1E+3',
    '100e-2',
    '0.1',
    '0.0',
    '0e999',
    '123456.789',
    '9007199254740991',
    '9007199254740992',
    '-9007199254740992',
    '5e-324',
    '0.30000000000000004',
  ])('keeps %s', (source) => expect(isKeptNumber(source)).toBe(true))
  it.each([
    '9007199254740993',
    '-9007199254740993',
    '9007199254740994',
    '1e400',
    '-1e400',
    '1e21',
    '12345678901234567890',
    '-0',
    '-0.0',
    '-0e5',
    '1e-400',
    '4e-324',
    '0.1000000000000000055',
    '1.00000000000000000001',
    '9007199254740992.5',
    '0.12345678901234567890',
  ])('refuses %s', (source) => expect(isKeptNumber(source)).toBe(false))

  it('are those whose decimal value is what a double prints, below 2^53', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
          fc.maxSafeInteger().map(String),
        ),
        (source) => {
          const value = Number(source)
          const isSame = Number.isFinite(value) && exact(source) === exact(String(value)) && !(value === 0 && source.startsWith('-'))
          expect(isKeptNumber(source)).toBe(isSame && Math.abs(value) <= 2 ** 53)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('take linear time', async () => {
    const spent = await cpuMs(() => {
      for (const source of [`1${'0'.repeat(500_000)}1`, `0.${'0'.repeat(500_000)}1`, '9'.repeat(1_000_000), `1.${'0'.repeat(900_000)}1`])
        expect(isKeptNumber(source)).toBe(false)
    })
    expect(spent).toBeLessThan(500)
  })
})
