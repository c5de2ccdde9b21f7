import type { Json } from '../../../src/provider/contract.ts'
import { toId } from '../../../src/provider/unmanaged.ts'
import { expanded, icmp6, keyOf, type NeutronRule, type Rule, protocolOf } from '../network/rules.ts'

/** What SECA has a word for; none = any. */
const PROTOCOLS: ReadonlySet<string> = new Set(['', 'tcp', 'udp', 'icmp', 'ipv6-icmp'])

/** All messages that the rules of SECA can name and ICMPv6 has. */
const MESSAGES = [0, 3, 8].flatMap((type) => [0, 1, 2, 3, 4, 5].map((code) => ({ type, code })))

/** What SECA calls an ICMP message of Neutron. */
function messageOf({ ethertype, port_range_min: type, port_range_max: code }: NeutronRule) {
  if (type === null) return undefined
  if (ethertype === 'IPv4') return { type, code: code ?? 0 }
  return MESSAGES.find((one) => icmp6(one)?.type === type && icmp6(one)?.code === code)
}

/** A rule of Neutron in SECA's words; undefined where they do not say the same. */
export function ruleOf(rule: NeutronRule): Readonly<Record<string, Json>> | undefined {
  const protocol = protocolOf(rule)
  if (!PROTOCOLS.has(protocol)) return undefined
  const isIcmp = protocol.endsWith('icmp')
  const icmp = isIcmp ? messageOf(rule) : undefined
  const [from, to] = [rule.port_range_min, rule.port_range_max]
  const found = {
    direction: rule.direction,
    version: rule.ethertype,
    ...(protocol === '' ? {} : { protocol: isIcmp ? 'icmp' : protocol }),
    ...(icmp === undefined ? {} : { icmp }),
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
