import { describe, expect, test } from 'vitest'
import type { Unmanaged } from '../../provider/contract.ts'
import { leftOut, toId, toSku } from '../../provider/unmanaged.ts'
import { manifestsOf } from './manifests.ts'
import { group, network, server, TARGET, volume } from './testing.ts'

const to = (resource: string) => ({ resource })

const FOUND: readonly Unmanaged[] = [
  volume('v1', 'Web Server: boot'),
  network('n1', 'main'),
  { kind: 'InternetGateway', name: 'internet', spec: { egressOnly: false } },
  {
    kind: 'RouteTable',
    externalId: 'r1',
    name: 'router',
    parentId: 'n1',
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: toId('InternetGateway', 'internet') }] },
  },
  {
    kind: 'Subnet',
    externalId: 's1',
    name: 'main',
    parentId: 'n1',
    spec: { cidr: { ipv4: '10.0.0.0/24' }, zone: '', routeTableRef: toId('RouteTable', 'r1') },
  },
  leftOut({ kind: 'Subnet', externalId: 's2', name: 'alone', parentId: 'n1' }, 'it is in no router'),
  {
    kind: 'Nic',
    externalId: 'p1',
    name: 'web',
    spec: { subnetRef: toId('Subnet', 's1'), securityGroupRefs: [toId('SecurityGroup', 'g1'), toId('SecurityGroup', 'gone')] },
  },
  { kind: 'Nic', externalId: 'p2', name: 'web', spec: { subnetRef: toId('Subnet', 's2') } },
  { kind: 'Nic', externalId: 'p3', name: 'web', spec: { subnetRef: toId('Subnet', 's1') } },
  // After those that name it.
  group('g1', 'web', [{ direction: 'ingress', sourceRef: [toId('SecurityGroup', 'g1')] }]),
  server('i1', 'v1', { primaryNicRef: toId('Nic', 'p3') }),
]

describe('manifestsOf', () => {
  const { manifests, remarks } = manifestsOf(FOUND, TARGET)
  const of = (kind: string, name: string) => manifests.find((one) => one.kind === kind && one.metadata.name === name)

  test('the workspace comes first, and names are made so that they can be kept', () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Namespace seca-acme--prod',
      'Workspace prod',
      'BlockStorage web-server-boot',
      'Network main',
      'InternetGateway internet',
      'RouteTable main.router',
      'Subnet main.main',
      'Nic web',
      'Nic web-2',
      'SecurityGroup web',
      'Instance web',
    ])
  })

  test('each names its cloud object, and is only looked at', () => {
    expect(of('Instance', 'web')?.metadata.annotations).toEqual({ 'secapi.cloud/external-id': 'i1', 'secapi.cloud/drift': 'Observe' })
    expect(of('InternetGateway', 'internet')?.metadata.annotations).toBeUndefined()
    const enforced = manifestsOf(FOUND, { ...TARGET, isObserved: false }).manifests.at(-1)
    expect(enforced?.metadata.annotations).toEqual({ 'secapi.cloud/external-id': 'i1' })
  })

  test('references, parents, zones and SKUs are written as SECA does', () => {
    expect(of('Subnet', 'main.main')?.spec).toMatchObject({ network: 'main', routeTableRef: to('networks/main/route-tables/router') })
    expect(of('RouteTable', 'main.router')?.spec).toMatchObject({ routes: [{ targetRef: to('internet-gateways/internet') }] })
    expect(of('Nic', 'web')?.spec).toEqual({
      subnetRef: to('networks/main/subnets/main'),
      securityGroupRefs: [to('security-groups/web')],
    })
    expect(of('Instance', 'web')?.spec).toEqual({
      skuRef: to('skus/small'),
      zone: 'a',
      bootVolume: { deviceRef: to('block-storages/web-server-boot'), type: 'virtio' },
      primaryNicRef: to('nics/web-2'),
    })
    expect(of('Network', 'main')?.spec).toMatchObject({ skuRef: to('skus/n1k') })
    expect(of('SecurityGroup', 'web')?.spec).toEqual({ rules: [{ direction: 'ingress', sourceRef: [to('security-groups/web')] }] })
  })

  test('what cannot be taken over is told, with what needs it', () => {
    expect(remarks).toEqual([
      'Subnet "alone" (s2) is left out: it is in no router',
      'Nic "web" (p2) is left out: so is Subnet s2, which it needs',
      'Nic "web" (p1): names SecurityGroup gone, which is left out: enforced, it does without',
    ])
  })
})

describe('what is left out', () => {
  const written = (...found: readonly Unmanaged[]) => {
    const { manifests, remarks } = manifestsOf(found, TARGET)
    return { specs: manifests.slice(2).map(({ kind, spec }) => [kind, spec]), remarks }
  }
  const ingress = (...sources: readonly string[]) => ({ direction: 'ingress', sourceRef: sources.map((id) => toId('SecurityGroup', id)) })

  test('a rule whose sources are all left out goes with them: without any, it would let in everybody', () => {
    const { specs, remarks } = written(group('g1', 'web', [ingress('default'), ingress('g1', 'default'), { direction: 'egress' }]))
    expect(specs).toEqual([
      ['SecurityGroup', { rules: [{ direction: 'ingress', sourceRef: [to('security-groups/web')] }, { direction: 'egress' }] }],
    ])
    expect(remarks[0]).toContain('names SecurityGroup default, which is left out')
  })

  test('a server goes with any of its volumes: enforced, that would be detached', () => {
    const data = { dataVolumes: [{ deviceRef: toId('BlockStorage', 'elsewhere'), type: 'virtio' }] }
    const { specs, remarks } = written(volume('v1', 'boot'), server('i1', 'v1', data))
    expect(specs.map(([kind]) => kind)).toEqual(['BlockStorage'])
    expect(remarks).toEqual(['Instance "web" (i1) is left out: so is BlockStorage elsewhere, which it needs'])
  })

  test('a NIC goes with the last of its groups: without one, some clouds let everything in', () => {
    const port = { subnetRef: toId('Subnet', 's1'), securityGroupRefs: [toId('SecurityGroup', 'gone')] }
    expect(written({ kind: 'Nic', externalId: 'p1', name: 'p', spec: port }).specs).toEqual([])
  })

  test('what SECA cannot say is no manifest that is refused later', () => {
    const empty = { ...volume('v1', 'boot'), spec: { sizeGB: 0, skuRef: toSku('StorageSku', {}) } }
    const { specs, remarks } = written(empty, server('i1', 'v1'))
    expect(specs).toEqual([])
    expect(remarks[0]).toContain('BlockStorage "boot" (v1) is left out: SECA cannot say it: sizeGB: ')
    expect(manifestsOf([empty], TARGET).manifests).toEqual([])
  })

  test('a text of the cloud that looks like a reference is a text', () => {
    const [, [, spec] = []] = written(volume('v1', 'boot'), server('i1', 'v1', { antiAffinityGroup: '@Nic/none' })).specs
    expect(spec).toMatchObject({ antiAffinityGroup: '@Nic/none' })
  })

  test('two servers may have one volume, and one id is one object', () => {
    const data = (id: string) =>
      server(id, id === 'i1' ? 'v1' : 'v2', { dataVolumes: [{ deviceRef: toId('BlockStorage', 'v3'), type: 'virtio' }] })
    const volumes = ['v1', 'v2', 'v3', 'v3'].map((id) => volume(id, id))
    expect(written(...volumes, data('i1'), data('i2')).specs.map(([kind]) => kind)).toEqual([
      'BlockStorage',
      'BlockStorage',
      'BlockStorage',
      'Instance',
      'Instance',
    ])
  })
})

describe('SKUs', () => {
  test('what no SKU stands for is left out, unless the cloud has a name for it', () => {
    const odd = { ...volume('v1', 'odd'), spec: { sizeGB: 5, skuRef: toSku('StorageSku', { iops: 7, type: 'remote-durable' }) } }
    const named = { ...volume('v2', 'named'), spec: { sizeGB: 5, skuRef: toSku('StorageSku', { name: 'slow' }) } }
    const { manifests, remarks } = manifestsOf([odd, named], TARGET)
    expect(manifests.at(-1)?.spec).toEqual({ sizeGB: 5, skuRef: to('skus/slow') })
    expect(remarks).toEqual([
      'BlockStorage "odd" (v1) is left out: region "eu-1" has no StorageSku with iops 7 and type remote-durable: make one, and run import again',
      'BlockStorage "named" (v2): region "eu-1" has no StorageSku with name slow: make one, or name another one in the manifest',
    ])
  })
})

describe('images', () => {
  const image = (blockStorageRef?: { resource: string }): Unmanaged => ({
    kind: 'Image',
    externalId: 'img',
    name: 'golden',
    spec: { cpuArchitecture: 'amd64', boot: 'UEFI', initializer: 'none', ...(blockStorageRef && { blockStorageRef }) },
  })

  test('an image of a volume that is taken over names it, from the tenant', () => {
    const { manifests } = manifestsOf([volume('v1', 'boot'), image(toId('BlockStorage', 'v1'))], { ...TARGET, isObserved: false })
    expect(manifests.at(-1)).toMatchObject({
      metadata: { namespace: 'seca-acme', annotations: { 'secapi.cloud/external-id': 'img' } },
      spec: { region: 'eu-1', blockStorageRef: to('workspaces/prod/block-storages/boot') },
    })
  })

  test.each([[undefined], [toId('BlockStorage', 'gone')]])('one of another, %j, is borrowed, also where all is enforced', (source) => {
    const { manifests, remarks } = manifestsOf([image(source)], { ...TARGET, isObserved: false })
    expect(manifests.at(-1)).toMatchObject({
      metadata: { annotations: { 'secapi.cloud/external-id': 'img', 'secapi.cloud/drift': 'Observe' } },
      spec: { blockStorageRef: to('catalog') },
    })
    expect(remarks[0]).toContain('the volume that it was made of is not known')
  })
})

describe('beside what is there already', () => {
  const held = (kind: string, name: string, isHere = true, parent?: string) => ({
    kind,
    name,
    isHere,
    parent,
    namespace: isHere ? 'seca-acme--prod' : 'seca-b',
  })
  const known = {
    held: new Map([
      ['BlockStorage/v1', held('BlockStorage', 'old')],
      ['Subnet/s1', held('Subnet', 'front', true, 'main')],
      ['BlockStorage/v9', held('BlockStorage', 'theirs', false)],
    ]),
    taken: new Set(['BlockStorage/old', 'Instance/web', 'Subnet/main.front']),
  }
  const nic: Unmanaged = { kind: 'Nic', externalId: 'p1', name: 'web', spec: { subnetRef: toId('Subnet', 's1') } }
  const { manifests, remarks } = manifestsOf([volume('v1', 'boot'), volume('v9', 'x'), nic, server('i1', 'v1')], {
    ...TARGET,
    known,
    isThere: true,
  })

  test('what is written comes beside it, refers to it, and takes none of its names', () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Nic web', 'Instance web-2'])
    expect(manifests[0]?.spec).toEqual({ subnetRef: to('networks/main/subnets/front') })
    expect(manifests[1]?.spec).toMatchObject({ bootVolume: { deviceRef: to('block-storages/old') } })
  })

  test("another tenant's is left out", () => {
    expect(remarks).toEqual(['BlockStorage "x" (v9) is left out: it is BlockStorage "theirs" of namespace seca-b already'])
  })
})

test('the workspace is taken over, where the cloud has one', () => {
  const { manifests } = manifestsOf([], TARGET, { kind: 'Workspace', externalId: 'prj', name: 'shop', spec: {} })
  expect(manifests.map(({ metadata }) => metadata.annotations)).toEqual([
    undefined,
    { 'secapi.cloud/external-id': 'prj', 'secapi.cloud/drift': 'Observe' },
  ])
})
