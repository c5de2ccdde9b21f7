import { expect, test } from 'vitest'
import type { Desired, Other } from '../../src/provider/contract.ts'
import { groupInNetwork, nicsOf, portOf, serverWithPorts, WITHOUT } from './parts.ts'

const other = (kind: string, name: string, more: Partial<Other> = {}): Other => ({
  path: { api: 'a', tenant: 't', region: 'r', kind, name },
  externalId: `${kind}-${name}`,
  tagKey: `key-${name}`,
  spec: {},
  status: {},
  state: 'active',
  isReady: true,
  targets: {},
  ...more,
})
const net = other('Network', 'net')
const subnet = other('Subnet', 'sub', { parent: net })
const nic = (name: string, more: Partial<Other> = {}) => other('Nic', name, { targets: { subnetRef: subnet }, ...more })
const desired = (spec: object, more: object) => ({ spec, targets: {}, holders: [], ...more }) as unknown as Desired<never>
const context = { signal: new AbortController().signal }

test('a port is made of what its NIC names, and not before all of that is there', () => {
  const spec = { subnetRef: {}, securityGroupRefs: [{}], addresses: ['10.0.0.5'] }
  const group = other('SecurityGroup', 'web')
  const targets = { subnetRef: subnet, 'securityGroupRefs[0]': group }
  expect(portOf(nic('a', { spec, targets }))).toMatchObject({
    segment: 'Subnet-sub',
    addresses: ['10.0.0.5'],
    firewalls: ['SecurityGroup-web'],
  })
  const missing = { ...targets, 'securityGroupRefs[0]': { ...group, externalId: undefined } }
  expect(() => portOf(nic('a', { spec, targets: missing }))).toThrow('SecurityGroup web of NIC a is not in the cloud yet')
  expect(() => portOf(nic('a', { spec, targets: {} }))).toThrow('of NIC a is not in the cloud yet')
})

test('a group is a part until a NIC, or an instance with one, uses it, and is made in the network of that', () => {
  const holder = (one: Other, field: string) => ({ ...one, field })
  const vm = other('Instance', 'vm', { targets: { primaryNicRef: nic('a') } })
  const of = (...holders: object[]) => desired({}, { holders, workspace: other('Workspace', 'w') })
  expect(groupInNetwork.part?.(of())).toContain('is made in the network of')
  expect([
    groupInNetwork.initial?.(of(holder(nic('a'), 'securityGroupRefs[0]'))),
    groupInNetwork.initial?.(of(holder(vm, 'securityGroupRef'))),
    groupInNetwork.part?.(of(holder(vm, 'securityGroupRef'))),
  ]).toEqual([{ vpc: 'Network-net' }, { vpc: 'Network-net' }, undefined])
})

test('ports are as wanted when they are those of the NICs, in whatever order; a NIC without an id leaves it open', () => {
  const spec = { primaryNicRef: {}, additionalNicRefs: [{}] }
  const wanted = (one: Other, two: Other) => desired(spec, { targets: { primaryNicRef: one, 'additionalNicRefs[0]': two } })
  const isMet = (ports: string[], two: Other = nic('b')) =>
    serverWithPorts.wants['primaryNicRef']?.isMet?.({ ports } as never, wanted(nic('a'), two), {})
  expect(nicsOf(wanted(nic('a'), nic('b'))).map(({ path }) => path.name)).toEqual(['a', 'b'])
  expect([isMet(['Nic-b', 'Nic-a']), isMet(['Nic-a']), isMet(['Nic-a', 'Nic-b', 'x'])]).toEqual([true, false, false])
  expect(isMet(['Nic-a', 'Nic-b'], nic('b', { externalId: undefined }))).toBe(false)
})

test('a default route through a gateway is there, any other is told as an error of its own', async () => {
  const spec = {
    routes: [
      { destinationCidrBlock: '0.0.0.0/0', targetRef: {} },
      { destinationCidrBlock: '10.9.0.0/16', targetRef: {} },
    ],
  }
  const targets = { 'routes[0].targetRef': other('InternetGateway', 'gw'), 'routes[1].targetRef': other('InternetGateway', 'gw') }
  const seen = await WITHOUT['RouteTable']?.observe(desired(spec, { targets }), context)
  expect(seen).toMatchObject({ drift: [], part: 'this cloud routes by itself' })
  expect(Object.keys(seen?.items ?? {})).toEqual(['routes[1]'])
})
