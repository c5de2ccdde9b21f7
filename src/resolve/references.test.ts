import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockStorage, Image, Instance, kindNamed, Nic, RouteTable } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'
import { edgesOf } from './edges.ts'
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
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'twin')).toBe('ambiguous')
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'later')).toBe('missing w/*.later')
})

const at = (kind: Kind, namespace: string, path: string, resource: string) => {
  const { rule } = kind.references.find((field) => field.path[0] === path)!
  const from = { metadata: { name: 'x', namespace }, spec: { [path]: { resource } } } as unknown as Resource
  return { found: resolveReference(cache, kind, from, { reference: { resource }, rule }), edges: edgesOf(cache, kind, from) }
}

test('a subnet that several networks have is not guessed, and waited for', () => {
  const { found, edges } = at(Nic as unknown as Kind, 'w', 'subnetRef', 'twin')
  expect(found).toMatchObject({
    state: 'ambiguous',
    parents: ['one', 'two'],
    // It shows in the status of the NIC, which more people see than may see those networks.
    message: 'Subnet "twin" is in several networks: name one, as in networks/<name>/subnets/twin',
  })
  expect(edges).toContainEqual({ to: { kind: 'Subnet', key: 'w/*.twin' }, holds: false, steers: true, path: 'subnetRef' })
  // The network of a subnet `b.c` is not `a.b`.
  add(cache, 'Subnet', 'w', 'a.b.c', { network: 'a' }, ACTIVE)
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'networks/a/subnets/b.c')).toBe('w/a.b.c')
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'subnets/b.c')).toBe('w/a.b.c')
  expect(resolve(Nic as unknown as Kind, 'w', 'subnetRef', 'networks/a.b/subnets/c')).toBe('invalid')
})

test('what is in another region, or in a workspace of one, is missing in the same words as what is nowhere', () => {
  addNamespace(cache, 'far', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'lab' })
  add(cache, 'Workspace', 't', 'lab', { region: 'it-1' }, ACTIVE)
  add(cache, 'BlockStorage', 'far', 'disk', {}, ACTIVE)
  add(cache, 'Image', 't', 'roman', { region: 'it-1' }, ACTIVE)
  const volume = (workspace: string) =>
    at(Image as unknown as Kind, 't', 'blockStorageRef', `workspaces/${workspace}/block-storages/disk`).found
  const message = (workspace: string) => `BlockStorage "disk" does not exist in workspace "${workspace}" in region eu-1`
  expect(volume('lab')).toMatchObject({ state: 'missing', keys: ['far/disk'], region: 'it-1', message: message('lab') })
  expect(volume('prod')).toMatchObject({ state: 'missing', keys: ['w/disk'], message: message('prod') })
  expect(volume('none')).toMatchObject({ state: 'missing', keys: [], message: message('none') })
  const image = (name: string) => at(BlockStorage as unknown as Kind, 'w', 'sourceImageRef', `images/${name}`)
  expect(image('roman').found).toMatchObject({ state: 'missing', region: 'it-1', message: 'Image "roman" does not exist in region eu-1' })
  expect(image('none').found).toMatchObject({ state: 'missing', message: 'Image "none" does not exist in region eu-1' })
  expect(image('roman').edges).toContainEqual({ to: { kind: 'Image', key: 't/roman' }, holds: false, path: 'sourceImageRef' })
})

test('a subnet without its network is found like by a walk through all of them', () => {
  const label = fc.constantFrom('a', 'b', 'c')
  const subnets = fc.uniqueArray(fc.record({ network: label, name: fc.constantFrom('a', 'b', 'a.b', 'b.a') }), {
    selector: ({ network, name }) => `${network}.${name}`,
  })
  fc.assert(
    fc.property(subnets, fc.subarray([0, 1, 2, 3]), fc.constantFrom('a', 'b', 'a.b', 'b.a'), (all, gone, name) => {
      const cache = testCache()
      const objects = all.map((one) => add(cache, 'Subnet', 'w', `${one.network}.${one.name}`, { network: one.network }, ACTIVE))
      for (const index of gone) if (objects[index]) cache.store('Subnet').remove(objects[index])
      const matches = all.filter((one, index) => !gone.includes(index) && one.name === name)
      const { rule } = Nic.references.find(({ path }) => path[0] === 'subnetRef')!
      const from = { metadata: { namespace: 'w' } } as unknown as Resource
      const found = resolveReference(cache, Nic as unknown as Kind, from, { reference: { resource: `subnets/${name}` }, rule })
      expect(found.state).toBe(matches.length === 0 ? 'missing' : matches.length === 1 ? 'found' : 'ambiguous')
      expect(found.state === 'found' && found.key).toBe(matches.length === 1 && `w/${matches[0]!.network}.${name}`)
    }),
  )
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
