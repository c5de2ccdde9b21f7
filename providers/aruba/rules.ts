import type { SecurityGroup } from '../../src/kinds/index.ts'
import type { Spec } from '../../src/kinds/kind.ts'
import { type Block, formatBlock, parseBlock } from '../../src/ip.ts'
import type { Json, Other, Targets } from '../../src/provider/contract.ts'
import { blockNamed, blocksBehind, portRanges } from '../../src/provider/peers.ts'
import { type Native, type Ref, textOf } from './native.ts'
import { NO_IPV6 } from './network.ts'
import { isIn } from './uri.ts'

export type Rule = NonNullable<Spec<typeof SecurityGroup>['rules']>[number]

/** A rule as the cloud has it: one direction, protocol, range and other side each. */
export interface CloudRule {
  readonly direction: 'Ingress' | 'Egress'
  readonly protocol: 'ANY' | 'TCP' | 'UDP' | 'ICMP'
  /** Absent where the protocol has none. */
  readonly port?: string
  readonly target: { readonly kind: 'Ip' | 'SecurityGroup'; readonly value: string }
}

const ANYONE = '0.0.0.0/0'

/** URIs of a group's copies: one in each VPC where somebody uses it. */
export function copiesOf({
  externalId,
  handle,
}: {
  readonly externalId?: string | undefined
  readonly handle?: Json | undefined
}): readonly string[] {
  const kept = (handle as { copies?: unknown } | null | undefined)?.copies
  const others = Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : []
  return [...new Set([...(externalId ? [externalId] : []), ...others])]
}

export const copyIn = (vpc: string, group: Pick<Other, 'externalId' | 'handle'>): string | undefined =>
  copiesOf(group).find((uri) => isIn(uri, vpc))

/** Why a rule cannot be had here; undefined = it can. */
export function refusalOf({ version, icmp }: Rule): string | undefined {
  if (version === 'IPv6') return NO_IPV6
  return icmp === undefined ? undefined : 'this cloud knows no single ICMP messages: leave icmp out, or the rule'
}

/** All that a rule of ours is in the copy of its group in a VPC. `at` is where its sources stand: `rules[2].`; who is not there is left out, and a list of nobody is no rule. */
export function expanded(rule: Rule, { targets }: { readonly targets: Targets }, at: string, vpc: string): readonly CloudRule[] {
  if (refusalOf(rule) !== undefined) return []
  const sources = rule.sourceRef ?? []
  const peers =
    sources.length === 0
      ? [{ kind: 'Ip', value: ANYONE } as const]
      : sources.flatMap(({ resource }, index) => peersOf(blockNamed(resource) ?? targets[`${at}sourceRef[${index}]`], vpc))
  const direction = rule.direction === 'ingress' ? 'Ingress' : 'Egress'
  const found = protocolsOf(rule).flatMap((protocol) =>
    portsOf(rule, protocol).flatMap((port) => peers.map((target) => ({ direction, protocol, ...port, target }) as const)),
  )
  return [...new Map(found.map((one) => [keyOf(one), one])).values()]
}

function protocolsOf({ protocol, ports }: Rule): readonly CloudRule['protocol'][] {
  // Ports are nothing that any protocol has.
  if (protocol === undefined) return ports === undefined ? ['ANY'] : ['TCP', 'UDP']
  return protocol.split('+').map((one) => one.toUpperCase() as CloudRule['protocol'])
}

function portsOf({ ports }: Rule, protocol: CloudRule['protocol']): readonly { readonly port?: string }[] {
  if (protocol === 'ANY' || protocol === 'ICMP') return [{}]
  return ports === undefined
    ? [{ port: '*' }]
    : portRanges(ports).map(([from, to]) => ({ port: from === to ? `${from}` : `${from}-${to}` }))
}

/** A group stands for its members where it has a copy in the same VPC; everything else is its addresses. */
function peersOf(other: Block | Other | undefined, vpc: string): readonly CloudRule['target'][] {
  if (other === undefined) return []
  if (!('family' in other) && other.path.kind === 'SecurityGroup') {
    const copy = copyIn(vpc, other)
    return copy === undefined ? [] : [{ kind: 'SecurityGroup', value: copy }]
  }
  const blocks = 'family' in other ? [other] : blocksBehind(other)
  return blocks.filter(({ family }) => family === 4).map((block) => ({ kind: 'Ip', value: formatBlock(block) }))
}

/** What a rule allows, in whatever case and form it is written: rules with one key are the same. */
export function keyOf({ direction, protocol, port = '', target: { kind, value } }: CloudRule): string {
  const block = parseBlock(value)
  const peer = kind === 'Ip' && block !== undefined ? formatBlock(block) : value
  const ports = port === '*' || protocol.toUpperCase() === 'ANY' || protocol.toUpperCase() === 'ICMP' ? '' : port
  return [direction, protocol, ports, kind, peer].join('|').toLowerCase()
}

/** What the cloud shows of a rule. */
export function shownRule(rule: Native): CloudRule {
  const { kind, value } = (rule.properties?.['target'] ?? {}) as { kind?: string; value?: string } & Ref
  return {
    direction: textOf(rule, 'direction') as CloudRule['direction'],
    protocol: textOf(rule, 'protocol') as CloudRule['protocol'],
    port: textOf(rule, 'port'),
    target: { kind: kind === 'SecurityGroup' ? kind : 'Ip', value: value ?? '' },
  }
}

/** What is missing of the rules, and what is there and allows something else, or the same a second time. */
export function differenceOf(rules: readonly Native[], wanted: readonly CloudRule[]) {
  const keys = new Set(wanted.map(keyOf))
  const has = new Set<string>()
  const surplus = rules.filter((rule) => {
    const key = keyOf(shownRule(rule))
    return !keys.has(key) || has.size === has.add(key).size
  })
  return { missing: wanted.filter((rule) => !has.has(keyOf(rule))), surplus }
}
