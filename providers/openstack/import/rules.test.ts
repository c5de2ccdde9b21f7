import { expect, test } from 'vitest'
import { expanded, keyOf, type NeutronRule, type Rule } from '../network/rules.ts'
import { ruleOf } from './rules.ts'

const ANY: NeutronRule = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
}

test.each<[string, Partial<NeutronRule>]>([
  ['everything', {}],
  ['one port', { protocol: 'tcp', port_range_min: 22, port_range_max: 22 }],
  ['a range from a block', { protocol: 'udp', port_range_min: 80, port_range_max: 90, remote_ip_prefix: '10.0.0.0/8' }],
  ['all of a protocol, by its number', { protocol: '6' }],
  ['ping', { protocol: 'icmp', port_range_min: 8, port_range_max: 0 }],
  ['a port that nobody listens at, of IPv6', { ethertype: 'IPv6', protocol: 'ipv6-icmp', port_range_min: 1, port_range_max: 4 }],
  ['ping of IPv6', { ethertype: 'IPv6', protocol: 'ipv6-icmp', port_range_min: 128, port_range_max: 0 }],
  ['the way out', { direction: 'egress', ethertype: 'IPv6' }],
])('%s comes back as the same rule', (_what, more) => {
  const rule = { ...ANY, ...more }
  const found = ruleOf(rule) ?? {}
  expect(expanded(found as unknown as Rule, { targets: {} }, '').map(keyOf)).toEqual([keyOf(rule)])
})

test('a group as source is named by its id', () => {
  expect(ruleOf({ ...ANY, remote_group_id: 'g1' })).toMatchObject({ sourceRef: [{ resource: '@SecurityGroup/g1' }] })
})

test.each<[string, Partial<NeutronRule>]>([
  ['another protocol', { protocol: 'vrrp' }],
  ['a message of ICMPv6 that SECA cannot name', { ethertype: 'IPv6', protocol: 'ipv6-icmp', port_range_min: 135, port_range_max: 0 }],
])('%s has no words', (_what, more) => {
  expect(ruleOf({ ...ANY, ...more })).toBeUndefined()
})
