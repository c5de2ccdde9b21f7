import { describe, expect, test } from 'vitest'
import { contains, overlaps, parseBlock } from '../ip.ts'
import { assigned, freeIn } from './blocks.ts'

const settings = { privateBlock: '10.0.0.0/8' }
const block = (text = '') => parseBlock(text) ?? expect.unreachable(text)

describe('assigned', () => {
  test('what is named stays', () => {
    expect(assigned([{ ipv4: '192.168.7.1/24', ipv6: 'fd00:1::/56' }], 'x', settings)).toEqual([
      { ipv4: '192.168.7.0/24', ipv6: 'fd00:1::/56' },
    ])
  })

  test('what is not is chosen inside of the private block, the same each time, and apart from the others', () => {
    const wanted = [{ ipv4: '0.0.0.0/9', ipv6: '::/56' }, { ipv4: '0.0.0.0/16' }, { ipv4: '10.128.0.0/10' }]
    for (const seed of ['a', 'b', 'c', 'd']) {
      const blocks = assigned(wanted, seed, settings)
      expect(assigned(wanted, seed, settings)).toEqual(blocks)
      const four = blocks.map(({ ipv4 }) => block(ipv4))
      expect(four.every((one) => contains(block('10.0.0.0/8'), one))).toBe(true)
      expect(four.some((one, i) => four.some((other, j) => i < j && overlaps(one, other)))).toBe(false)
      expect(contains(block('fd00::/8'), block(blocks[0]?.ipv6))).toBe(true)
    }
  })

  test.each([
    [{ privateBlock: '10.0.0.0/24' }, 'no block of the size of 0.0.0.0/16'],
    [{ privateBlock: 'ten' }, 'ten is no block'],
  ])('%j cannot serve', (given, words) => {
    expect(() => assigned([{ ipv4: '0.0.0.0/16' }], 'x', given)).toThrow(words)
  })
})

describe('freeIn', () => {
  test('the first that overlaps nothing, in the roots one after the other', () => {
    const roots = [block('10.0.0.0/24'), block('10.1.0.0/24')]
    expect(freeIn(roots, 25, [block('10.0.0.0/26')])).toEqual(block('10.0.0.128/25'))
    expect(freeIn(roots, 24, [block('10.0.0.0/26')])).toEqual(block('10.1.0.0/24'))
    expect(freeIn(roots, 24, [block('10.0.0.0/8')])).toBeUndefined()
    expect(freeIn(roots, 33, [])).toBeUndefined()
  })
})
