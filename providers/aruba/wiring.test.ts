import { describe, expect, test } from 'vitest'
import type { Desired } from '../../src/provider/contract.ts'
import { flavorFor } from './flavors.ts'
import { wiringOf } from './wiring.ts'

const VPC = '/projects/p/providers/Aruba.Network/vpcs/v'
const network = (key: string) => ({ tagKey: key, externalId: VPC })
const subnet = (key: string, net = 'n') => ({ tagKey: key, externalId: `${VPC}/subnets/${key}`, parent: network(net) })
const group = (key: string, vpc = VPC) => ({ tagKey: key, externalId: `${vpc}/securityGroups/${key}` })
const ip = (key: string) => ({ externalId: `/projects/p/providers/Aruba.Network/elasticIps/${key}` })

interface Parts {
  readonly subnetRef?: object
  readonly groups?: readonly object[]
  readonly ips?: readonly object[]
}

function nic({ subnetRef = subnet('s'), groups = [], ips = [] }: Parts) {
  const list = (field: string, all: readonly object[]) => Object.fromEntries(all.map((one, i) => [`${field}[${i}]`, one]))
  return {
    spec: { securityGroupRefs: groups.map(() => ({})), publicIpRefs: ips.map(() => ({})) },
    targets: { subnetRef, ...list('securityGroupRefs', groups), ...list('publicIpRefs', ips) },
  }
}

const desired = (nics: readonly object[], securityGroupRef?: object) =>
  ({
    spec: { additionalNicRefs: nics.slice(1).map(() => ({})) },
    targets: {
      ...(nics[0] === undefined ? {} : { primaryNicRef: nics[0] }),
      ...Object.fromEntries(nics.slice(1).map((one, i) => [`additionalNicRefs[${i}]`, one])),
      ...(securityGroupRef === undefined ? {} : { securityGroupRef }),
    },
  }) as unknown as Desired<never>

describe('an instance', () => {
  test('is connected with what its NICs name, and with its own group where they name none', () => {
    expect(wiringOf(desired([nic({ ips: [ip('e')] }), nic({ subnetRef: subnet('t') })], group('g')))).toEqual({
      vpc: VPC,
      subnets: [`${VPC}/subnets/s`, `${VPC}/subnets/t`],
      groups: [`${VPC}/securityGroups/g`],
      elasticIps: [ip('e').externalId],
    })
  })

  test('waits for what has no copy in its VPC yet', () => {
    expect(wiringOf(desired([nic({})], group('g', `${VPC}2`)))).toMatchObject({ groups: undefined, subnets: [`${VPC}/subnets/s`] })
  })

  test.each([
    ['no NIC', [], 'needs a NIC'],
    ['two networks', [nic({ groups: [group('g')] }), nic({ subnetRef: subnet('t', 'm'), groups: [group('g')] })], 'in one network'],
    ['two NICs in a subnet', [nic({ groups: [group('g')] }), nic({ groups: [group('g')] })], 'one NIC in a subnet'],
    ['two public IPs', [nic({ groups: [group('g')], ips: [ip('a'), ip('b')] })], 'one public IP'],
    [
      'NICs with different groups',
      [nic({ groups: [group('g')] }), nic({ subnetRef: subnet('t'), groups: [group('h')] })],
      'the same groups',
    ],
    ['no group', [nic({})], 'needs a security group'],
  ])('with %s is refused with words', (_what, nics, words) => {
    expect(wiringOf(desired(nics)).refused).toContain(words)
  })
})

test('a flavor has exactly the size of its SKU, or is named, or the sizes that there are are told', () => {
  expect([flavorFor({ name: 'a', vCPU: 2, ram: 4 }, {}), flavorFor({ name: 'a', vCPU: 1, ram: 1 }, { a: 'CSO1A2' })]).toEqual([
    'CSO2A4',
    'CSO1A2',
  ])
  expect(() => flavorFor({ name: 'a', vCPU: 1, ram: 1 }, {})).toThrow(/1\/2, 1\/4, 2\/4/)
})
