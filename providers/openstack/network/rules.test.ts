import { describe, expect, test } from 'vitest'
import type { Other } from '../../../src/provider/contract.ts'
import { expanded, keyOf, type NeutronRule, type Rule } from './rules.ts'

const other = (kind: string, more: object) => ({ path: { kind }, status: {}, targets: {}, ...more }) as unknown as Other
const short = (rules: readonly NeutronRule[]) => rules.map(keyOf)
const of = (rule: Partial<Rule>, targets: Readonly<Record<string, Other>> = {}) =>
  short(expanded({ direction: 'ingress', ...rule } as Rule, { targets }, ''))
const to = (resource: string) => ({ resource })

describe('expanded', () => {
  test.each<[string, Partial<Rule>, readonly string[]]>([
    ['everything', {}, ['ingress|IPv4|||||', 'ingress|IPv6|||||']],
    ['one family', { version: 'IPv6', protocol: 'tcp' }, ['ingress|IPv6|tcp||||']],
    [
      'two protocols',
      { version: 'IPv4', protocol: 'tcp+udp', ports: { from: 53 } },
      ['ingress|IPv4|tcp|53|53||', 'ingress|IPv4|udp|53|53||'],
    ],
    [
      'a range and a list',
      { version: 'IPv4', protocol: 'tcp', ports: { from: 80, to: 90, list: [443] } },
      ['ingress|IPv4|tcp|80|90||', 'ingress|IPv4|tcp|443|443||'],
    ],
    ['ports without a protocol', { version: 'IPv4', ports: { to: 22 } }, ['ingress|IPv4|tcp|22|22||', 'ingress|IPv4|udp|22|22||']],
    ['ping', { protocol: 'icmp', icmp: { type: 8, code: 0 } }, ['ingress|IPv4|icmp|8|0||', 'ingress|IPv6|ipv6-icmp|128|0||']],
    [
      'a port that nobody listens at',
      { protocol: 'icmp', icmp: { type: 3, code: 3 } },
      ['ingress|IPv4|icmp|3|3||', 'ingress|IPv6|ipv6-icmp|1|4||'],
    ],
    [
      'a packet that is too big',
      { protocol: 'icmp', icmp: { type: 3, code: 4 } },
      ['ingress|IPv4|icmp|3|4||', 'ingress|IPv6|ipv6-icmp|2|0||'],
    ],
    ['what ICMPv6 does not have', { protocol: 'icmp', icmp: { type: 5, code: 1 } }, ['ingress|IPv4|icmp|5|1||']],
    [
      'a block and an address',
      { protocol: 'tcp', sourceRef: [to('10.0.0.7/8'), to('fd00::1')] },
      ['ingress|IPv4|tcp|||10.0.0.0/8|', 'ingress|IPv6|tcp|||fd00::1/128|'],
    ],
    ['anybody, said twice', { version: 'IPv4', sourceRef: [to('0.0.0.0/0'), to('0.0.0.0/0')] }, ['ingress|IPv4|||||']],
  ])('%s', (_what, rule, rules) => {
    expect(of(rule)).toEqual(rules)
  })

  test('objects as sources, by what their status says', () => {
    const targets = {
      'sourceRef[0]': other('SecurityGroup', { externalId: 'g1' }),
      'sourceRef[1]': other('Network', { status: { cidr: { ipv4: '10.1.0.0/16' }, additionalCidrs: [{ ipv4: '10.2.0.0/16' }] } }),
      'sourceRef[2]': other('Nic', { status: { addresses: ['10.1.0.4', 'fd00::4'] } }),
      'sourceRef[3]': other('PublicIp', { status: { ipAddress: '203.0.113.9' } }),
      'sourceRef[4]': other('Instance', { targets: { primaryNicRef: other('Nic', { status: { addresses: ['10.1.0.5'] } }) } }),
    }
    const rule = { version: 'IPv4' as const, sourceRef: Object.keys(targets).map((key) => to(key)) }
    expect(of(rule, targets)).toEqual([
      'ingress|IPv4|||||g1',
      'ingress|IPv4||||10.1.0.0/16|',
      'ingress|IPv4||||10.2.0.0/16|',
      'ingress|IPv4||||10.1.0.4/32|',
      'ingress|IPv4||||203.0.113.9/32|',
      'ingress|IPv4||||10.1.0.5/32|',
    ])
  })

  test('who is not there is left out: a list of nobody opens to nobody', () => {
    expect(of({ sourceRef: [to('security-groups/later')] })).toEqual([])
    expect(of({ sourceRef: [to('security-groups/later')] }, { 'sourceRef[0]': other('SecurityGroup', {}) })).toEqual([])
  })
})

test.each<[Partial<NeutronRule>, Partial<NeutronRule>]>([
  [{ protocol: '6' }, { protocol: 'tcp' }],
  [
    { ethertype: 'IPv6', protocol: 'icmpv6' },
    { ethertype: 'IPv6', protocol: 'ipv6-icmp' },
  ],
  [{ remote_ip_prefix: '0.0.0.0/0' }, {}],
  [{ remote_ip_prefix: '10.0.0.9/8' }, { remote_ip_prefix: '10.0.0.0/8' }],
])('%j is %j, however it is written', (a, b) => {
  const plain: NeutronRule = {
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
  }
  expect(keyOf({ ...plain, ...a })).toBe(keyOf({ ...plain, ...b }))
})

test('a rule for a group of addresses is another one than that for everybody', () => {
  const [everybody = expect.unreachable()] = expanded({ direction: 'ingress', version: 'IPv4' } as Rule, { targets: {} }, '')
  expect(keyOf({ ...everybody, remote_address_group_id: 'a' })).not.toBe(keyOf(everybody))
  expect(keyOf({ ...everybody, remote_address_group_id: null })).toBe(keyOf(everybody))
})
