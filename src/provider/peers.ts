import { type Block, bits, parseBlock, parseIp } from '../ip.ts'
import type { Blocks } from './blocks.ts'
import type { Other } from './contract.ts'

/** Ranges of a rule's ports: only `from` or only `to` = that single port; `list` adds ports (contract §8). */
export function portRanges({ from, to, list = [] }: Ports): readonly (readonly [from: number, to: number])[] {
  const range = from === undefined && to === undefined ? [] : [[from ?? to ?? 1, to ?? from ?? 1] as const]
  return [...range, ...list.map((port) => [port, port] as const)]
}

interface Ports {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly list?: readonly number[] | undefined
}

/** A block or an address that stands in a rule as it is; undefined = a reference. */
export function blockNamed(text: string): Block | undefined {
  const ip = parseIp(text)
  return parseBlock(text) ?? (ip && { ...ip, prefix: bits(ip.family) })
}

/** What a network, subnet, NIC, instance or public IP is to a cloud whose rules know nothing but addresses. */
export function blocksBehind({ path, status, targets }: Pick<Other, 'path' | 'status' | 'targets'>): readonly Block[] {
  const { cidr, additionalCidrs = [], addresses = [], ipAddress } = status as Addresses
  const blocks = [cidr, ...additionalCidrs].flatMap((one) => [one?.ipv4, one?.ipv6])
  const ofNics = Object.values(targets).flatMap((nic) => (nic.path.kind === 'Nic' ? ((nic.status as Addresses).addresses ?? []) : []))
  const texts = [...blocks, ...(path.kind === 'Instance' ? ofNics : addresses), ipAddress]
  return texts.flatMap((text) => (text === undefined ? [] : (blockNamed(text) ?? [])))
}

interface Addresses {
  readonly cidr?: Blocks
  readonly additionalCidrs?: readonly Blocks[]
  readonly addresses?: readonly string[]
  readonly ipAddress?: string
}
