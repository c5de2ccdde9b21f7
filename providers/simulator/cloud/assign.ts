import { type Block, bits, blockOf, contains, formatIp, type Ip, overlaps, parseBlock } from '../../../src/ip.ts'
import { Refusal } from '../../stand-in/model.ts'

function pool(text: string): Block {
  const block = parseBlock(text)
  if (!block) throw new RangeError(`${text} is no block`)
  return block
}
const VPC_POOLS = { 4: pool('10.0.0.0/8'), 6: pool('fd00::/8') }
const FLOATING_POOLS = { 4: pool('198.18.0.0/15'), 6: pool('2001:db8::/32') }

/** A private block for a vpc. Vpcs do not see each other, so only the own ones must not overlap; the rest are spread by `seq`. */
export function pickVpcBlock(family: 4 | 6, prefix: number, seq: number, taken: readonly Block[]): Block {
  const outer = VPC_POOLS[family]
  if (prefix < outer.prefix || prefix > bits(family))
    throw new Refusal(422, 'invalid', `no block of size /${prefix} can be assigned (IPv${family})`)
  const block = firstFree(outer, prefix, BigInt(seq), taken)
  if (!block) throw new Refusal(422, 'exhausted', `no free /${prefix} block (IPv${family})`)
  return block
}

/** The first free block of a size inside one of `outer`. */
export function pickBlock(outer: readonly Block[], prefix: number, taken: readonly Block[]): Block {
  for (const one of outer) {
    const block = prefix > one.prefix && prefix <= bits(one.family) ? firstFree(one, prefix, 0n, taken) : undefined
    if (block) return block
  }
  throw new Refusal(422, 'exhausted', `the vpc has no free block of size /${prefix} in this address family`)
}

/** First fit at or after the `start`-th place for blocks of this size, else from the beginning. */
function firstFree(outer: Block, prefix: number, start: bigint, taken: readonly Block[]): Block | undefined {
  const count = 1n << BigInt(prefix - outer.prefix)
  const shift = BigInt(bits(outer.family) - prefix)
  const used = taken
    .filter((one) => overlaps(one, outer))
    .map((one) => ({ first: (one.value - outer.value) >> shift, last: (lastOf(one) - outer.value) >> shift }))
    .toSorted((a, b) => (a.first < b.first ? -1 : 1))
  for (const from of [start % count, 0n]) {
    let place = from
    for (const { first, last } of used) if (first <= place && place <= last) place = last + 1n
    if (place >= 0n && place < count) return blockOf({ family: outer.family, value: outer.value + (place << shift) }, prefix)
  }
  return undefined
}

function lastOf(block: Block): bigint {
  return block.value + (1n << BigInt(bits(block.family) - block.prefix)) - 1n
}

/** The first free address from `hint` on; the first and the last of a block are reserved. */
export function pickAddress(block: Block, hint: bigint, isTaken: (address: string) => boolean): string | undefined {
  const hosts = (1n << BigInt(bits(block.family) - block.prefix)) - 2n
  const tries = hosts < 100_000n ? hosts : 100_000n
  for (let step = 0n; step < tries; step++) {
    const address = formatIp({ family: block.family, value: block.value + 1n + ((hint + step) % hosts) })
    if (!isTaken(address)) return address
  }
  return undefined
}

export function isReserved(block: Block, ip: Ip): boolean {
  if (!contains(block, ip) || block.prefix >= bits(block.family) - 1) return false
  return ip.value === block.value || ip.value === lastOf(block)
}

/** A public address; `seq` spreads them, so that the search is short. */
export function pickFloating(family: 4 | 6, seq: number, isTaken: (address: string) => boolean): string {
  const address = pickAddress(FLOATING_POOLS[family], BigInt(seq), isTaken)
  if (!address) throw new Refusal(422, 'exhausted', `no public IPv${family} address is free`)
  return address
}
