import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bits,
  blockOf,
  contains,
  formatBlock,
  formatIp,
  isAddress,
  isUnassigned,
  overlaps,
  parseBlock,
  parseIp,
  sameBlock,
  sameIp,
} from './ip.ts'

const ip = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => ({ family: 4 as const, value })),
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => ({ family: 6 as const, value })),
  // Runs of zeros are what makes IPv6 texts hard.
  fc
    .array(fc.constantFrom(0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
    .map((groups) => ({ family: 6 as const, value: groups.reduce<bigint>((sum, group) => (sum << 16n) | group, 0n) })),
)
const block = fc.tuple(ip, fc.nat(32)).map(([one, prefix]) => blockOf(one, prefix))

test('what is formatted parses to the same address', () => {
  fc.assert(fc.property(ip, (one) => void expect(parseIp(formatIp(one))).toEqual(one)))
  fc.assert(fc.property(block, (one) => void expect(parseBlock(formatBlock(one))).toEqual(one)))
})

test('addresses and blocks are told from everything else', () => {
  const text = fc.oneof(
    ip.map(formatIp),
    block.map(formatBlock),
    fc.string(),
    fc.array(fc.constantFrom('1', '255', '.', ':', '/', 'ff', '%', 'eth0', 'a', '-'), { maxLength: 12 }).map((parts) => parts.join('')),
  )
  fc.assert(fc.property(text, (one) => void expect(isAddress(one)).toBe((parseIp(one) ?? parseBlock(one)) !== undefined)))
})

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['1::', '1::'],
  ['fe80:0:0:0:0:0:0:1', 'fe80::1'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
])('%s is written %s', (text, canonical) => {
  const parsed = parseIp(text)
  expect(parsed && formatIp(parsed)).toBe(canonical)
})

test.each(['', '10.0.0', '10.0.0.256', '01.2.3.4', 'fe80::1%eth0', 'x', '1::2::3'])('"%s" is no address', (text) =>
  expect(parseIp(text)).toBeUndefined(),
)
test.each(['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/8/9', '10.0.0.0/', '/8', '10.0.0.0/-1'])('"%s" is no block', (text) =>
  expect(parseBlock(text)).toBeUndefined(),
)

test('a block holds its first and last address, and not the ones beside', () => {
  fc.assert(
    fc.property(block, (one) => {
      const size = 1n << BigInt(bits(one.family) - one.prefix)
      expect(contains(one, { family: one.family, value: one.value })).toBe(true)
      expect(contains(one, { family: one.family, value: one.value + size - 1n })).toBe(true)
      const isLast = one.value + size >= 1n << BigInt(bits(one.family))
      expect(!isLast && contains(one, { family: one.family, value: one.value + size })).toBe(false)
    }),
  )
})

test('blocks overlap exactly when one holds the other', () => {
  fc.assert(fc.property(block, block, (a, b) => void expect(overlaps(a, b)).toBe(contains(a, b) || contains(b, a))))
})

test('equal however written', () => {
  expect(sameIp('FD00::0:1', 'fd00::1')).toBe(true)
  expect(sameIp('10.0.0.1', '::a00:1')).toBe(false)
  expect(sameBlock('10.0.0.7/24', '10.0.0.0/24')).toBe(true)
  expect(sameBlock('10.0.0.0/24', '10.0.0.0/25')).toBe(false)
})

test('zero asks for an assignment', () => {
  expect(['0.0.0.0/16', '::/56', '0.0.0.0', '::', '0:0::/64'].every(isUnassigned)).toBe(true)
  expect(['10.0.0.0/8', '::1', 'nonsense'].some(isUnassigned)).toBe(false)
})
