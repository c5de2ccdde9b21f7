import { BlockList, isIP } from 'node:net'

interface Block {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

function parse(text: string): Block | undefined {
  const [address = '', prefix = ''] = text.split('/')
  const version = isIP(address)
  return version === 0 || !/^\d{1,3}$/.test(prefix)
    ? undefined
    : { address, prefix: Number(prefix), family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** A block that only says its size, `0.0.0.0/24` or `::/64`: the cloud assigns one (SECA.md §8). `0.0.0.0/0` is not one. */
export function isAssignable(cidr: string): boolean {
  const block = parse(cidr)
  return block !== undefined && block.prefix > 0 && (block.address === '0.0.0.0' || block.address === '::')
}

/** `inner` lies in `outer` and is smaller. Blocks of different families, and text that is no block, are not. */
export function isInside(inner: string, outer: string): boolean {
  const [small, large] = [parse(inner), parse(outer)]
  if (small === undefined || large === undefined || small.family !== large.family || small.prefix <= large.prefix) return false
  const list = new BlockList()
  list.addSubnet(large.address, large.prefix, large.family)
  return list.check(small.address, small.family)
}
