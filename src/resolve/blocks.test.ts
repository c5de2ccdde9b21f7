import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ACTIVE, add, testCache } from '../cache/testing.ts'
import { blockOf, formatBlock, formatIp } from '../ip.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { isAssignable, isInside } from './blocks.ts'
import { violationsOf } from './guards.ts'

test.each([
  ['10.0.1.0/24', '10.0.0.0/16', true],
  ['10.0.0.0/16', '10.0.0.0/16', false],
  ['10.1.0.0/24', '10.0.0.0/16', false],
  ['10.0.1.77/24', '10.0.0.0/16', true],
  ['fd00:1::/64', 'fd00::/16', true],
  ['FD00:0001:0::/64', 'fd00::/16', true],
  ['10.0.0.0/24', 'fd00::/16', false],
  ['nonsense', '10.0.0.0/8', false],
  ['10.0.0.0/', '10.0.0.0/8', false],
])('%s in %s: %s', (inner, outer, isIn) => {
  expect(isInside(inner, outer)).toBe(isIn)
})

test('a block that only says its size, however it is written', () => {
  const texts = ['0.0.0.0/24', '::/64', '0:0::/64', '0:0:0:0:0:0:0:0/56', '0.0.0.0/0', '::/0', '10.0.0.0/24', '::1/64']
  expect(texts.map(isAssignable)).toEqual([true, true, true, true, false, false, false, false])
})

const bitsOf = (value: bigint, width: number, prefix: number) => value.toString(2).padStart(width, '0').slice(0, prefix)

test('isInside says what the bits say', () => {
  const block = fc.constantFrom<[4 | 6, number]>([4, 32], [6, 128]).chain(([family, width]) =>
    fc.record({
      family: fc.constant(family),
      width: fc.constant(width),
      // Few high bits, so that blocks meet.
      value: fc.tuple(fc.bigInt(0n, 7n), fc.bigInt(0n, 1n << 16n)).map(([high, low]) => (high << BigInt(width - 3)) | low),
      prefix: fc.integer({ min: 0, max: width }),
    }),
  )
  const written = ({ family, value, prefix }: { family: 4 | 6; value: bigint; prefix: number }, isCut: boolean) =>
    isCut ? formatBlock(blockOf({ family, value }, prefix)) : `${formatIp({ family, value })}/${prefix}`
  fc.assert(
    fc.property(block, block, fc.boolean(), (one, other, isCut) => {
      const [small, large] = [one, other].map(({ value, width, prefix }) => bitsOf(value, width, prefix)) as [string, string]
      const model = one.family === other.family && small.length > large.length && small.startsWith(large)
      return isInside(written(one, isCut), written(other, isCut)) === model
    }),
    { numRuns: 2_000 },
  )
})

interface Cidr {
  ipv4?: string
  ipv6?: string
}
interface Blocks {
  cidr?: Cidr
  additionalCidrs?: Cidr[]
}

/** What is said against a subnet in a network with this spec and status. */
function said(
  cidr: Cidr,
  spec: Blocks,
  status: Blocks & { state?: string; observedGeneration?: number } = { ...spec, ...ACTIVE },
): string[] {
  const cache = testCache()
  add(cache, 'Network', 'w', 'net', spec, status)
  const subnet = add(cache, 'Subnet', 'w', 'net.a', { network: 'net', zone: '', cidr })
  return [...violationsOf(cache, kindNamed('Subnet') as Kind, subnet)].map(({ state, path, message }) => `${state} ${path}: ${message}`)
}

describe('a subnet in its network', () => {
  const fixed = { cidr: { ipv4: '10.0.0.0/16' } }

  test('is inside and smaller, per family', () => {
    expect(said({ ipv4: '10.0.1.0/24' }, fixed)).toEqual([])
    expect(said({ ipv4: '10.0.0.0/16' }, fixed)).toEqual([
      'impossible cidr.ipv4: 10.0.0.0/16 is not inside network "net", which has 10.0.0.0/16',
    ])
    expect(said({ ipv4: '10.0.1.0/24', ipv6: 'fd00::/64' }, fixed)).toEqual([
      'impossible cidr.ipv6: fd00::/64 is not inside network "net", which has no ipv6 block',
    ])
  })

  test('is inside one of the further blocks, as soon as the network wants it; it waits until the cloud has it', () => {
    const more = { ...fixed, additionalCidrs: [{ ipv4: '10.8.0.0/16', ipv6: 'fd00::/48' }] }
    expect(said({ ipv4: '10.8.1.0/24', ipv6: 'fd00::/64' }, more)).toEqual([])
    expect(said({ ipv4: '10.8.1.0/24' }, more, { ...fixed, state: 'active', observedGeneration: 0 })).toEqual([
      'pending cidr.ipv4: 10.8.1.0/24 waits for network "net" to have 10.8.0.0/16',
    ])
    expect(said({ ipv4: '10.0.1.0/24' }, more, { ...fixed, state: 'updating', observedGeneration: 1 })).toEqual([])
    // A cloud that writes it in another way, or that says nothing of blocks.
    const status = { ...ACTIVE, cidr: { ipv4: '10.0.0.0/16' }, additionalCidrs: [{ ipv6: 'fd00:0::/48' }] }
    expect(said({ ipv6: 'fd00::/64' }, more, { ...status, state: 'updating' })).toEqual([])
    expect(said({ ipv4: '10.0.1.0/24' }, fixed, ACTIVE)).toEqual([])
  })

  test('is not inside a block that the network gave up, though the cloud still has it', () => {
    const before = { ...fixed, additionalCidrs: [{ ipv4: '10.8.0.0/16' }], state: 'active', observedGeneration: 0 }
    expect(said({ ipv4: '10.8.1.0/24' }, fixed, before)).toEqual([
      'impossible cidr.ipv4: 10.8.1.0/24 is not inside network "net", which has 10.0.0.0/16',
    ])
  })

  test('is inside what was assigned; before that, only the sizes count', () => {
    const sized = { cidr: { ipv4: '0.0.0.0/16' }, additionalCidrs: [{ ipv4: '0.0.0.0/20' }] }
    const assigned = { cidr: { ipv4: '10.7.0.0/16' }, additionalCidrs: [{ ipv4: '10.9.16.0/20' }] }
    for (const status of [undefined, {}, { cidr: { ipv4: '0.0.0.0/0' } }, { cidr: { ipv4: '0.0.0.0/16' } }]) {
      expect(said({ ipv4: '10.7.1.0/24' }, sized, status ?? {})).toEqual([
        'pending cidr.ipv4: 10.7.1.0/24 waits for network "net" to have 0.0.0.0/16, 0.0.0.0/20',
      ])
      expect(said({ ipv4: '10.0.0.0/16' }, sized, status ?? {})[0]).toMatch(/^impossible/)
    }
    expect(said({ ipv4: '10.7.1.0/24' }, sized, { ...assigned, ...ACTIVE })).toEqual([])
    expect(said({ ipv4: '10.9.17.0/24' }, sized, { ...assigned, ...ACTIVE })).toEqual([])
    expect(said({ ipv4: '10.8.1.0/24' }, sized, { ...assigned, ...ACTIVE })).toEqual([
      'impossible cidr.ipv4: 10.8.1.0/24 is not inside network "net", which has 10.7.0.0/16, 10.9.16.0/20',
    ])
    // One of two is assigned: the other may still be it.
    expect(said({ ipv4: '10.9.17.0/24' }, sized, { cidr: assigned.cidr })).toEqual([
      'pending cidr.ipv4: 10.9.17.0/24 waits for network "net" to have 0.0.0.0/20',
    ])
  })

  test('may ask for a size, if a block of the network is larger', () => {
    expect(said({ ipv4: '0.0.0.0/24' }, fixed)).toEqual([])
    expect(said({ ipv4: '0.0.0.0/16' }, fixed)[0]).toMatch(/^impossible cidr.ipv4: 0.0.0.0\/16 is not inside/)
    expect(said({ ipv6: '::/64' }, fixed)[0]).toMatch(/^impossible cidr.ipv6/)
    expect(said({ ipv6: '0::/64' }, { cidr: { ipv6: 'fd00::/56' } })).toEqual([])
    expect(said({ ipv4: '0.0.0.0/0' }, fixed)[0]).toMatch(/^impossible/)
  })

  test('nothing is said while the network is not there', () => {
    const cache = testCache()
    const subnet = add(cache, 'Subnet', 'w', 'net.a', { network: 'net', zone: '', cidr: { ipv4: '10.0.0.0/8' } })
    expect([...violationsOf(cache, kindNamed('Subnet') as Kind, subnet)]).toEqual([])
  })
})
