import * as z from 'zod'
import { type Block, contains, formatBlock, overlaps, parseBlock } from '../../../src/ip.ts'
import { pickBlock, pickVpcBlock } from './assign.ts'
import { type CloudObject, type Fields, Refusal } from '../../stand-in/model.ts'
import type { Surroundings, TypeDefinition } from './model.ts'

/** `10.0.0.0/16`, or `auto/16` for a free block of that size. */
const range = z.string().regex(/^(auto\/\d{1,3}|[0-9a-fA-F.:]+\/\d{1,3})$/, 'a CIDR block or auto/<prefix length>')
const ranges = z.strictObject({ ipv4: range.optional(), ipv6: range.optional() })
/** Of a segment: null takes a family away. */
const segmentRanges = { ipv4: range.nullable(), ipv6: range.nullable() }
interface Ranges {
  readonly ipv4?: string | null | undefined
  readonly ipv6?: string | null | undefined
}

export const vpcs: TypeDefinition = {
  prefix: 'vpc',
  create: z.strictObject({ project: z.string(), main: ranges, extra: z.array(ranges).max(32), mbit_s: z.int().min(1).optional() }),
  change: z.strictObject({ extra: z.array(ranges).max(32) }).partial(),
  links: { project: { to: ['projects'], onDelete: 'hold' } },
  complete(wanted, cloud, before) {
    const used: Block[] = []
    const settle = (asked: Ranges, had: Ranges | undefined) =>
      eachFamily(asked, had, (text, family) => {
        const block = text.startsWith('auto/') ? pickVpcBlock(family, Number(text.slice(5)), cloud.seq, used) : explicit(text, family)
        const other = used.find((one) => overlaps(one, block))
        if (other) throw new Refusal(422, 'overlap', `blocks ${formatBlock(other)} and ${formatBlock(block)} of a vpc overlap`)
        used.push(block)
        return block
      })
    const had = (before?.fields['extra'] ?? []) as readonly Ranges[]
    const main = settle(wanted['main'] as Ranges, before?.fields['main'] as Ranges | undefined)
    const extra = (wanted['extra'] as Ranges[]).map((asked, i) => settle(asked, had[i]))
    for (const segment of before ? cloud.users(before.id, 'segments') : [])
      for (const block of blocksOf(segment.fields))
        if (!used.some((one) => contains(one, block)))
          throw new Refusal(422, 'in_use', `segment ${segment.id} (${formatBlock(block)}) uses a block that would go`)
    return { ...wanted, main, extra }
  },
}

export const segment = { zone: z.string().min(1).max(32), router: z.string().nullable(), ...segmentRanges }

export const segments: TypeDefinition = {
  prefix: 'seg',
  create: z.strictObject({ vpc: z.string(), mbit_s: z.int().min(1).optional(), ...segment }),
  change: z.strictObject({ mbit_s: z.int().min(1), ...segment }).partial(),
  links: { vpc: { to: ['vpcs'], onDelete: 'hold' }, router: { to: ['routers'], onDelete: 'drop' } },
  complete(wanted, cloud, before) {
    const vpc = cloud.find(String(wanted['vpc']))
    const outer = vpc ? blocksOf(vpc.fields['main'] as Fields, ...(vpc.fields['extra'] as Fields[])) : []
    const taken = vpc ? siblings(vpc, cloud, before).flatMap((segment) => blocksOf(segment.fields)) : []
    const blocks = eachFamily(wanted as Ranges, before?.fields as Ranges | undefined, (text, family) => {
      const inside = outer.filter((block) => block.family === family)
      if (text.startsWith('auto/')) return pickBlock(inside, Number(text.slice(5)), taken)
      const block = explicit(text, family)
      if (!inside.some((one) => contains(one, block) && one.prefix < block.prefix))
        throw new Refusal(422, 'out_of_range', `segment ${formatBlock(block)} must be inside a block of vpc ${vpc?.id} and smaller than it`)
      if (cloud.isStrict && taken.some((one) => overlaps(one, block)))
        throw new Refusal(422, 'overlap', `segment ${formatBlock(block)} overlaps another segment of vpc ${vpc?.id}`)
      return block
    })
    const moves = before && (['ipv4', 'ipv6'] as const).some((key) => (blocks[key] ?? null) !== before.fields[key])
    if (moves && cloud.users(before.id, 'ports').length > 0)
      throw new Refusal(422, 'in_use', `segment ${before.id} has ports; its blocks cannot change`)
    return { ...wanted, ...blocks }
  },
}

export const uplinks: TypeDefinition = {
  prefix: 'upl',
  create: z.strictObject({ project: z.string(), egress_only: z.boolean() }),
  change: z.strictObject({ egress_only: z.boolean() }).partial(),
  links: { project: { to: ['projects'], onDelete: 'hold' } },
}

function siblings(vpc: CloudObject, cloud: Surroundings, self: CloudObject | undefined): readonly CloudObject[] {
  return cloud.users(vpc.id, 'segments').filter((segment) => segment.id !== self?.id)
}

/** Both families: what was assigned before stays where the same automatic size is asked for again. */
function eachFamily(asked: Ranges, had: Ranges | undefined, assign: (text: string, family: 4 | 6) => Block): Ranges {
  const result: { ipv4?: string; ipv6?: string } = {}
  for (const [key, family] of [
    ['ipv4', 4],
    ['ipv6', 6],
  ] as const) {
    const text = asked[key]
    if (text === undefined || text === null) continue
    const keeps = text.startsWith('auto/') && had?.[key]?.endsWith(text.slice(4))
    result[key] = formatBlock(assign((keeps ? had?.[key] : undefined) ?? text, family))
  }
  return result
}

function explicit(text: string, family: 4 | 6): Block {
  const block = parseBlock(text)
  if (block?.family !== family) throw new Refusal(422, 'invalid', `${text} is not an IPv${family} block`)
  return block
}

/** Blocks of objects with `ipv4` and `ipv6`. */
export function blocksOf(...holders: readonly Fields[]): Block[] {
  return holders
    .flatMap((holder) => [holder['ipv4'], holder['ipv6']])
    .flatMap((text) => (typeof text === 'string' ? (parseBlock(text) ?? []) : []))
}
