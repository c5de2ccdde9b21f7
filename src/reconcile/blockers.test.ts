import { expect, it } from 'vitest'
import { Edges } from '../cache/edges.ts'
import { add, testCache } from '../cache/testing.ts'
import { kindNamed } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { blockersOf } from './blockers.ts'
import type { Tools } from './controller.ts'

const GOING = { deletionTimestamp: '2026-01-01T00:00:00Z' }
const network = kindNamed('Network') as Kind

function rig() {
  const cache = testCache()
  const { graph } = new Edges(cache)
  const deleted: string[] = []
  const services = { deleteObject: (_kind: Kind, { metadata }: Resource) => Promise.resolve(void deleted.push(metadata.name)) }
  const net = add(cache, 'Network', 'w', 'net', { cidr: { ipv4: '10.0.0.0/16' } })
  return { cache, deleted, blockers: () => blockersOf(cache, graph, network, net, { services } as unknown as Tools) }
}

it('children are deleted on the way, once nothing else is in the way', async () => {
  const { cache, deleted, blockers } = rig()
  add(cache, 'Subnet', 'w', 'net.b', { network: 'net', cidr: {} })
  add(cache, 'Subnet', 'w', 'net.a', { network: 'net', cidr: {} })
  add(cache, 'Subnet', 'w', 'net.c', { network: 'net', cidr: {} }, undefined, GOING)
  const tables = ['s', 'r'].map((name) => add(cache, 'RouteTable', 'w', `net.${name}`, { network: 'net', routes: [] }))
  expect(await blockers()).toEqual({ staying: ['RouteTable "net.r"', 'RouteTable "net.s"'], going: ['Subnet "net.c"'] })
  expect(deleted).toEqual([])
  for (const table of tables) cache.store('RouteTable').remove(table)
  expect(await blockers()).toEqual({ staying: [], going: ['Subnet "net.a"', 'Subnet "net.b"', 'Subnet "net.c"'] })
  expect(deleted.toSorted()).toEqual(['net.a', 'net.b'])
})

it('nobody is in the way of what nobody uses', async () => {
  const { cache, blockers } = rig()
  add(cache, 'Subnet', 'w', 'other.a', { network: 'other', cidr: {} })
  expect(await blockers()).toEqual({ staying: [], going: [] })
})
