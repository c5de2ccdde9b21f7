import { describe, expect, test } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { pathOf } from './path.ts'
import { prerequisites, unmet } from './prerequisites.ts'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'

const volume = kindNamed('BlockStorage') as Kind
const subnet = kindNamed('Subnet') as Kind
const nic = kindNamed('Nic') as Kind
const table = kindNamed('RouteTable') as Kind
const group = kindNamed('SecurityGroup') as Kind

test('nothing is missing', () => {
  const cache = testCache()
  expect(prerequisites(cache, volume, add(cache, 'BlockStorage', 'w', 'a', { sizeGB: 1, skuRef: { resource: 'RD100' } }))).toBeUndefined()
})

test('all that is missing is named, the gravest reason first', () => {
  const cache = testCache()
  const object = add(cache, 'BlockStorage', 'w', 'a', {
    sizeGB: 1,
    skuRef: { resource: 'rd500' },
    sourceImageRef: { resource: 'images/debian' },
  })
  expect(prerequisites(cache, volume, object)).toEqual({
    reason: 'ReferenceNotFound',
    message:
      'spec.skuRef: StorageSku "rd500" does not exist in region eu-1; spec.sourceImageRef: Image "debian" does not exist in region eu-1',
  })
})

test('a target has to be ready for a new object, and only there for an existing one', () => {
  const cache = testCache()
  add(cache, 'Network', 'w', 'net', {}, { state: 'creating', externalId: 'n' })
  add(cache, 'RouteTable', 'w', 'net.main', { network: 'net' }, ACTIVE)
  const spec = { network: 'net', zone: 'a', cidr: {}, routeTableRef: { resource: 'main' } }
  const problem = { reason: 'ReferenceNotReady', message: 'spec.network: Network "net" is creating' }
  expect(prerequisites(cache, subnet, add(cache, 'Subnet', 'w', 'net.a', spec))).toEqual(problem)
  expect(prerequisites(cache, subnet, add(cache, 'Subnet', 'w', 'net.b', spec, { externalId: 's' }))).toBeUndefined()
})

test('a public address may come late; a NIC that is made while it comes waits for it', () => {
  const cache = testCache()
  add(cache, 'Network', 'w', 'net', {}, ACTIVE)
  add(cache, 'Subnet', 'w', 'net.a', { network: 'net' }, ACTIVE)
  const spec = { subnetRef: { resource: 'networks/net/subnets/a' }, publicIpRefs: [{ resource: 'public-ips/late' }] }
  expect(prerequisites(cache, nic, add(cache, 'Nic', 'w', 'early', spec))).toBeUndefined()
  add(cache, 'PublicIp', 'w', 'late', {}, { state: 'creating' })
  const problem = { reason: 'ReferenceNotReady', message: 'spec.publicIpRefs[0]: PublicIp "late" is creating' }
  expect(prerequisites(cache, nic, add(cache, 'Nic', 'w', 'new', spec))).toEqual(problem)
  expect(prerequisites(cache, nic, add(cache, 'Nic', 'w', 'there', spec, { externalId: 'n' }))).toBeUndefined()
  const wrong = { ...spec, publicIpRefs: [{ resource: 'nics/early' }] }
  expect(prerequisites(cache, nic, add(cache, 'Nic', 'w', 'wrong', wrong))?.reason).toBe('InvalidReference')
})

test('what can never be resolved is final; what another object can make clear is waited for, with what to do', () => {
  const cache = testCache()
  const wrong = { skuRef: { resource: 'rd100' }, sourceImageRef: { resource: 'nics/x' } }
  expect(prerequisites(cache, volume, add(cache, 'BlockStorage', 'w', 'a', wrong))).toMatchObject({
    reason: 'InvalidReference',
    isFinal: true,
  })
  // In a namespace that is nobody's nothing resolves: that is told first, and can be put right by others.
  const misplaced = prerequisites(cache, volume, add(cache, 'BlockStorage', 'nowhere', 'a', wrong))
  expect([misplaced?.reason, misplaced?.isFinal]).toEqual(['NamespaceNotAssigned', undefined])
  for (const network of ['one', 'two']) add(cache, 'Subnet', 'w', `${network}.twin`, { network }, ACTIVE)
  const ambiguous = prerequisites(cache, nic, add(cache, 'Nic', 'w', 'n', { subnetRef: { resource: 'twin' } }))
  expect([ambiguous?.message, ambiguous?.isFinal]).toEqual([expect.stringContaining('name one, as in networks/'), undefined])
})

test('zone, region and workspace are checked', () => {
  const cache = testCache()
  add(cache, 'Network', 'w', 'net', {}, ACTIVE)
  add(cache, 'RouteTable', 'w', 'net.main', { network: 'net' }, ACTIVE)
  const zone = add(cache, 'Subnet', 'w', 'net.a', { network: 'net', zone: 'z', routeTableRef: { resource: 'main' } })
  expect(prerequisites(cache, subnet, zone)?.message).toBe('spec.zone: zone "z" does not exist in region eu-1, which has a, b')
  const first = add(cache, 'Subnet', 'w', 'net.b', { network: 'net', zone: '', routeTableRef: { resource: 'main' } })
  expect(prerequisites(cache, subnet, first)).toBeUndefined()
  addNamespace(cache, 'lost', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'lost' })
  const lost = add(cache, 'BlockStorage', 'lost', 'a', { skuRef: { resource: 'rd100' } })
  expect(prerequisites(cache, volume, lost)?.message).toBe('workspace: Workspace "lost" does not exist')
})

describe('what guards find', () => {
  const net = { network: 'net', zone: 'a', routeTableRef: { resource: 'main' } }
  const table = (cache: ReturnType<typeof testCache>) => add(cache, 'RouteTable', 'w', 'net.main', { network: 'net' }, ACTIVE)

  test('a subnet outside its network stalls; one that its network has no room for yet waits', () => {
    const cache = testCache()
    table(cache)
    const cidr = { ipv4: '10.0.0.0/16' }
    add(cache, 'Network', 'w', 'net', { cidr }, { ...ACTIVE, cidr })
    const object = add(cache, 'Subnet', 'w', 'net.a', { ...net, cidr: { ipv4: '10.8.1.0/24' } })
    expect(prerequisites(cache, subnet, object)).toEqual({
      reason: 'OutsideNetwork',
      message: 'spec.cidr.ipv4: 10.8.1.0/24 is not inside network "net", which has 10.0.0.0/16',
      isFinal: true,
    })
    const wider = { cidr, additionalCidrs: [{ ipv4: '10.8.0.0/16' }] }
    add(cache, 'Network', 'w', 'net', wider, { ...ACTIVE, cidr }, { generation: 2 })
    expect(prerequisites(cache, subnet, object)).toEqual({
      reason: 'ReferenceNotReady',
      message: 'spec.cidr.ipv4: 10.8.1.0/24 waits for network "net" to have 10.8.0.0/16',
    })
    add(cache, 'Network', 'w', 'net', wider, { ...ACTIVE, observedGeneration: 2, ...wider }, { generation: 2 })
    expect(prerequisites(cache, subnet, object)).toBeUndefined()
  })

  test('what is missing comes before what is wrong', () => {
    const cache = testCache()
    table(cache)
    add(cache, 'Network', 'w', 'net', { cidr: { ipv4: '10.0.0.0/16' } }, ACTIVE)
    const object = add(cache, 'Subnet', 'w', 'net.a', { ...net, zone: 'z', cidr: { ipv4: '10.8.1.0/24' } })
    expect(prerequisites(cache, subnet, object)).toEqual({
      reason: 'ReferenceNotFound',
      message: 'spec.zone: zone "z" does not exist in region eu-1, which has a, b',
    })
  })

  test('tenants and regions of an assignment are waited for; all else is accepted', () => {
    const cache = testCache()
    const assignment = kindNamed('RoleAssignment') as Kind
    const check = (spec: object) => prerequisites(cache, assignment, add(cache, 'RoleAssignment', 't', 'a', { subs: ['x'], ...spec }))
    expect(check({ roles: ['r'], scopes: [{ tenants: ['nobody', 'acme'], regions: ['mars'] }, { regions: ['mars', 'venus'] }] })).toEqual({
      reason: 'ReferenceNotFound',
      message: 'spec.scopes: tenant "nobody", region "mars", region "venus" not found',
      againMs: 30_000,
    })
    expect(check({ roles: ['*', 'seca.workspace.admin'], scopes: [{ workspaces: ['No Such'] }, { regions: ['*'] }] })).toBeUndefined()
    addNamespace(cache, 'o', { 'secapi.cloud/tenant': 'other' })
    expect(check({ roles: ['r'], scopes: [{ tenants: ['other'] }] })).toBeUndefined()
    const role = add(cache, 'Role', 't', 'r', { permissions: [{ provider: '*', resources: ['/'], verb: ['fly'] }] })
    expect(prerequisites(cache, kindNamed('Role') as Kind, role)).toBeUndefined()
  })

  test('an empty zone in a manifest is the first one', () => {
    const cache = testCache()
    add(cache, 'InstanceSku', undefined, 'eu-1.ds', {})
    add(cache, 'BlockStorage', 'w', 'boot', {}, ACTIVE)
    const spec = { zone: '', skuRef: { resource: 'ds' }, bootVolume: { deviceRef: { resource: 'boot' } } }
    expect(prerequisites(cache, kindNamed('Instance') as Kind, add(cache, 'Instance', 'w', 'i', spec))).toBeUndefined()
  })

  test('an object in the wrong place is told of that, not of zones of a region that is not its own', () => {
    const cache = testCache()
    expect(prerequisites(cache, subnet, add(cache, 'Subnet', 't', 'net.a', { ...net, zone: 'z', cidr: {} }))).toMatchObject({
      reason: 'NamespaceNotAssigned',
      message: expect.not.stringContaining('zone'),
    })
  })
})

test('without its workspace nothing goes on, not even with an object that is there: only the workspace knows the region', () => {
  const cache = testCache()
  addNamespace(cache, 'lost', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'lost' })
  const spec = { sizeGB: 1, skuRef: { resource: 'rd100' } }
  const problem = { reason: 'ReferenceNotFound', message: 'workspace: Workspace "lost" does not exist' }
  for (const status of [undefined, { ...ACTIVE, externalId: 'vol-1' }]) {
    const object = add(cache, 'BlockStorage', 'lost', 'a', spec, status)
    expect(prerequisites(cache, volume, object)).toMatchObject({
      reason: problem.reason,
      message: expect.stringContaining(problem.message),
    })
    expect(pathOf(cache, volume, object)).toBeUndefined()
  }
  // One that is there and not in order is no reason to stop.
  const workspace = add(cache, 'Workspace', 't', 'lost', {}, { state: 'error', externalId: 'prj-1' })
  const object = add(cache, 'BlockStorage', 'lost', 'a', spec, { ...ACTIVE, externalId: 'vol-1' })
  expect([workspace.metadata.name, prerequisites(cache, volume, object)]).toEqual(['lost', undefined])
})

test('what an object names is met once somebody has looked at it, whether the object waits for it or not', () => {
  const cache = testCache()
  const routes = [{ targetRef: { resource: 'internet-gateways/gw' } }, { targetRef: { resource: '10.0.0.1' } }]
  const object = add(cache, 'RouteTable', 'w', 'net.main', { network: 'net', routes })
  const reasonWith = (status: object | undefined) => {
    add(cache, 'InternetGateway', 'w', 'gw', {}, status)
    return unmet(cache, table, object)?.reason
  }
  expect(unmet(cache, table, object)).toMatchObject({
    reason: 'ReferenceNotFound',
    message: expect.stringContaining('spec.routes[0].targetRef'),
  })
  expect(reasonWith(undefined)).toBe('ReferenceNotReady')
  expect(reasonWith({ state: 'pending' })).toBe('ReferenceNotReady')
  expect(reasonWith({ state: 'creating', externalId: 'g' })).toBeUndefined()
  expect(reasonWith(ACTIVE)).toBeUndefined()
})

test('what was made here, or was in order once, has met what it names', () => {
  const cache = testCache()
  const spec = { network: 'net', routes: [{ targetRef: { resource: 'internet-gateways/gone' } }] }
  const isUnmet = (status: object) => unmet(cache, table, add(cache, 'RouteTable', 'w', 'net.main', spec, status)) !== undefined
  const found = { state: 'updating', externalId: 't' }
  expect([found, { ...found, history: [{ state: 'updating' }] }].map(isUnmet)).toEqual([true, true])
  expect([ACTIVE, { ...found, incarnation: 'n' }, { ...found, history: [{ state: 'active' }] }].map(isUnmet)).toEqual([false, false, false])
})

test('so is what is named by what it names, and no further', () => {
  const cache = testCache()
  add(cache, 'SecurityGroupRule', 'w', 'in', { direction: 'ingress', sourceRef: [{ resource: 'security-groups/other' }] }, ACTIVE)
  const object = add(cache, 'SecurityGroup', 'w', 'web', { ruleRefs: [{ resource: 'security-group-rules/in' }] })
  expect(unmet(cache, group, object)?.message).toMatch(/^spec\.ruleRefs\[0\]: spec\.sourceRef\[0\]: /)
  add(cache, 'SecurityGroup', 'w', 'other', { ruleRefs: [{ resource: 'security-group-rules/nowhere' }] }, ACTIVE)
  expect(unmet(cache, group, object)).toBeUndefined()
})
