import { expect, test } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { prerequisites } from './prerequisites.ts'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'

const volume = kindNamed('BlockStorage') as Kind
const subnet = kindNamed('Subnet') as Kind
const nic = kindNamed('Nic') as Kind

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
    message: 'spec.skuRef: StorageSku "rd500" does not exist in region eu-1; spec.sourceImageRef: Image "debian" does not exist',
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
