import { describe, expect, test } from 'vitest'
import type { Desired } from '../../../src/provider/contract.ts'
import type { Nic } from '../../../src/kinds/index.ts'
import { bindings, groupsOf, inTheWay, isInPlace, paired } from './nic.ts'

test.each<[readonly string[], readonly string[], readonly (string | undefined)[]]>([
  [['0.0.0.0'], ['10.0.0.4'], ['10.0.0.4']],
  [
    ['0.0.0.0', '10.0.0.4'],
    ['10.0.0.4', '10.0.0.5'],
    ['10.0.0.5', '10.0.0.4'],
  ],
  [
    ['::', '0.0.0.0'],
    ['10.0.0.4', 'fd00::4'],
    ['fd00::4', '10.0.0.4'],
  ],
  [['0.0.0.0', '0.0.0.0'], ['10.0.0.4'], ['10.0.0.4', undefined]],
  [['10.0.0.9'], ['10.0.0.4'], [undefined]],
])('%j of %j', (wanted, has, found) => {
  expect(paired(wanted, has)).toEqual(found)
})

describe('groupsOf', () => {
  type D = Pick<Desired<typeof Nic>, 'spec' | 'targets' | 'holders'>
  const nic = (spec: object, targets: object, group?: object) =>
    groupsOf({
      spec,
      targets,
      holders: [{ path: { kind: 'Instance' }, field: 'primaryNicRef', targets: group === undefined ? {} : { securityGroupRef: group } }],
    } as unknown as D)
  const twice = { securityGroupRefs: [{ resource: 'security-groups/web' }, { resource: 'security-groups/web' }] }
  const refs = { securityGroupRefs: [{ resource: 'security-groups/web' }] }

  test('its own, else that of the instance that uses it, else none at all', () => {
    expect(nic(refs, { 'securityGroupRefs[0]': { externalId: 'own' } }, { externalId: 'instances' })).toEqual(['own'])
    expect(nic({}, {}, { externalId: 'instances' })).toEqual(['instances'])
    expect(nic({}, {})).toEqual([])
    // Its own is gone: nothing gets through, not what the instance lets.
    expect(nic(refs, {}, { externalId: 'instances' })).toEqual([])
  })

  test('one that is being made is waited for', () => {
    expect(nic(refs, { 'securityGroupRefs[0]': {} })).toBeUndefined()
    expect(nic({}, {}, {})).toBeUndefined()
  })

  test('one that is named twice is in it once', () => {
    expect(nic(twice, { 'securityGroupRefs[0]': { externalId: 'own' }, 'securityGroupRefs[1]': { externalId: 'own' } })).toEqual(['own'])
  })
})

describe('bindings', () => {
  const fixed = (...addresses: readonly string[]) => addresses.map((ip_address) => ({ subnet_id: 's', ip_address }))
  const port = {
    id: 'p',
    fixed_ips: fixed('10.0.0.4', 'fd00::4', '10.0.0.5', '10.0.0.6'),
    floating_ips: ['ours', 'old', 'theirs'],
    floating_addresses: ['10.0.0.5', '10.0.0.4', '10.0.0.6'],
    foreign_floating_ips: ['theirs'],
  }

  test('floating IPs that others bound stay, unless they are wanted', () => {
    expect(bindings(port, ['ours', 'new'])).toEqual({ missing: [{ id: 'new', address: '10.0.0.4' }], surplus: ['old'], homeless: [] })
    expect(bindings(port, ['ours', 'old', 'theirs'])).toEqual({ missing: [], surplus: [], homeless: [] })
  })

  test('those of addresses that go are let go of before, and not what others bound there', () => {
    expect(inTheWay(port, [{ ip_address: '10.0.0.5' }, { subnet_id: 's' }], ['ours', 'old'])).toEqual(['old'])
    expect(inTheWay(port, [], ['ours', 'theirs'])).toEqual(['ours', 'old', 'theirs'])
  })

  test('each gets an IPv4 address of its own, as far as there are any', () => {
    const plain = { id: 'p', fixed_ips: fixed('fd00::4', '10.0.0.4', '10.0.0.5') }
    expect(bindings(plain, ['a', 'b', 'c'])).toEqual({
      missing: [
        { id: 'a', address: '10.0.0.4' },
        { id: 'b', address: '10.0.0.5' },
      ],
      surplus: [],
      homeless: ['c'],
    })
  })
})

test.each<[string, readonly string[] | undefined, boolean]>([
  ['10.0.1.4', undefined, true],
  ['fd00:1::4', undefined, true],
  ['10.0.2.4', undefined, false],
  ['fd00:2::4', ['0.0.0.0', '::'], false],
  ['10.0.2.4', ['10.0.2.4'], true],
])('%s is in place where %j are wanted in the subnet: %j', (address, addresses, expected) => {
  const desired = (cidr?: object) => ({ spec: { addresses }, targets: { subnetRef: { status: { cidr } } } }) as never
  expect(isInPlace(address, desired({ ipv4: '10.0.1.0/24', ipv6: 'fd00:1::/64' }))).toBe(expected)
  // Of a subnet that is not known yet, nothing is told.
  expect(isInPlace(address, desired())).toBe(true)
})
