import { expect, test } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { Edges, type EdgeChange } from './edges.ts'
import { ACTIVE, add, addNamespace, testCache } from './testing.ts'

const volume = kindNamed('BlockStorage') as Kind
const targets = (edges: Edges, kind: string, key: string) => edges.graph.edges({ kind, key }).map(({ to }) => `${to.kind} ${to.key}`)

test('what is there already, what comes, what changes and what goes', () => {
  const cache = testCache()
  add(cache, 'BlockStorage', 'w', 'early', { sizeGB: 1, skuRef: { resource: 'rd100' } })
  const edges = new Edges(cache)
  const own = ['Workspace t/prod', 'Region eu-1']
  expect(targets(edges, 'BlockStorage', 'w/early')).toEqual(['StorageSku eu-1.rd100', ...own])
  const changes: EdgeChange[] = []
  const stop = edges.onChange((change) => changes.push(change))
  add(cache, 'BlockStorage', 'w', 'early', { sizeGB: 1, skuRef: { resource: 'rd500' } }, undefined, { generation: 2 })
  expect(targets(edges, 'BlockStorage', 'w/early')).toEqual(['StorageSku eu-1.rd500', ...own])
  // The graph is in step when listeners hear of the change, and they hear what was before.
  expect(changes.map(({ kind, change, before }) => [kind, change.type, before[0]?.to.key])).toEqual([[volume, 'updated', 'eu-1.rd100']])
  stop()
  const gone = cache.get('BlockStorage', 'w/early')
  if (gone) cache.store('BlockStorage').remove({ ...gone, metadata: { ...gone.metadata, resourceVersion: '1000000' } })
  expect(targets(edges, 'BlockStorage', 'w/early')).toEqual([])
  expect(changes).toHaveLength(1)
})

test('an object that was made anew while nobody looked, of the same generation', () => {
  const cache = testCache()
  const edges = new Edges(cache)
  add(cache, 'BlockStorage', 'w', 'a', { sizeGB: 1, skuRef: { resource: 'rd100' } })
  add(cache, 'BlockStorage', 'w', 'a', { sizeGB: 1, skuRef: { resource: 'rd500' } }, undefined, { uid: 'another' })
  expect(targets(edges, 'BlockStorage', 'w/a')[0]).toBe('StorageSku eu-1.rd500')
})

test('objects that come before their namespace get their edges when it comes', () => {
  const cache = testCache()
  const edges = new Edges(cache)
  add(cache, 'BlockStorage', 'late', 'a', { sizeGB: 1, skuRef: { resource: 'rd100' } })
  expect(targets(edges, 'BlockStorage', 'late/a')).not.toContain('Workspace t/dev')
  addNamespace(cache, 'late', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'dev' })
  expect(targets(edges, 'BlockStorage', 'late/a')).toContain('Workspace t/dev')
})

test('edges are drawn when something that decides on them changes, not when somebody looks', () => {
  const cache = testCache()
  const edges = new Edges(cache)
  const object = add(cache, 'BlockStorage', 'w', 'a', { sizeGB: 1, skuRef: { resource: 'rd100' } })
  const drawn = () => edges.graph.edges(nodeOf(volume, object))
  const before = drawn()
  let looks = 0
  const lookup = cache.get.bind(cache)
  cache.get = (...at) => (looks++, lookup(...at))
  edges.draw(volume, object)
  add(cache, 'BlockStorage', 'w', 'a', object.spec, ACTIVE)
  expect([looks, drawn() === before]).toEqual([0, true])
  edges.draw(volume, { ...object, spec: { skuRef: { resource: 'rd500' } } as never, metadata: { ...object.metadata, generation: 2 } })
  expect(targets(edges, 'BlockStorage', 'w/a')[0]).toBe('StorageSku eu-1.rd500')
})

test('the region of a workspace decides where the SKUs of what is in it are', () => {
  const cache = testCache()
  const edges = new Edges(cache)
  addNamespace(cache, 'x', { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'dev' })
  add(cache, 'BlockStorage', 'x', 'a', { sizeGB: 1, skuRef: { resource: 'rd100' } })
  expect(targets(edges, 'BlockStorage', 'x/a')).toContain('StorageSku eu-1.rd100')
  add(cache, 'Workspace', 't', 'dev', { region: 'it-1' })
  expect(targets(edges, 'BlockStorage', 'x/a')).toEqual(['StorageSku it-1.rd100', 'Workspace t/dev', 'Region it-1'])
})

test('a claim that is lost, moved or won by the next in age draws what is in those namespaces, and tells of it', () => {
  const cache = testCache()
  const edges = new Edges(cache)
  const labels = { 'secapi.cloud/tenant': 'acme', 'secapi.cloud/workspace': 'prod' }
  addNamespace(cache, 'twin', labels, '2026-02-01T00:00:00Z')
  for (const namespace of ['w', 'twin']) add(cache, 'BlockStorage', namespace, 'a', { sizeGB: 1, skuRef: { resource: 'rd100' } })
  const users = () => [...edges.graph.holders({ kind: 'Workspace', key: 't/prod' })].map(({ from }) => from.key)
  const told: string[] = []
  const stop = edges.onPlaced(({ kind, object }) => told.push(nodeOf(kind, object).key))
  expect(users()).toEqual(['w/a'])
  addNamespace(cache, 'w', { 'secapi.cloud/tenant': 'acme' })
  expect([users(), told.splice(0).toSorted()]).toEqual([['twin/a'], ['t/prod', 'twin/a', 'w/a']])
  addNamespace(cache, 'w', { ...labels, unrelated: 'x' })
  expect([users(), told.splice(0).toSorted()]).toEqual([['w/a'], ['t/prod', 'twin/a', 'w/a']])
  addNamespace(cache, 'w', { ...labels, unrelated: 'y' })
  expect(told).toEqual([])
  stop()
  cache.namespaces.remove({
    ...cache.namespaces.get('t')!,
    metadata: { ...cache.namespaces.get('t')!.metadata, resourceVersion: '1000000' },
  })
  expect([users(), told]).toEqual([[], []])
})

test('guards know whom a name holds that two could mean, and that nobody names yet', () => {
  const cache = testCache()
  const edges = new Edges(cache, 'holding')
  const holders = (network: string) => [...edges.graph.holders({ kind: 'Subnet', key: `w/${network}.front` })].map(({ from }) => from.key)
  const subnet = (network: string, creationTimestamp: string) =>
    add(cache, 'Subnet', 'w', `${network}.front`, { network }, ACTIVE, { creationTimestamp })
  add(cache, 'Nic', 'w', 'nic', { subnetRef: { resource: 'front' } })
  subnet('one', '2026-01-01T00:00:00Z')
  expect(holders('one')).toEqual(['w/nic'])
  subnet('another', '2026-01-02T00:00:00Z')
  expect([holders('one'), holders('another')]).toEqual([['w/nic'], []])
})

test('a region holds the account that it is bound to', () => {
  const cache = testCache()
  const { graph } = new Edges(cache)
  const account = add(cache, 'CloudProvider', undefined, 'sim', {}, ACTIVE)
  expect([...graph.holders(nodeOf(kindNamed('CloudProvider') as Kind, account))].map(({ from, edge }) => [from.key, edge.path])).toEqual([
    ['eu-1', 'spec.cloudProvider'],
  ])
})

test('of holding edges alone, who holds what is the same, and what holds nothing is not looked at', () => {
  const cache = testCache()
  const [all, holding] = [new Edges(cache), new Edges(cache, 'holding')]
  add(cache, 'BlockStorage', 'w', 'boot', { sizeGB: 1, skuRef: { resource: 'rd100' } })
  add(cache, 'Network', 'w', 'net', { cidr: { ipv4: '10.0.0.0/8' }, skuRef: { resource: 'n1k' } })
  add(cache, 'Subnet', 'w', 'net.a', { network: 'net', cidr: { ipv4: '10.0.0.0/24' }, routeTableRef: { resource: 'route-tables/t' } })
  add(cache, 'Nic', 'w', 'nic', { subnetRef: { resource: 'a' }, securityGroupRefs: [{ resource: 'many' }] })
  const sources = Array.from({ length: 1_000 }, (_, index) => ({ resource: `security-groups/other-${index}` }))
  add(cache, 'SecurityGroup', 'w', 'many', { rules: [{ direction: 'ingress', sourceRef: sources }] })
  add(cache, 'Instance', 'w', 'web', { skuRef: { resource: 'd2xs' }, bootVolume: { deviceRef: { resource: 'boot' } } })
  const holdersIn = ({ graph }: Edges) =>
    [...cache.kinds()].flatMap((kind) =>
      [...cache.all(kind.kind)].flatMap((object) =>
        [...graph.holders(nodeOf(kind, object))].map(
          ({ from, edge }) => `${from.kind} ${from.key}: ${edge.path} of ${kind.kind} ${object.metadata.name}`,
        ),
      ),
    )
  expect(holdersIn(holding)).toEqual(holdersIn(all))
  expect(holdersIn(holding)).toEqual(
    expect.arrayContaining(['Instance w/web: bootVolume.deviceRef of BlockStorage boot', 'Nic w/nic: subnetRef of Subnet net.a']),
  )
  const edgesOf = (edges: Edges) => edges.graph.edges({ kind: 'SecurityGroup', key: 'w/many' }).length
  expect([edgesOf(all) > 1_000, edgesOf(holding)]).toEqual([true, 1])
})
