import * as z from 'zod'
import { contains, formatIp, parseBlock, parseIp } from '../../../src/ip.ts'
import { isReserved, pickAddress, pickFloating } from './assign.ts'
import { type Fields, Refusal } from '../../stand-in/model.ts'
import type { Surroundings, TypeDefinition } from './model.ts'
import { blocksOf } from './network.ts'

/** `10.0.0.5`, `auto4` or `auto6`. */
const address = z.string().min(3).max(39)
export const port = {
  addresses: z.array(address).min(1).max(32).nullable(),
  firewalls: z.array(z.string()).max(16),
  floating_ips: z.array(z.string()).max(16),
}

export const ports: TypeDefinition = {
  prefix: 'prt',
  create: z.strictObject({ ...port, segment: z.string(), mbit_s: z.int().min(1).optional() }),
  change: z.strictObject({ ...port, mbit_s: z.int().min(1) }).partial(),
  links: {
    segment: { to: ['segments'], onDelete: 'hold' },
    // Where ports are parts of servers (parts.ts).
    server: { to: ['servers'], onDelete: 'go' },
    firewalls: { to: ['firewalls'], onDelete: 'drop' },
    floating_ips: { to: ['floating-ips'], onDelete: 'hold' },
  },
  occupies: (fields) => ({ pool: String(fields['segment']), keys: (fields['addresses'] ?? []) as readonly string[] }),
  complete(wanted, cloud, before) {
    if (cloud.isStrict) refuseSharing(wanted, cloud, before?.id)
    return { ...wanted, addresses: settleAddresses(wanted, cloud, before?.fields), mac: before?.fields['mac'] ?? macOf(cloud.seq) }
  },
}

function settleAddresses(wanted: Fields, cloud: Surroundings, before: Fields | undefined): string[] {
  const segment = String(wanted['segment'])
  const blocks = blocksOf(cloud.find(segment)?.fields ?? {})
  const had = ((before?.['addresses'] ?? []) as readonly string[]).slice()
  const asked = (wanted['addresses'] as string[] | null) ?? blocks.map((block) => `auto${block.family}`)
  const result: string[] = []
  // Given addresses first, so that none is assigned that stands further down.
  const given = asked.map((text) => (text.startsWith('auto') ? undefined : explicit(text)))
  for (const [i, text] of asked.entries()) {
    const ip = given[i]
    const block = blocks.find((one) => (ip ? contains(one, ip) : text === `auto${one.family}`))
    if (!block) throw new Refusal(422, 'out_of_range', `segment ${segment} has no block for the address ${text}`)
    if (ip && isReserved(block, ip)) throw new Refusal(422, 'reserved', `${text} is the first or last address of segment ${segment}`)
    const own = ip ? formatIp(ip) : had.find((one) => contains(block, parseIp(one) ?? block) && !result.includes(one))
    const isTaken = (one: string) =>
      cloud.isTaken(segment, one) || result.includes(one) || given.some((other) => other && formatIp(other) === one)
    if (ip && cloud.isStrict && cloud.isTaken(segment, formatIp(ip))) throw new Refusal(422, 'taken', `${text} is used by another port`)
    const chosen = own ?? pickAddress(block, BigInt(cloud.users(segment, 'ports').length), isTaken)
    if (!chosen) throw new Refusal(422, 'exhausted', `segment ${segment} has no free address`)
    result.push(chosen)
  }
  return result
}

function explicit(text: string) {
  const ip = parseIp(text)
  if (!ip) throw new Refusal(422, 'invalid', `${text} is not an address`)
  return ip
}

function refuseSharing(wanted: Fields, cloud: Surroundings, self: string | undefined): void {
  for (const id of wanted['floating_ips'] as readonly string[]) {
    const other = cloud.users(id, 'ports').find((one) => one.id !== self)
    if (other) throw new Refusal(409, 'in_use', `${id} is bound to ${other.id} already`)
  }
}

function macOf(seq: number): string {
  const hex = seq.toString(16).padStart(8, '0').slice(-8)
  return `02:5e:${hex.replace(/(..)(?=.)/g, '$1:')}`
}

export const floatingIps: TypeDefinition = {
  prefix: 'fip',
  create: z.strictObject({ project: z.string(), family: z.literal([4, 6]), address: z.string().max(39).nullable() }),
  change: z.strictObject({ address: z.string().max(39) }).partial(),
  links: { project: { to: ['projects'], onDelete: 'hold' } },
  occupies: (fields) => ({ pool: 'floating', keys: [String(fields['address'])] }),
  complete(wanted, cloud) {
    const family = wanted['family'] as 4 | 6
    if (wanted['address'] === null) return { ...wanted, address: pickFloating(family, cloud.seq, (one) => cloud.isTaken('floating', one)) }
    const ip = explicit(String(wanted['address']))
    if (ip.family !== family) throw new Refusal(422, 'invalid', `${String(wanted['address'])} is not an IPv${family} address`)
    if (cloud.isStrict && cloud.isTaken('floating', formatIp(ip)))
      throw new Refusal(422, 'taken', `${formatIp(ip)} is given to somebody else`)
    return { ...wanted, address: formatIp(ip) }
  },
}

const route = z.strictObject({ destination: z.string().max(43), via: z.string().max(64) })

export const routers: TypeDefinition = {
  prefix: 'rtr',
  create: z.strictObject({ vpc: z.string(), routes: z.array(route).max(1000) }),
  change: z.strictObject({ routes: z.array(route).max(1000) }).partial(),
  links: { vpc: { to: ['vpcs'], onDelete: 'hold' } },
  view(fields, cloud) {
    const vpc = cloud.find(String(fields['vpc']))
    const local = vpc ? blocksOf(vpc.fields['main'] as Fields, ...(vpc.fields['extra'] as Fields[])) : []
    const state = ({ destination, via }: z.output<typeof route>) => {
      const block = parseBlock(destination)
      if (!block) return { state: 'refused', reason: `${destination} is not a block` }
      if (local.some((one) => contains(one, block)))
        return { state: 'refused', reason: `${destination} is inside the vpc, whose own routes win` }
      const ip = parseIp(via)
      if (ip)
        return local.some((one) => contains(one, ip)) ? { state: 'active' } : { state: 'refused', reason: `${via} is outside the vpc` }
      return cloud.find(via) ? { state: 'active' } : { state: 'blackhole', reason: `${via} does not exist` }
    }
    return { ...fields, routes: (fields['routes'] as z.output<typeof route>[]).map((one) => ({ ...one, ...state(one) })) }
  },
}
