import { isIP } from 'node:net'

/**
 * Addresses and blocks as clouds compare them. `undefined` means "not an address": callers say what that is about.
 */
export interface Ip {
  readonly family: 4 | 6
  readonly value: bigint
}
export interface Block extends Ip {
  /** Prefix length. */
  readonly prefix: number
}

export function bits(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}

export function parseIp(text: string): Ip | undefined {
  const family = isIP(text)
  if (family === 4) return { family, value: BigInt(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)) }
  if (family !== 6 || text.includes('%')) return undefined
  const [head = '', tail] = hexGroups(text).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0'), ...right]
  return { family, value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) }
}

/** `::ffff:10.0.0.1` written with hexadecimal groups only. */
function hexGroups(text: string): string {
  const dotted = /[0-9.]+\.[0-9]+$/.exec(text)
  if (!dotted) return text
  const value = parseIp(dotted[0])?.value ?? 0n
  return text.slice(0, dotted.index) + (value >> 16n).toString(16) + ':' + (value & 0xffffn).toString(16)
}

/** Canonical text: RFC 5952 for IPv6. */
export function formatIp(ip: Ip): string {
  if (ip.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (ip.value >> shift) & 0xffn).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => (ip.value >> BigInt(112 - 16 * i)) & 0xffffn)
  const zeros = longestZeros(groups)
  const hex = (part: readonly bigint[]) => part.map((group) => group.toString(16)).join(':')
  return zeros.length < 2 ? hex(groups) : `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`
}

function longestZeros(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0n) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** Parses a CIDR block; host bits are cut off, as clouds do. */
export function parseBlock(text: string): Block | undefined {
  const [address = '', length = '', rest] = text.split('/')
  const ip = parseIp(address)
  if (!ip || rest !== undefined || !/^\d{1,3}$/.test(length) || Number(length) > bits(ip.family)) return undefined
  return blockOf(ip, Number(length))
}

/** Whether a text is an address or a block, for who does not need to know which. */
export function isAddress(text: string): boolean {
  if (!text.includes('.') && !text.includes(':')) return false
  return isIP(text) === 4 || parseIp(text) !== undefined || parseBlock(text) !== undefined
}

export function blockOf(ip: Ip, prefix: number): Block {
  const host = BigInt(bits(ip.family) - prefix)
  return { family: ip.family, value: (ip.value >> host) << host, prefix }
}

export function formatBlock(block: Block): string {
  return `${formatIp(block)}/${block.prefix}`
}

/** Whether `inner` (an address or a block) lies in `outer`. */
export function contains(outer: Block, inner: Ip | Block): boolean {
  const prefix = 'prefix' in inner ? inner.prefix : bits(inner.family)
  return prefix >= outer.prefix && isSamePrefix(outer, inner, outer.prefix)
}

export function overlaps(a: Block, b: Block): boolean {
  return isSamePrefix(a, b, Math.min(a.prefix, b.prefix))
}

function isSamePrefix(a: Ip, b: Ip, prefix: number): boolean {
  if (a.family !== b.family) return false
  const shift = BigInt(bits(a.family) - prefix)
  return a.value >> shift === b.value >> shift
}

/** `0.0.0.0` and `::` (with or without a prefix length) mean "assign me one" in SECA (contract §8). */
export function isUnassigned(text: string): boolean {
  return parseIp(text.split('/')[0] ?? '')?.value === 0n
}

/** Same block, however it is written. */
export function sameBlock(a: string, b: string): boolean {
  const [left, right] = [parseBlock(a), parseBlock(b)]
  return left && right ? formatBlock(left) === formatBlock(right) : a === b
}

/** Same address, however it is written. */
export function sameIp(a: string, b: string): boolean {
  const [left, right] = [parseIp(a), parseIp(b)]
  return left && right ? left.family === right.family && left.value === right.value : a === b
}
