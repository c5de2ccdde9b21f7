import { isAddress, parseBlock } from '../../../src/ip.ts'
import type { Json, Unmanaged } from '../../../src/provider/contract.ts'
import { leftOut, remarked, toId } from '../../../src/provider/unmanaged.ts'
import type { CloudObject } from '../client.ts'
import { type Account, base, toAll, unlessEmpty } from './account.ts'

type Range = readonly [from: number, to: number]

/** A rule as the cloud shows it. */
export interface CloudRule {
  readonly direction: 'in' | 'out'
  readonly family: 4 | 6 | null
  readonly protocols: readonly string[] | null
  readonly ports: readonly Range[] | null
  readonly icmp: { readonly type: number; readonly code: number } | null
  readonly peers: readonly string[] | null
}

const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'tcp+udp', 'icmp'])

/** A rule in SECA's words; or why there are none that let through the same. */
export function ruleOf(rule: CloudRule, { kindOf }: Pick<Account, 'kindOf'>): Readonly<Record<string, Json>> | string {
  const protocol = rule.protocols?.join('+')
  if (protocol !== undefined && !PROTOCOLS.has(protocol)) return `protocols [${protocol}]`
  if (rule.peers?.length === 0) return 'nobody on the other side'
  const ports = rule.ports === null ? null : portsOf(rule.ports)
  if (ports === undefined) return 'several ranges of ports'
  if (rule.icmp !== null && (rule.icmp.type > 8 || rule.icmp.code > 5)) return `ICMP type ${rule.icmp.type}`
  const peer = (one: string) => (isAddress(one) || parseBlock(one) ? { resource: one } : toId(kindOf(one) ?? 'SecurityGroup', one))
  return {
    direction: rule.direction === 'in' ? 'ingress' : 'egress',
    ...(rule.family === null ? {} : { version: rule.family === 4 ? 'IPv4' : 'IPv6' }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(ports === null ? {} : { ports }),
    ...(rule.icmp === null ? {} : { icmp: { type: rule.icmp.type, code: rule.icmp.code } }),
    ...(rule.peers === null ? {} : { sourceRef: rule.peers.map(peer) }),
  }
}

/** One range, and single ports after it: more than that one rule cannot say, nor no port at all. */
function portsOf([first, ...others]: readonly Range[]): Readonly<Record<string, Json>> | undefined {
  if (first === undefined || others.some(([from, to]) => from !== to)) return undefined
  const [from, to] = first
  return {
    from,
    ...(from === to ? {} : { to }),
    ...unlessEmpty(
      'list',
      others.map(([port]) => port),
    ),
  }
}

export function firewallOf(firewall: CloudObject, account: Account): Unmanaged {
  const rules = (firewall['rules'] as readonly CloudRule[]).map((rule) => ruleOf(rule, account))
  const lost = rules.filter((rule) => typeof rule === 'string')
  const spec = {
    ...unlessEmpty(
      'rules',
      rules.filter((rule) => typeof rule !== 'string'),
    ),
    ...unlessEmpty('ruleRefs', toAll('SecurityGroupRule', firewall['filters'])),
  }
  return remarked(
    { ...base('SecurityGroup', firewall, account), spec },
    lost.map((words) => `a rule with ${words} has no words in SECA: it goes when the group is enforced`),
  )
}

export function filterOf(filter: CloudObject, account: Account): Unmanaged {
  const about = base('SecurityGroupRule', filter, account)
  const rule = ruleOf(filter['rule'] as CloudRule, account)
  return typeof rule === 'string' ? leftOut(about, `a rule with ${rule} has no words in SECA`) : { ...about, spec: rule }
}

/** Which address it has is the cloud's to keep: none of one's own is asked for. */
export const floatingOf = (floating: CloudObject, account: Account): Unmanaged => ({
  ...base('PublicIp', floating, account),
  spec: { version: floating['family'] === 6 ? 'IPv6' : 'IPv4' },
})
