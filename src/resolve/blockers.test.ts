import { describe, expect, it } from 'vitest'
import { Edges } from '../cache/edges.ts'
import { add, testCache } from '../cache/testing.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { holdersOf, nameOf, nodeOf } from './blockers.ts'

const GOING = { deletionTimestamp: '2026-01-01T00:00:00Z' }

function rig() {
  const cache = testCache()
  const { graph } = new Edges(cache)
  const held = (kindName: string, object: Resource) => {
    const { staying, going, children } = holdersOf(cache, graph, kindNamed(kindName) as Kind, object)
    const names = (list: typeof staying) => list.map(nameOf).toSorted()
    return { staying: names(staying), going: names(going), children: names(children) }
  }
  return { cache, held }
}
const NONE = { staying: [], going: [], children: [] }

describe('who holds an object', () => {
  it('are those that use it and stay, those that are going, and what dies with it', () => {
    const { cache, held } = rig()
    const net = add(cache, 'Network', 'w', 'net', { cidr: {} })
    expect(held('Network', net)).toEqual(NONE)
    add(cache, 'Subnet', 'w', 'net.a', { network: 'net', cidr: {} })
    add(cache, 'Subnet', 'w', 'net.b', { network: 'net', cidr: {} }, undefined, GOING)
    add(cache, 'RouteTable', 'w', 'net.r', { network: 'net', routes: [] })
    expect(held('Network', net)).toEqual({ staying: ['RouteTable "net.r"'], going: ['Subnet "net.b"'], children: ['Subnet "net.a"'] })
  })

  it('is each once, and only who holds', () => {
    const { cache, held } = rig()
    const disk = add(cache, 'BlockStorage', 'w', 'disk', { sizeGB: 1, skuRef: { resource: 'rd100' } })
    const volume = { deviceRef: { resource: 'disk' } }
    add(cache, 'Instance', 'w', 'web', { bootVolume: volume, dataVolumes: [volume], zone: 'a' })
    add(cache, 'Image', 't', 'img', { blockStorageRef: { resource: 'seca.storage/v1/tenants/acme/workspaces/prod/block-storages/disk' } })
    expect(held('BlockStorage', disk)).toEqual({ ...NONE, staying: ['Instance "web"'] })
  })

  it('are in the workspace, as all that is in it', () => {
    const { cache, held } = rig()
    add(cache, 'BlockStorage', 'w', 'disk', {})
    expect(held('Workspace', cache.get('Workspace', 't/prod')!)).toMatchObject({ staying: ['BlockStorage "disk"'] })
  })

  it('are none that have gone', () => {
    const { cache, held } = rig()
    const net = add(cache, 'Network', 'w', 'net', { cidr: {} })
    cache.store('Subnet').remove(add(cache, 'Subnet', 'w', 'net.a', { network: 'net', cidr: {} }))
    expect(held('Network', net)).toEqual(NONE)
  })

  it('is a node by kind and key', () => {
    const { cache } = rig()
    expect(nodeOf(kindNamed('Workspace') as Kind, cache.get('Workspace', 't/prod')!)).toEqual({ kind: 'Workspace', key: 't/prod' })
    expect(nodeOf(kindNamed('Region') as Kind, cache.get('Region', 'eu-1')!)).toEqual({ kind: 'Region', key: 'eu-1' })
  })
})
