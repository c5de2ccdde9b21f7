import { describe, expect, test } from 'vitest'
import type { Other } from '../../src/provider/contract.ts'
import type { Native } from './native.ts'
import { copiesOf, differenceOf, expanded, keyOf, refusalOf, type Rule } from './rules.ts'

const VPC = '/projects/p/providers/Aruba.Network/vpcs/v'
const COPY = `${VPC}/securityGroups/g`
const rule = (more: object): Rule => ({ direction: 'ingress', ...more }) as Rule
const other = (kind: string, more: object) => ({ path: { kind }, status: {}, targets: {}, ...more }) as unknown as Other
const of = (one: Rule, targets = {}) =>
  expanded(one, { targets }, '', VPC).map(({ protocol, port = '', target }) => `${protocol} ${port} ${target.value}`.replace('  ', ' '))

describe('a rule of ours', () => {
  test.each([
    ['any', {}, ['ANY 0.0.0.0/0']],
    ['ports without a protocol', { ports: { from: 80 } }, ['TCP 80 0.0.0.0/0', 'UDP 80 0.0.0.0/0']],
    ['all ports', { protocol: 'tcp' }, ['TCP * 0.0.0.0/0']],
    ['ranges', { protocol: 'udp', ports: { from: 1, to: 9, list: [53] } }, ['UDP 1-9 0.0.0.0/0', 'UDP 53 0.0.0.0/0']],
    ['IPv6', { version: 'IPv6' }, []],
    ['one ICMP message', { protocol: 'icmp', icmp: { type: 8, code: 0 } }, []],
    ['addresses', { protocol: 'icmp', sourceRef: [{ resource: '10.0.0.9' }, { resource: 'fd00::/8' }] }, ['ICMP 10.0.0.9/32']],
    ['somebody who is not there', { sourceRef: [{ resource: 'nics/gone' }] }, []],
  ])('%s', (_what, more, wanted) => {
    expect(of(rule(more))).toEqual(wanted)
  })

  test('stands for members of a group where that has a copy, and for the addresses of anybody else', () => {
    const sources = [{ resource: 'security-groups/x' }, { resource: 'subnets/y' }]
    const subnet = other('Subnet', { status: { cidr: { ipv4: '10.1.0.0/24' } } })
    const here = other('SecurityGroup', { externalId: `${VPC}x/securityGroups/o`, handle: { copies: [COPY] } })
    const elsewhere = other('SecurityGroup', { externalId: `${VPC}x/securityGroups/o` })
    expect(of(rule({ sourceRef: sources }), { 'sourceRef[0]': here, 'sourceRef[1]': subnet })).toEqual([`ANY ${COPY}`, 'ANY 10.1.0.0/24'])
    expect(of(rule({ sourceRef: sources }), { 'sourceRef[0]': elsewhere, 'sourceRef[1]': subnet })).toEqual(['ANY 10.1.0.0/24'])
  })

  test('that is not to be had says why', () => {
    expect([refusalOf(rule({ version: 'IPv6' })), refusalOf(rule({ protocol: 'icmp', icmp: {} })), refusalOf(rule({}))]).toEqual([
      expect.stringContaining('no IPv6'),
      expect.stringContaining('single ICMP'),
      undefined,
    ])
  })
})

test('rules are the same in whatever case the cloud writes them; what is there twice is too much once', () => {
  const [wanted] = expanded(rule({ protocol: 'tcp', ports: { from: 22 } }), { targets: {} }, '', VPC)
  const shown = (protocol: string, port: string) =>
    ({ metadata: {}, properties: { direction: 'Ingress', protocol, port, target: { kind: 'Ip', value: '0.0.0.0/0' } } }) as Native
  const rules = [shown('Tcp', '22'), shown('tcp', '22'), shown('Udp', '22')]
  const { missing, surplus } = differenceOf(rules, wanted === undefined ? [] : [wanted])
  expect([missing, surplus]).toEqual([[], rules.slice(1)])
  expect(keyOf({ direction: 'Ingress', protocol: 'ANY', port: '*', target: { kind: 'Ip', value: '0.0.0.0/0' } })).toBe(
    keyOf({ direction: 'Ingress', protocol: 'ANY', target: { kind: 'Ip', value: '0.0.0.0/0' } }),
  )
})

test('copies of a group are its id and what the handle keeps, whoever wrote that', () => {
  expect(copiesOf({ externalId: 'a', handle: { copies: ['a', 'b', 3] } })).toEqual(['a', 'b'])
  expect(copiesOf({ externalId: '', handle: null })).toEqual([])
})
