import { isUnassigned, parseBlock, sameBlock } from '../../src/ip.ts'

/** Blocks of SECA and of the cloud have the same shape: one per family, or none. */
export interface Blocks {
  readonly ipv4?: string | null | undefined
  readonly ipv6?: string | null | undefined
}

const FAMILIES = ['ipv4', 'ipv6'] as const

/** SECA's `0.0.0.0/16` is `auto/16` in this cloud. */
export function toCloud(cidr: Blocks): { ipv4?: string; ipv6?: string } {
  return mapped(cidr, (text) => (isUnassigned(text) ? `auto/${prefixOf(text)}` : text))
}

/** The cloud's blocks, of the families that were asked for; what failed late still has what was sent (`auto/16`). */
export function toSeca(blocks: Blocks): { ipv4?: string; ipv6?: string } {
  return mapped(blocks, (text) => (parseBlock(text) ? text : undefined))
}

/** Whether the cloud has what was asked for: the very block, or one of that size. */
export function isMetBy(cidr: Blocks, blocks: Blocks | undefined): boolean {
  return FAMILIES.every((family) => {
    const [wanted, has] = [cidr[family], blocks?.[family]]
    if (!wanted || !has) return !wanted && !has
    return isUnassigned(wanted) ? prefixOf(wanted) === prefixOf(has) : sameBlock(wanted, has)
  })
}

function prefixOf(text: string): string | undefined {
  return text.split('/')[1]
}

function mapped(blocks: Blocks, change: (text: string) => string | undefined): { ipv4?: string; ipv6?: string } {
  const found = FAMILIES.map((family) => [family, change(blocks[family] ?? '')] as const)
  return Object.fromEntries(found.filter(([, text]) => text !== undefined && text !== ''))
}
