import type { SecurityGroup } from '../../../src/kinds/index.ts'
import type { Spec } from '../../../src/kinds/kind.ts'
import { type Block, formatBlock, parseBlock } from '../../../src/ip.ts'
import type { Other, Targets } from '../../../src/provider/contract.ts'
import { blockNamed, blocksBehind, portRanges } from '../../../src/provider/peers.ts'

export type Rule = NonNullable<Spec<typeof SecurityGroup>['rules']>[number]

/** A rule as Neutron has it: one direction, family, protocol, range and peer each. */
export interface NeutronRule {
  readonly direction: 'ingress' | 'egress'
  readonly ethertype: 'IPv4' | 'IPv6'
  readonly protocol: string | null
  readonly port_range_min: number | null
  readonly port_range_max: number | null
  readonly remote_ip_prefix: string | null
  readonly remote_group_id: string | null
  /** Nothing of ours; somebody else may name one. */
  readonly remote_address_group_id?: string | null
}

type Family = 4 | 6
interface Range {
  readonly port_range_min: number | null
  readonly port_range_max: number | null
}
interface Peer extends Pick<NeutronRule, 'remote_ip_prefix' | 'remote_group_id'> {
  /** Absent: both. */
  readonly family?: Family
}

const ANY_PORT: Range = { port_range_min: null, port_range_max: null }
const ANYONE: Peer = { remote_ip_prefix: null, remote_group_id: null }

/** All that a rule of ours is in Neutron. `at` is where its sources stand: `rules[2].`; who is not there yet is left out, and a list of nobody is no rule. */
export function expanded(rule: Rule, { targets }: { readonly targets: Targets }, at: string): readonly NeutronRule[] {
  const peers = rule.sourceRef?.length
    ? rule.sourceRef.flatMap(({ resource }, index) => literal(resource) ?? peersOf(targets[`${at}sourceRef[${index}]`]))
    : [ANYONE]
  const found = familiesOf(rule).flatMap((family) =>
    protocolsOf(rule, family).flatMap((protocol) =>
      rangesOf(rule, family).flatMap((range) =>
        peers
          .filter((peer) => peer.family === undefined || peer.family === family)
          .map(({ remote_ip_prefix, remote_group_id }) => ({
            direction: rule.direction,
            ethertype: family === 4 ? ('IPv4' as const) : ('IPv6' as const),
            protocol,
            ...range,
            remote_ip_prefix,
            remote_group_id,
          })),
      ),
    ),
  )
  return [...new Map(found.map((one) => [keyOf(one), one])).values()]
}

const familiesOf = ({ version }: Rule): readonly Family[] => (version === undefined ? [4, 6] : version === 'IPv4' ? [4] : [6])

function protocolsOf({ protocol, ports }: Rule, family: Family): readonly (string | null)[] {
  if (protocol === 'icmp') return [family === 4 ? 'icmp' : 'ipv6-icmp']
  // Ports are nothing that any protocol has.
  if (protocol === undefined) return ports === undefined ? [null] : ['tcp', 'udp']
  return protocol.split('+')
}

interface Message {
  readonly type: number
  readonly code: number
}

/** What ICMPv6 says for "cannot be reached" (type 3) and its codes; with IPv4 alone "too big" is one of them. */
const UNREACHABLE: readonly Message[] = [
  { type: 1, code: 0 },
  { type: 1, code: 0 },
  { type: 4, code: 1 },
  { type: 1, code: 4 },
  { type: 2, code: 0 },
  { type: 1, code: 0 },
]
const ECHO: Readonly<Record<number, number>> = { 0: 129, 8: 128 }

/** The same message of ICMPv6, which has numbers of its own, as translators between the two have it (RFC 7915 §4.2); undefined = there is none. */
export function icmp6({ type, code }: Message): Message | undefined {
  if (type === 3) return UNREACHABLE[code]
  const echo = ECHO[type]
  return echo === undefined ? undefined : { type: echo, code }
}

/** Why a rule is none in this cloud, in a person's words. */
export function ruleTrouble({ version, protocol, icmp }: Rule): string | undefined {
  return version === 'IPv6' && protocol === 'icmp' && icmp !== undefined && icmp6(icmp) === undefined
    ? `IPv6 has no message like type ${icmp.type}, code ${icmp.code} of ICMP: leave the rule out, or let it be of IPv4`
    : undefined
}

/** Neutron keeps type and code of ICMP in the same fields. */
function rangesOf({ protocol, ports, icmp }: Rule, family: Family): readonly Range[] {
  if (protocol === 'icmp') {
    if (icmp === undefined) return [ANY_PORT]
    const message = family === 4 ? icmp : icmp6(icmp)
    return message === undefined ? [] : [{ port_range_min: message.type, port_range_max: message.code }]
  }
  if (ports === undefined) return [ANY_PORT]
  return portRanges(ports).map(([port_range_min, port_range_max]) => ({ port_range_min, port_range_max }))
}

function literal(text: string): readonly Peer[] | undefined {
  const block = blockNamed(text)
  return block === undefined ? undefined : [ofBlock(block)]
}

/** Everybody is nobody in particular. */
const ofBlock = (block: Block): Peer => ({
  family: block.family,
  remote_ip_prefix: block.prefix === 0 ? null : formatBlock(block),
  remote_group_id: null,
})

/** The other side, as addresses or as a group. */
function peersOf(target: Other | undefined): readonly Peer[] {
  if (target === undefined) return []
  if (target.path.kind === 'SecurityGroup')
    return target.externalId === undefined ? [] : [{ remote_ip_prefix: null, remote_group_id: target.externalId }]
  return blocksBehind(target).map(ofBlock)
}

const ICMP_NAMES: Readonly<Record<string, string>> = {
  icmpv6: 'ipv6-icmp',
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'ipv6-icmp',
  any: '',
}

/** Name of a rule's protocol, however it is written; empty = any. */
export function protocolOf({ protocol, ethertype }: Pick<NeutronRule, 'protocol' | 'ethertype'>): string {
  if (protocol === null) return ''
  return ICMP_NAMES[protocol] ?? (protocol === 'icmp' && ethertype === 'IPv6' ? 'ipv6-icmp' : protocol)
}

/** What a rule allows, however it is written: rules with one key are the same. */
export function keyOf(rule: NeutronRule): string {
  const { direction, ethertype, port_range_min: min, port_range_max: max, remote_ip_prefix: prefix, remote_group_id: group } = rule
  const block = prefix === null ? undefined : parseBlock(prefix)
  const from = block === undefined || block.prefix === 0 ? null : formatBlock(block)
  // A rule for a group of addresses is not one for everybody.
  const { remote_address_group_id: addresses } = rule
  return [direction, ethertype, protocolOf(rule), min, max, from, group, ...(addresses ? [addresses] : [])]
    .map((one) => one ?? '')
    .join('|')
}
