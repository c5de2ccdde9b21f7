import { describe, expect, test } from 'vitest'
import type { Unmanaged } from '../../provider/contract.ts'
import { label, manifestsOf, type Target } from './manifests.ts'

const TARGET: Target = {
  tenant: 'acme',
  workspace: 'prod',
  home: 'seca-acme',
  space: 'seca-acme--prod',
  region: 'eu-1',
  zones: { nova: 'a' },
  networkSku: 'n1k',
  isObserved: true,
}
const to = (resource: string) => ({ resource })

const FOUND: readonly Unmanaged[] = [
  { kind: 'BlockStorage', externalId: 'v1', name: 'Web Server: boot', spec: { sizeGB: 5, skuRef: to('skus/fast') } },
  { kind: 'Network', externalId: 'n1', name: 'main', spec: { cidr: { ipv4: '10.0.0.0/24' }, skuRef: to('@NetworkSku/any') } },
  { kind: 'InternetGateway', name: 'internet', spec: {} },
  {
    kind: 'RouteTable',
    externalId: 'r1',
    name: 'router',
    parentId: 'n1',
    spec: { routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('@InternetGateway/internet') }] },
  },
  {
    kind: 'Subnet',
    externalId: 's1',
    name: 'main',
    parentId: 'n1',
    spec: { cidr: { ipv4: '10.0.0.0/24' }, zone: '', routeTableRef: to('@RouteTable/r1') },
  },
  { kind: 'Subnet', externalId: 's2', name: 'alone', parentId: 'n1', spec: {}, isLeftOut: true, remarks: ['it is in no router'] },
  { kind: 'Nic', externalId: 'p1', name: 'web', spec: { subnetRef: to('@Subnet/s1'), securityGroupRefs: [to('@SecurityGroup/gone')] } },
  { kind: 'Nic', externalId: 'p2', name: 'web', spec: { subnetRef: to('@Subnet/s2') } },
  { kind: 'Nic', externalId: 'p3', name: 'web', spec: { subnetRef: to('@Subnet/s1') } },
  {
    kind: 'Instance',
    externalId: 'i1',
    name: 'web',
    spec: { zone: 'nova', bootVolume: { deviceRef: to('@BlockStorage/v1') }, primaryNicRef: to('@Nic/p3') },
  },
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
    expect(of('Nic', 'web-2')?.spec).toEqual({ subnetRef: to('networks/main/subnets/main') })
    expect(of('Instance', 'web')?.spec).toEqual({
      zone: 'a',
      bootVolume: { deviceRef: to('block-storages/web-server-boot') },
      primaryNicRef: to('nics/web-2'),
    })
    expect(of('Network', 'main')?.spec).toMatchObject({ skuRef: to('skus/n1k') })
  })

  test('what cannot be taken over is told, with what needs it', () => {
    expect(remarks).toEqual([
      'Subnet "alone" (s2) is left out: it is in no router',
      'Nic "web" (p1): names SecurityGroup gone, which is left out',
      'Nic "web" (p2): is left out with Subnet s2',
    ])
  })
})

test.each([
  ['Web Server: boot', 'web-server-boot'],
  ['ünïcode', 'unicode'],
  ['---', ''],
  ['a'.repeat(80), 'a'.repeat(50)],
])('%s becomes %j', (text, name) => {
  expect(label(text)).toBe(name)
})
