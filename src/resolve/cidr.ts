import { contains, parseBlock } from '../ip.ts'

/** A block that only says its size, `0.0.0.0/24` or `::/64`: the cloud assigns one (SECA.md §8). `0.0.0.0/0` is not one. */
export function isAssignable(cidr: string): boolean {
  const [address] = cidr.split('/')
  return (address === '0.0.0.0' || address === '::') && (parseBlock(cidr)?.prefix ?? 0) > 0
}

/** `inner` lies in `outer` and is smaller. Blocks of different families, and text that is no block, are not. */
export function isInside(inner: string, outer: string): boolean {
  const [small, large] = [parseBlock(inner), parseBlock(outer)]
  return small !== undefined && large !== undefined && small.prefix > large.prefix && contains(large, small)
}
