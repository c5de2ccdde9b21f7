import { contains, isUnassigned, parseBlock, sameBlock } from '../ip.ts'
import type { Resource } from '../kinds/resource.ts'
import { keyOf, parentName } from './names.ts'
import type { Rule } from './rule.ts'

interface Cidr {
  readonly ipv4?: string
  readonly ipv6?: string
}
type Family = keyof Cidr

/** A block that only says its size, `0.0.0.0/24` or `::/64`: the cloud assigns one (contract §8). `0.0.0.0/0` is not one. */
export function isAssignable(cidr: string): boolean {
  return isUnassigned(cidr) && prefixOf(cidr) > 0
}

/** `inner` lies in `outer` and is smaller. Blocks of different families, and text that is no block, are not. */
export function isInside(inner: string, outer: string): boolean {
  const [small, large] = [parseBlock(inner), parseBlock(outer)]
  return small !== undefined && large !== undefined && small.prefix > large.prefix && contains(large, small)
}

const prefixOf = (cidr: string): number => parseBlock(cidr)?.prefix ?? 0

/** Room for subnets, of one family: a block as it is wanted, or as it was assigned. */
interface Room {
  readonly block: string
  /** The cloud has it. */
  readonly isThere: boolean
}

const listOf = (from: unknown, family: Family): string[] => {
  const { cidr, additionalCidrs = [] } = (from ?? {}) as { cidr?: Cidr; additionalCidrs?: readonly Cidr[] }
  return [cidr, ...additionalCidrs].flatMap((one) => one?.[family] ?? [])
}

/**
 * What a network has room in. Its spec decides: a block that was taken out of it is on its way out, whatever status still shows.
 * Status only tells what was assigned for the blocks that name a size, and what the cloud has by now.
 */
function roomsOf({ spec, status, metadata }: Resource, family: Family): Room[] {
  const wanted = listOf(spec, family)
  const fixed = wanted.filter((block) => !isAssignable(block))
  const present = listOf(status, family).filter((block) => !isUnassigned(block))
  const isSettled = status?.state === 'active' && status.observedGeneration === metadata.generation
  const assigned = present.filter((block) => !fixed.some((one) => sameBlock(one, block)))
  return wanted.map((block) => {
    if (!isAssignable(block)) return { block, isThere: isSettled || present.some((one) => sameBlock(one, block)) }
    // Of another size than asked for only where the cloud is known to be done: it may be a block that is on its way out.
    const at = assigned.findIndex((one) => isSettled || prefixOf(one) === prefixOf(block))
    const given = at < 0 ? undefined : assigned.splice(at, 1)[0]
    return given === undefined ? { block, isThere: false } : { block: given, isThere: true }
  })
}

/** Whether a room has place for a block. Where one of them only says its size, the sizes decide. */
function fits(inner: string, { block }: Room): boolean {
  return isAssignable(inner) || isAssignable(block) ? prefixOf(inner) > prefixOf(block) : isInside(inner, block)
}

/** The blocks of a nested kind lie inside its parent's and are smaller (contract §8, §9). */
export const insideParent: Rule = function* (value, { lookup, kind, object, guard }) {
  const name = parentName(kind, object)
  const parentKind = kind.parent && lookup.kindNamed(kind.parent.kind)
  const parent = parentKind && name !== undefined && lookup.get(parentKind.kind, keyOf(object.metadata.namespace, name))
  if (!parent) return
  for (const family of ['ipv4', 'ipv6'] as const) {
    const block = (value as Cidr)[family]
    if (block === undefined) continue
    const rooms = roomsOf(parent, family)
    const fitting = rooms.filter((room) => fits(block, room))
    if (fitting.some(({ isThere }) => isThere)) continue
    const [path, called] = [`${guard.field}.${family}`, `${parentKind.secaKind} "${name}"`]
    if (fitting.length > 0) {
      const awaited = fitting.map((room) => room.block).join(', ')
      yield { path, state: 'pending', message: `${block} waits for ${called} to have ${awaited}` }
      continue
    }
    const has = rooms.length === 0 ? `has no ${family} block` : `has ${rooms.map((room) => room.block).join(', ')}`
    const discreet = `${block} is not inside ${called}`
    yield { path, state: 'impossible', message: `${discreet}, which ${has}`, discreet }
  }
}
