import { describe, expect, it, test } from 'vitest'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Reference } from '../kinds/ref.ts'
import type { Resource } from '../kinds/resource.ts'
import { addresser, isNear } from './address.ts'

const cache = testCache()
addNamespace(cache, 'shared', { 'secapi.cloud/tenant': 'public', 'secapi.cloud/shared': 'true' })
addNamespace(cache, 'closed', { 'secapi.cloud/tenant': 'closed' })
add(cache, 'Region', undefined, 'it-1', { availableZones: ['x'] }, ACTIVE)

/** Reads a reference of a field of an object of tenant `acme` (workspace `prod`, network `net`, region `eu-1`). */
function read(kindName: string, path: string, reference: Reference | string) {
  const kind = kindNamed(kindName) as Kind
  const namespace = kind.scope === 'tenant' ? 't' : 'w'
  const from = { metadata: { name: 'net.x', namespace }, spec: { network: 'net' } } as unknown as Resource
  const rule = kind.references.find((field) => field.path.join('.') === path)!.rule
  return addresser(cache, kind, from)({ rule, reference: typeof reference === 'string' ? { resource: reference } : reference })
}

const URN = 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/boot'

describe('a volume of an instance', () => {
  it.each<Reference | string>([
    'boot',
    'block-storages/boot',
    'workspaces/prod/block-storages/boot',
    'tenants/acme/block-storages/boot',
    'seca.storage/v1/block-storages/boot',
    URN,
    { resource: 'boot', provider: 'seca.storage', tenant: 'acme', workspace: 'prod', region: 'eu-1' },
    { resource: URN, provider: 'seca.storage/v1', tenant: 'acme', workspace: 'prod', region: '' },
  ])('%j', (reference) => {
    const addressed = read('Instance', 'bootVolume.deviceRef', reference)
    expect(addressed).toMatchObject({ state: 'at', address: { tenant: 'acme', workspace: 'prod', name: 'boot', region: 'eu-1' } })
    expect(addressed.state === 'at' && isNear(addressed.address)).toBe(true)
  })

  it.each<[Reference | string, string]>([
    ['instances/boot', 'does not name a BlockStorage'],
    ['storage/boot', 'does not name a BlockStorage'],
    ['Block-Storages/boot', 'does not name a BlockStorage'],
    ['block-storages/Boot', 'cannot be the name of a block-storage'],
    [URN.toUpperCase(), 'is not a reference'],
    [URN.replace('/v1/', '/v9/'), 'does not name a BlockStorage'],
    [URN.replace('seca.storage', 'seca.compute'), 'does not name a BlockStorage'],
    [URN.replace('seca.storage', 'storage.secapi.cloud'), 'does not name a BlockStorage'],
    [{ resource: 'boot', provider: 'seca.compute/v1' }, 'does not name a BlockStorage'],
    [{ resource: 'boot', provider: 'seca.storage/v2' }, 'does not name a BlockStorage'],
    [{ resource: 'boot', region: 'mars' }, 'is in region mars, this object in eu-1'],
    [{ resource: 'boot', region: 'it-1' }, 'is in region it-1, this object in eu-1'],
    [{ resource: URN, tenant: 'closed' }, 'the field tenant says closed'],
    [{ resource: URN, workspace: 'other' }, 'the field workspace says other'],
    ['networks/net/block-storages/boot', 'a block-storage is not in networks; write block-storages/boot'],
    ['clusters/c/block-storages/boot', 'a block-storage is not in clusters'],
    ['workspaces/other/block-storages/boot', 'references do not leave their workspace'],
    ['tenants/closed/block-storages/boot', 'is in tenant closed: references do not leave their tenant'],
    ['tenants/nobody/block-storages/boot', 'is in tenant nobody: references do not leave their tenant'],
    ['tenants/public/block-storages/boot', 'is in tenant public: references do not leave their tenant'],
  ])('%j is refused', (reference, words) => {
    expect(read('Instance', 'bootVolume.deviceRef', reference)).toEqual({ state: 'invalid', message: expect.stringContaining(words) })
  })
})

test('an address is a name like any other where none is asked for', () => {
  expect(read('Instance', 'bootVolume.deviceRef', '10.0.0.1')).toMatchObject({ state: 'at', address: { name: '10.0.0.1' } })
})

describe('a SKU', () => {
  it.each<Reference | string>([
    'RD100',
    'skus/RD100',
    'storage-skus/rd100',
    'tenants/acme/skus/RD100',
    'tenants/seca/skus/rd100',
    'seca.storage/v1/tenants/seca/skus/RD100',
    { resource: 'skus/RD100', provider: 'seca.storage', tenant: 'acme', workspace: 'prod', region: 'eu-1' },
  ])('%j', (reference) => {
    expect(read('BlockStorage', 'skuRef', reference)).toMatchObject({ state: 'at', address: { name: 'rd100', workspace: undefined } })
  })

  it.each<[Reference | string, string]>([
    ['instance-skus/DS', 'does not name a StorageSku'],
    ['seca.compute/v1/tenants/acme/skus/rd100', 'does not name a StorageSku'],
    [{ resource: 'skus/rd100', region: 'it-1' }, 'is in region it-1, this object in eu-1'],
    ['tenants/closed/skus/rd100', 'is in tenant closed: references do not leave their tenant'],
    ['tenants/nobody/skus/rd100', 'is in tenant nobody: references do not leave their tenant'],
    ['workspaces/other/skus/rd100', 'names workspace other: a storage-sku is in none'],
    ['networks/net/skus/rd100', 'a storage-sku is not in networks'],
  ])('%j is refused', (reference, words) => {
    expect(read('BlockStorage', 'skuRef', reference)).toEqual({ state: 'invalid', message: expect.stringContaining(words) })
  })
})

test('images of the own tenant and of one that is open to all', () => {
  expect(read('BlockStorage', 'sourceImageRef', 'tenants/public/images/debian')).toMatchObject({
    address: { tenant: 'public', workspace: undefined },
  })
  expect(read('BlockStorage', 'sourceImageRef', { resource: 'images/golden', workspace: 'prod' })).toMatchObject({
    address: { tenant: 'acme' },
  })
  expect(read('BlockStorage', 'sourceImageRef', { resource: 'images/golden', workspace: 'other' })).toMatchObject({ state: 'invalid' })
})

test('an image says the workspace of its volume, which may be any of its tenant', () => {
  expect(read('Image', 'blockStorageRef', 'boot')).toMatchObject({ message: expect.stringContaining('does not say its workspace') })
  for (const reference of ['workspaces/other/block-storages/boot', { resource: 'boot', workspace: 'other' }]) {
    const addressed = read('Image', 'blockStorageRef', reference)
    expect(addressed).toMatchObject({ address: { tenant: 'acme', workspace: 'other' } })
    expect(addressed.state === 'at' && isNear(addressed.address)).toBe(false)
  }
})

describe('what is nested in a network', () => {
  it.each([
    ['Subnet', 'routeTableRef', 'main', 'net'],
    ['Subnet', 'routeTableRef', 'networks/other/route-tables/main', 'other'],
    ['Nic', 'subnetRef', 'subnets/front', undefined],
    ['Nic', 'subnetRef', 'networks/net/subnets/front.left', 'net'],
    ['Nic', 'subnetRef', 'networks/net/front', 'net'],
    ['SecurityGroup', 'rules.[].sourceRef.[]', 'networks/net/subnets/front', 'net'],
  ])('%s.%s %s', (kind, path, resource, parent) => {
    expect(read(kind, path, resource)).toMatchObject({ state: 'at', address: { parent } })
  })

  it.each([
    ['Nic', 'subnetRef', 'networks/n.b/subnets/c'],
    ['Nic', 'subnetRef', 'clusters/net/subnets/c'],
    ['Nic', 'subnetRef', 'networks/net/clusters/k/subnets/c'],
    ['Nic', 'subnetRef', 'networks//subnets/c'],
    ['SecurityGroup', 'rules.[].sourceRef.[]', 'networks/net/nics/a'],
    ['SecurityGroup', 'rules.[].sourceRef.[]', 'networks/n.b'],
  ])('%s.%s %s is refused', (kind, path, resource) => {
    expect(read(kind, path, resource)).toMatchObject({ state: 'invalid' })
  })
})

test.each<[Reference | string, string]>([
  ['10.0.0.1', 'literal'],
  ['fd00::1', 'literal'],
  ['10.0.0.0/8', 'literal'],
  ['fd00::/64', 'literal'],
  [{ resource: '10.0.0.0/8', tenant: 'acme', workspace: 'prod', region: 'eu-1' }, 'literal'],
  [{ resource: '10.0.0.0/8', tenant: 'closed' }, 'invalid'],
  [{ resource: '10.0.0.0/8', region: 'mars' }, 'invalid'],
  [{ resource: '10.0.0.0/8', tenant: 'a/' }, 'invalid'],
  [{ resource: '10.0.0.0/8', provider: 'seca.network' }, 'invalid'],
  ['10.0.0.0/33', 'invalid'],
  ['10.0.0.0/8/x', 'invalid'],
  ['10.0.0.0/subnets/x', 'invalid'],
  ['fe80::1%eth0', 'invalid'],
])('an address in place of a reference: %j', (reference, state) => {
  expect(read('SecurityGroup', 'rules.[].sourceRef.[]', reference).state).toBe(state)
})
