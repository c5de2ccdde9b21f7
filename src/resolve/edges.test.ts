import { describe, expect, it } from 'vitest'
import { add, addNamespace, testCache } from '../cache/testing.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { edgesOf } from './edges.ts'

const cache = testCache()
addNamespace(cache, 'lone', { 'secapi.cloud/tenant': 'nobody', 'secapi.cloud/workspace': 'x' })

/** `holds? path → kind key`, one a line. */
const drawn = (kindName: string, namespace: string | undefined, name: string, spec: object) =>
  edgesOf(cache, kindNamed(kindName) as Kind, add(cache, kindName, namespace, name, spec))
    .map(({ to, holds, path }) => `${holds ? 'holds' : 'waits'} ${path} ${to.kind} ${to.key}`)
    .toSorted()

describe('what an object depends on', () => {
  it('are its references, its workspace and its region', () => {
    expect(
      drawn('BlockStorage', 'w', 'disk', { sizeGB: 1, skuRef: { resource: 'skus/rd100' }, sourceImageRef: { resource: 'debian' } }),
    ).toEqual([
      'holds metadata Workspace t/prod',
      'waits region Region eu-1',
      'waits skuRef StorageSku eu-1.rd100',
      'waits sourceImageRef Image t/debian',
    ])
  })

  it('is its parent, which need not be there yet, and which a reference may leave out', () => {
    // Until it is known whose it is, it holds nothing.
    expect(drawn('Nic', 'w', 'n', { subnetRef: { resource: 'front' } })).toContain('waits subnetRef Subnet w/*.front')
    expect(drawn('Subnet', 'w', 'net.a', { network: 'net', cidr: {}, routeTableRef: { resource: 'r' } })).toEqual([
      'holds metadata Network w/net',
      'holds metadata Workspace t/prod',
      'waits region Region eu-1',
      'waits routeTableRef RouteTable w/net.r',
    ])
    expect(drawn('Subnet', 'w', 'odd', { cidr: {} })).toEqual(['holds metadata Workspace t/prod', 'waits region Region eu-1'])
  })

  it('is the one child of any parent that there is, of several the oldest: what it led to before there was another', () => {
    const subnet = (network: string, creationTimestamp: string) =>
      add(cache, 'Subnet', 'w', `${network}.back`, { network, cidr: {} }, undefined, { creationTimestamp })
    const leads = () => drawn('Nic', 'w', 'n', { subnetRef: { resource: 'back' } }).filter((line) => line.includes('Subnet'))
    subnet('old', '2026-01-01T00:00:00Z')
    expect(leads()).toEqual(['holds subnetRef Subnet w/old.back', 'waits subnetRef Subnet w/*.back'])
    subnet('a-new', '2026-01-02T00:00:00Z')
    expect(leads()).toEqual(['holds subnetRef Subnet w/old.back', 'waits subnetRef Subnet w/*.back'])
  })

  it('is the tenant, where that has to open itself first', () => {
    const image = (tenant: string) => ({ sizeGB: 1, skuRef: { resource: 'rd100' }, sourceImageRef: { resource: 'ubuntu', tenant } })
    expect(drawn('BlockStorage', 'w', 'd', image('golden'))).toContain('waits sourceImageRef Namespace golden')
    addNamespace(cache, 'g', { 'secapi.cloud/tenant': 'golden', 'secapi.cloud/shared': 'true' })
    expect(drawn('BlockStorage', 'w', 'd', image('golden'))).toEqual(
      expect.arrayContaining(['waits sourceImageRef Namespace golden', 'waits sourceImageRef Image g/ubuntu']),
    )
    expect(drawn('BlockStorage', 'w', 'd', image('acme')).join()).not.toContain('Namespace')
  })

  it('is what a field names beside references', () => {
    expect(drawn('Region', undefined, 'x', { availableZones: ['a'], cloudProvider: 'sim' })).toEqual([
      'holds spec.cloudProvider CloudProvider sim',
    ])
    expect(drawn('Region', undefined, 'y', { cloudProvider: 7 })).toEqual([])
  })

  it('holds the region of what belongs to the tenant, and of nothing that has no cloud', () => {
    expect(
      drawn('Image', 't', 'i', { blockStorageRef: { resource: 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/b' } }),
    ).toEqual(['holds region Region eu-1', 'waits blockStorageRef BlockStorage w/b', 'waits blockStorageRef Namespace acme/prod'])
    expect(drawn('Workspace', 't', 'other', { region: 'it-1' })).toEqual(['holds region Region it-1'])
    expect(drawn('Role', 't', 'r', { permissions: [] })).toEqual([])
  })

  it('is no workspace where the tenant or the namespace’s labels are missing', () => {
    const spec = { sizeGB: 1, skuRef: { resource: 'rd100' } }
    for (const namespace of ['lone', 'unknown', 't']) expect(drawn('BlockStorage', namespace, 'd', spec).join()).not.toContain('Workspace')
  })

  it('are the same target once for each place that names it, and none for what can never be', () => {
    const routes = ['instances/a', 'instances/a', '10.0.0.1', 'nonsense/x/y/z'].map((resource) => ({
      destinationCidrBlock: '0.0.0.0/0',
      targetRef: { resource },
    }))
    expect(drawn('RouteTable', 'w', 'net.t', { network: 'net', routes }).filter((line) => line.includes('routes'))).toEqual([
      'waits routes[0].targetRef Instance w/a',
      'waits routes[1].targetRef Instance w/a',
    ])
  })
})
