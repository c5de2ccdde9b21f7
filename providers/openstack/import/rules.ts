import type { Json } from '../../../src/provider/contract.ts'
import { toId } from '../../../src/provider/unmanaged.ts'
import { expanded, ICMP6, keyOf, type NeutronRule, type Rule, protocolOf } from '../network/rules.ts'

/** What SECA has a word for; none = any. */
const PROTOCOLS: ReadonlySet<string> = new Set(['', 'tcp', 'udp', 'icmp', 'ipv6-icmp'])

/** Neutron's number of an ICMPv6 message as the rules of SECA name it. */
const ICMP_BACK = new Map(Object.entries(ICMP6).map(([four, six]) => [six, Number(four)]))

/** A rule of Neutron in SECA's words; undefined where they do not say the same. */
export function ruleOf(rule: NeutronRule): Readonly<Record<string, Json>> | undefined {
  const protocol = protocolOf(rule)
  if (!PROTOCOLS.has(protocol)) return undefined
  const isIcmp = protocol.endsWith('icmp')
  const type = rule.ethertype === 'IPv6' ? ICMP_BACK.get(rule.port_range_min ?? -1) : (rule.port_range_min ?? undefined)
  const [from, to] = [rule.port_range_min, rule.port_range_max]
  const found = {
    direction: rule.direction,
    version: rule.ethertype,
    ...(protocol === '' ? {} : { protocol: isIcmp ? 'icmp' : protocol }),
    ...(isIcmp && type !== undefined ? { icmp: { type, code: to ?? 0 } } : {}),
    ...(isIcmp || from === null ? {} : { ports: from === to ? { from } : { from, to: to ?? from } }),
    ...(rule.remote_ip_prefix === null ? {} : { sourceRef: [{ resource: rule.remote_ip_prefix }] }),
  }
  // What comes back has to be the same rule: one about a message that has no name here is not.
  const isSame = expanded(found as Rule, { targets: {} }, '').some(
    (one) => keyOf({ ...one, remote_group_id: rule.remote_group_id }) === keyOf(rule),
  )
  if (!isSame) return undefined
  return rule.remote_group_id === null ? found : { ...found, sourceRef: [toId('SecurityGroup', rule.remote_group_id)] }
}
