import * as z from 'zod'
import { parseBlock, parseIp } from '../../../src/ip.ts'
import type { Surroundings, TypeDefinition } from './model.ts'

const portNumber = z.int().min(1).max(65_535)
const rule = z.strictObject({
  direction: z.enum(['in', 'out']),
  family: z.literal([4, 6]).nullable(),
  protocols: z.array(z.enum(['tcp', 'udp', 'icmp'])).nullable(),
  /** First and last port of each range; null = all. */
  ports: z
    .array(z.tuple([portNumber, portNumber]))
    .max(101)
    .nullable(),
  icmp: z.strictObject({ type: z.int(), code: z.int() }).nullable(),
  /** Objects or blocks; null = anybody, [] = nobody. */
  peers: z.array(z.string().max(64)).max(32).nullable(),
})
type Rule = z.output<typeof rule>

/** A rule is kept as it was sent; one that makes no sense is not applied, and says so. */
function stateOf(one: Rule, cloud: Surroundings): { state: 'applied' | 'refused' | 'waiting'; reason?: string } {
  if (one.ports && one.protocols?.includes('icmp')) return { state: 'refused', reason: 'ICMP has no ports' }
  if (one.icmp && one.protocols && !one.protocols.includes('icmp'))
    return { state: 'refused', reason: 'an ICMP type needs the protocol icmp' }
  const range = one.ports?.find(([from, to]) => from > to)
  if (range) return { state: 'refused', reason: `port range ${range.join('-')} is upside down` }
  for (const peer of one.peers ?? []) {
    const family = (parseBlock(peer) ?? parseIp(peer))?.family
    if (family !== undefined && one.family !== null && one.family !== family)
      return { state: 'refused', reason: `${peer} is not IPv${one.family}` }
    if (family === undefined && !cloud.find(peer)) return { state: 'waiting', reason: `${peer} does not exist` }
  }
  return { state: 'applied' }
}

export const filters: TypeDefinition = {
  prefix: 'flt',
  create: z.strictObject({ project: z.string(), rule }),
  change: z.strictObject({ rule }).partial(),
  links: { project: { to: ['projects'], onDelete: 'hold' } },
  view: (fields, cloud) => ({ ...fields, rule: { ...(fields['rule'] as Rule), ...stateOf(fields['rule'] as Rule, cloud) } }),
}

export const firewall = { rules: z.array(rule).max(500), filters: z.array(z.string()).max(500) }

export const firewalls: TypeDefinition = {
  prefix: 'fwl',
  create: z.strictObject({ project: z.string(), ...firewall }),
  change: z.strictObject(firewall).partial(),
  // In a vpc where groups are copied for each network (parts.ts).
  links: {
    project: { to: ['projects'], onDelete: 'hold' },
    vpc: { to: ['vpcs'], onDelete: 'hold' },
    filters: { to: ['filters'], onDelete: 'drop' },
  },
  view: (fields, cloud) => ({ ...fields, rules: (fields['rules'] as Rule[]).map((one) => ({ ...one, ...stateOf(one, cloud) })) }),
}
