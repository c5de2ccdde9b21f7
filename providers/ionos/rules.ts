import type { SecurityGroup } from '../../src/kinds/index.ts'
import type { Spec } from '../../src/kinds/kind.ts'
import { formatBlock, parseBlock, parseIp } from '../../src/ip.ts'
import type { Other, Targets } from '../../src/provider/contract.ts'

export type Rule = NonNullable<Spec<typeof SecurityGroup>['rules']>[number]

/** A rule as IONOS has it: one direction, protocol, range of ports and other side each. */
export interface IonosRule {
  readonly type: 'INGRESS' | 'EGRESS'
  readonly protocol: string
  readonly ipVersion: 'IPv4' | 'IPv6'
  readonly portRangeStart?: number
  readonly portRangeEnd?: number
  readonly icmpType?: number
  readonly icmpCode?: number
  /** The other side of what comes in… */
  readonly sourceIp?: string
  /** …and of what goes out. */
  readonly targetIp?: string
}

type Versions = IonosRule['ipVersion']

/** All that a rule of ours is there. `at` is where its sources stand: `rules[2].`; who is not there yet is left out, and a list of nobody is no rule. */
export function expanded(rule: Rule, { targets }: { readonly targets: Targets }, at: string): readonly IonosRule[] {
  const peers = rule.sourceRef?.length
    ? rule.sourceRef.flatMap(({ resource }, index) =>
        literal(resource) === undefined ? addressesOf(targets[`${at}sourceRef[${index}]`]) : [resource],
      )
    : [undefined]
  // NICs have no IPv6 here: what is said of both families is a rule for one.
  const ipVersion: Versions = rule.version ?? 'IPv4'
  const side = rule.direction === 'ingress' ? 'sourceIp' : 'targetIp'
  const found = protocolsOf(rule, ipVersion).flatMap((protocol) =>
    rangesOf(rule).flatMap((range) =>
      peers.flatMap((peer): readonly IonosRule[] => {
        const block = peer === undefined ? undefined : literal(peer)
        if (block !== undefined && block.family !== (ipVersion === 'IPv4' ? 4 : 6)) return []
        const who = block === undefined || block.prefix === 0 ? {} : { [side]: block.text }
        return [{ type: rule.direction === 'ingress' ? 'INGRESS' : 'EGRESS', protocol, ipVersion, ...range, ...who }]
      }),
    ),
  )
  return [...new Map(found.map((one) => [keyOf(one), one])).values()]
}

function protocolsOf({ protocol, ports }: Rule, version: Versions): readonly string[] {
  if (protocol === 'icmp') return [version === 'IPv4' ? 'ICMP' : 'ICMPv6']
  // Ports are nothing that any protocol has.
  if (protocol === undefined) return ports === undefined ? ['ANY'] : ['TCP', 'UDP']
  return protocol.toUpperCase().split('+')
}

/** Only `from` or only `to` = that single port; `list` adds ports (contract §8). */
function rangesOf({ protocol, ports, icmp }: Rule): readonly Partial<IonosRule>[] {
  if (protocol === 'icmp') return [icmp === undefined ? {} : { icmpType: icmp.type, icmpCode: icmp.code }]
  if (ports === undefined) return [{}]
  const { from = ports.to, to = ports.from, list = [] } = ports
  const all = [...(from === undefined || to === undefined ? [] : [[from, to] as const]), ...list.map((port) => [port, port] as const)]
  return all.map(([portRangeStart, portRangeEnd]) => ({ portRangeStart, portRangeEnd }))
}

function literal(text: string) {
  const ip = parseIp(text)
  const block = ip === undefined ? parseBlock(text) : undefined
  if (ip !== undefined) return { family: ip.family, prefix: undefined, text }
  return block === undefined ? undefined : { family: block.family, prefix: block.prefix, text: formatBlock(block) }
}

/** The other side in addresses: of groups, those of their members. */
function addressesOf(target: Other | undefined): readonly string[] {
  if (target === undefined) return []
  const { status, spec, targets, path } = target as Other & { status: Status; spec: Status }
  if (path.kind === 'Instance')
    return Object.values(targets).flatMap((nic) => (nic.path.kind === 'Nic' ? ((nic.status['addresses'] ?? []) as string[]) : []))
  const blocks = [spec.cidr, ...(spec.additionalCidrs ?? [])].flatMap((block) => block?.ipv4 ?? [])
  return [...blocks, ...(status.addresses ?? []), ...(status.ipAddress === undefined ? [] : [status.ipAddress])]
}

interface Status {
  readonly cidr?: { readonly ipv4?: string }
  readonly additionalCidrs?: readonly { readonly ipv4?: string }[]
  readonly addresses?: readonly string[]
  readonly ipAddress?: string
}

/** What a rule allows, however it is written: rules with one key are the same. */
export function keyOf(rule: Partial<Record<keyof IonosRule, unknown>>): string {
  const block = (text: unknown) => (typeof text === 'string' ? (literal(text)?.text.replace(/\/32$/, '') ?? text) : '')
  const { type, protocol, ipVersion, portRangeStart, portRangeEnd, icmpType, icmpCode, sourceIp, targetIp } = rule
  const plain = [type, protocol, ipVersion ?? 'IPv4', portRangeStart, portRangeEnd, icmpType, icmpCode].map((one) => String(one ?? ''))
  return [...plain, block(sourceIp), block(targetIp)].join('|')
}
