import { expect, test } from 'vitest'
import { BlockStorage, Image, Instance, kindNamed, Nic, RouteTable } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'
import { referencesOf, resolveReference } from './references.ts'
import { regionOf } from './region.ts'

const cache = testCache()
add(cache, 'BlockStorage', 'w', 'boot', { sizeGB: 1, skuRef: { resource: 'rd100' } }, ACTIVE)
add(cache, 'Network', 'w', 'net', {}, ACTIVE)
add(cache, 'Subnet', 'w', 'net.front', { network: 'net' }, ACTIVE)
add(cache, 'Subnet', 'w', 'one.twin', { network: 'one' }, ACTIVE)
add(cache, 'Subnet', 'w', 'two.twin', { network: 'two' }, ACTIVE)
add(cache, 'Image', 't', 'golden', {}, ACTIVE)
addNamespace(cache, 'public', { 'secapi.cloud/tenant': 'public', 'secapi.cloud/shared': 'true' })
addNamespace(cache, 'closed', { 'secapi.cloud/tenant': 'closed' })
add(cache, 'Image', 'public', 'debian', {}, ACTIVE)
add(cache, 'Image', 'closed', 'secret', {}, ACTIVE)
add(cache, 'StorageSku', undefined, 'eu-1.private', { region: 'eu-1', tenants: ['other'] })

function resolve(kind: Kind, namespace: string, path: string, resource: string, spec: object = {}) {
  const object = { metadata: { name: 'net.main', namespace }, spec } as unknown as Resource
  const field = kind.references.find((one) => one.path.join('.') === path)
  if (field === undefined) throw new Error(`${kind.kind} has no reference at ${path}`)
  const found = resolveReference(cache, kind, object, { reference: { resource }, rule: field.rule })
  return found.state === 'found' ? found.key : found.state === 'missing' ? `missing ${found.keys.join(',')}` : found.state
}

test.each([
  ['boot', 'w/boot'],
  ['block-storages/boot', 'w/boot'],
  ['workspaces/prod/block-storages/boot', 'w/boot'],
  ['seca.storage/v1/tenants/acme/workspaces/prod/block-storages/boot', 'w/boot'],
  ['nothing', 'missing w/nothing'],
  ['instances/boot', 'invalid'],
  ['seca.compute/v1/tenants/acme/workspaces/prod/block-storages/boot', 'invalid'],
  ['workspaces/other/block-storages/boot', 'invalid'],
  ['tenants/closed/workspaces/prod/block-storages/boot', 'invalid'],
])('a volume named %s', (resource, expected) => {
  expect(resolve(Instance as unknown as Kind, 'w', 'bootVolume.deviceRef', resource)).toBe(expected)
})

test.each([
  ['RD100', 'eu-1.rd100'],
  ['skus/RD100', 'eu-1.rd100'],
  ['storage-skus/RD100', 'eu-1.rd100'],
  ['tenants/seca/skus/rd100', 'eu-1.rd100'],
  ['private', 'missing eu-1.private'],
  ['rd500', 'missing eu-1.rd500'],
])('a SKU named %s', (resource, expected) => {
  expect(resolve(BlockStorage as unknown as Kind, 'w', 'skuRef', resource)).toBe(expected)
})

test.each([
  ['golden', 't/golden'],
  ['tenants/public/images/debian', 'public/debian'],
  ['tenants/closed/images/secret', 'invalid'],
])('an image named %s: own tenant, or one opened to all', (resource, expected) => {
  expect(resolve(BlockStorage as unknown as Kind, 'w', 'sourceImageRef', resource)).toBe(expected)
})

test('an image has to say the workspace of its volume', () => {
  expect(resolve(Image as unknown as Kind, 't', 'blockStorageRef', 'boot')).toBe('invalid')
  expect(resolve(Image as unknown as Kind, 't', 'blockStorageRef', 'workspaces/prod/block-storages/boot')).toBe('w/boot')
  expect(resolve(Image as unknown as Kind, 't', 'blockStorageRef', 'workspaces/gone/block-storages/boot')).toBe('missing ')
})

test('the network of a subnet may be left out while only one has it', () => {
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'front')).toBe('w/net.front')
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'networks/two/subnets/twin')).toBe('w/two.twin')
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'twin')).toBe('invalid')
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'later')).toBe('missing w/*.later')
})

test('a route may lead to an address', () => {
  expect(resolve(RouteTable as unknown as Kind, 'w', 'routes.[].targetRef', '10.0.0.7')).toBe('literal')
  expect(resolve(RouteTable as unknown as Kind, 'w', 'routes.[].targetRef', 'instances/router')).toBe('missing w/router')
})

test('references are found wherever they stand', () => {
  const spec = {
    skuRef: { resource: 'a' },
    bootVolume: { deviceRef: { resource: 'b' } },
    dataVolumes: [{ deviceRef: { resource: 'c' } }, { deviceRef: { resource: 'd' } }],
  }
  const found = referencesOf(Instance as unknown as Kind, { spec } as unknown as Resource)
  expect(found.map(({ path, reference }) => `${path}=${reference.resource}`).toSorted()).toEqual([
    'bootVolume.deviceRef=b',
    'dataVolumes[0].deviceRef=c',
    'dataVolumes[1].deviceRef=d',
    'skuRef=a',
  ])
})

test('a region comes from the object, its workspace, or the default', () => {
  add(cache, 'Workspace', 't', 'prod', { region: 'de-1' }, ACTIVE, { generation: 2 })
  const volume = { metadata: { namespace: 'w' }, spec: {} } as unknown as Resource
  expect(regionOf(cache, kindNamed('BlockStorage') as Kind, volume)).toBe('de-1')
  expect(
    regionOf(cache, kindNamed('Image') as Kind, { metadata: { namespace: 't' }, spec: { region: 'fr-1' } } as unknown as Resource),
  ).toBe('fr-1')
  expect(regionOf(cache, kindNamed('Image') as Kind, { metadata: { namespace: 't' }, spec: {} } as unknown as Resource)).toBe('eu-1')
})
