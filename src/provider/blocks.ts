import { createHash } from 'node:crypto'
import { type Block, bits, blockOf, formatBlock, isUnassigned, overlaps, parseBlock } from '../ip.ts'
import { ProviderError } from './errors.ts'

/** Address blocks, one for each family. */
export interface Blocks {
  readonly ipv4?: string | undefined
  readonly ipv6?: string | undefined
}

/** Unique local addresses (RFC 4193): each network gets a 40-bit id of its own. */
const UNIQUE_LOCAL = 'fd00::/8'
const FAMILIES = ['ipv4', 'ipv6'] as const

/**
 * Blocks of a network: those that are named, and for `0.0.0.0/16` or `::/56` a free one, chosen by what the network is (`seed`), so that every
 * process chooses the same. Networks are apart from each other: nothing else counts.
 */
export function assigned(wanted: readonly Blocks[], seed: string, { privateBlock }: { readonly privateBlock: string }): readonly Blocks[] {
  const roots = { ipv4: rootOf(privateBlock), ipv6: rootOf(UNIQUE_LOCAL) }
  const named = wanted.flatMap((blocks) => FAMILIES.flatMap((family) => namedBlock(blocks[family]) ?? []))
  const taken = [...named]
  const choose = (text: string, root: Block): string => {
    const known = namedBlock(text)
    if (known !== undefined) return formatBlock(known)
    const block = freeIn([root], Number(text.split('/')[1]), taken, seed)
    if (block === undefined)
      throw new ProviderError('rejected', `no block of the size of ${text} is free in ${formatBlock(root)}: name one`)
    taken.push(block)
    return formatBlock(block)
  }
  return wanted.map((blocks) =>
    Object.fromEntries(FAMILIES.flatMap((family) => (blocks[family] ? [[family, choose(blocks[family], roots[family])]] : []))),
  )
}

/** How many places are tried: a network has a handful of blocks, and a few thousand subnets at most. */
const TRIES = 65_536

/** A block of that size inside of one of `roots` that overlaps none of `taken`: the first behind a place that `seed` decides, or the first at all without one. */
export function freeIn(roots: readonly Block[], prefix: number, taken: readonly Block[], seed?: string): Block | undefined {
  for (const root of roots) {
    if (prefix < root.prefix || prefix > bits(root.family)) continue
    const places = 1n << BigInt(prefix - root.prefix)
    const first = seed === undefined ? 0n : BigInt(`0x${createHash('sha256').update(seed).digest('hex').slice(0, 32)}`) % places
    const step = 1n << BigInt(bits(root.family) - prefix)
    for (let i = 0n; i < places && i < TRIES; i++) {
      const block = blockOf({ family: root.family, value: root.value + ((first + i) % places) * step }, prefix)
      if (!taken.some((one) => overlaps(one, block))) return block
    }
  }
  return undefined
}

function namedBlock(text: string | undefined): Block | undefined {
  return text === undefined || isUnassigned(text) ? undefined : parseBlock(text)
}

function rootOf(text: string): Block {
  const block = parseBlock(text)
  if (block === undefined) throw new ProviderError('rejected', `settings.privateBlock: ${text} is no block of addresses`)
  return block
}
