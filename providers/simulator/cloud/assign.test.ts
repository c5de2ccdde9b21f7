import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, formatBlock, formatIp, overlaps, parseBlock, parseIp } from '../../../src/ip.ts'
import { isReserved, pickAddress, pickBlock, pickFloating, pickVpcBlock } from './assign.ts'

const block = (text: string): Block => parseBlock(text)!
const NETWORK = block('10.0.0.0/24')

describe('a block', () => {
  it('is the first that is free, in a network with room', () => {
    const pick = (prefix: number, ...taken: string[]) => formatBlock(pickBlock([NETWORK], prefix, taken.map(block)))
    expect(pick(26)).toBe('10.0.0.0/26')
    expect(pick(26, '10.0.0.0/26', '10.0.0.128/26')).toBe('10.0.0.64/26')
    expect(pick(25, '10.0.0.0/28')).toBe('10.0.0.128/25')
    // Of another network.
    expect(pick(25, '10.0.1.0/25')).toBe('10.0.0.0/25')
    expect(() => pick(25, '10.0.0.0/28', '10.0.0.255/32')).toThrow('no free block')
    for (const prefix of [24, 23, 33]) expect(() => pick(prefix)).toThrow('no free block of size')
    expect(formatBlock(pickBlock([block('10.0.0.0/30'), NETWORK], 26, []))).toBe('10.0.0.0/26')
    expect(formatBlock(pickBlock([block('fd00::/64')], 80, [block('fd00::/80')]))).toBe('fd00::1:0:0:0/80')
  })

  it('of a vpc is spread, and never one of its own', () => {
    expect([0, 1, 300].map((seq) => formatBlock(pickVpcBlock(4, 16, seq, [])))).toEqual(['10.0.0.0/16', '10.1.0.0/16', '10.44.0.0/16'])
    expect(formatBlock(pickVpcBlock(4, 16, 255, [block('10.255.0.0/16')]))).toBe('10.0.0.0/16')
    expect(() => pickVpcBlock(4, 8, 0, [NETWORK])).toThrow('no free /8 block')
    for (const prefix of [7, 33]) expect(() => pickVpcBlock(4, prefix, 0, [])).toThrow('can be assigned')
    expect(formatBlock(pickVpcBlock(6, 56, 0, []))).toBe('fd00::/56')
  })

  it('is free, inside, and of its size, whatever is taken', () => {
    const some = fc.record({ value: fc.nat(255), prefix: fc.integer({ min: 25, max: 32 }) })
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), fc.integer({ min: 25, max: 30 }), (wanted, prefix) => {
        const taken = wanted.map((one) => block(`10.0.0.${one.value}/${one.prefix}`))
        const places = Array.from({ length: 2 ** (prefix - 24) }, (_, index) => block(`10.0.0.${index * 2 ** (32 - prefix)}/${prefix}`))
        const free = places.filter((place) => !taken.some((one) => overlaps(one, place)))
        const pick = () => {
          try {
            return formatBlock(pickBlock([NETWORK], prefix, taken))
          } catch {
            return undefined
          }
        }
        expect(pick()).toBe(free[0] && formatBlock(free[0]))
      }),
    )
  })
})

describe('an address', () => {
  it('is the first that is free from a place on, never the first or last of its block', () => {
    const small = block('10.0.0.0/29')
    const pick = (hint: bigint, ...taken: string[]) => pickAddress(small, hint, (one) => taken.includes(one))
    expect([pick(0n), pick(5n), pick(6n), pick(5n, '10.0.0.6')]).toEqual(['10.0.0.1', '10.0.0.6', '10.0.0.1', '10.0.0.1'])
    const all = [1, 2, 3, 4, 5, 6].map((host) => `10.0.0.${host}`)
    expect([pick(0n, ...all), pick(3n, ...all.slice(1))]).toEqual([undefined, '10.0.0.1'])
    expect(pickAddress(block('10.0.0.0/31'), 0n, () => false)).toBeUndefined()
  })

  it.each([
    ['10.0.0.0/24', '10.0.0.0', true],
    ['10.0.0.0/24', '10.0.0.255', true],
    ['10.0.0.0/24', '10.0.0.1', false],
    ['10.0.0.0/24', '10.0.1.0', false],
    ['10.0.0.0/30', '10.0.0.3', true],
    ['10.0.0.0/31', '10.0.0.0', false],
    ['10.0.0.0/32', '10.0.0.0', false],
    ['fd00::/64', 'fd00::', true],
    ['fd00::/127', 'fd00::', false],
  ])('of %s, %s is reserved: %j', (outer, ip, expected) => expect(isReserved(block(outer), parseIp(ip)!)).toBe(expected))

  it('that is public comes from the pool of its family', () => {
    expect([pickFloating(4, 0, () => false), pickFloating(4, 7, () => false)]).toEqual(['198.18.0.1', '198.18.0.8'])
    expect(pickFloating(6, 0, (one) => one === formatIp(parseIp('2001:db8::1')!))).toBe('2001:db8::2')
    expect(() => pickFloating(4, 0, () => true)).toThrow('no public IPv4 address is free')
  })
})
