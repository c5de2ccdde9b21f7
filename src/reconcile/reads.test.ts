import { expect, test } from 'vitest'
import { KINDS } from '../kinds/index.ts'
import { type Edge, Graph, type Node } from '../resolve/graph.ts'
import { Readers } from './reads.ts'

const readers = (paths: Readonly<Record<string, readonly string[]>>) => new Readers(KINDS, ({ kind }) => paths[kind] ?? [])
const edge = (kind: string, key: string, path: string): Edge => ({ to: { kind, key }, holds: false, path })
const names = (found: Iterable<Node>) => [...found].map(({ kind, key }) => `${kind} ${key}`).toSorted()

test('a path that is none of references is a mistake of who declared it', () => {
  expect(() => readers({ Instance: ['primaryNicRef.subnetRef.cidr'] })).toThrow('Instance reads "primaryNicRef.subnetRef.cidr"')
  expect(() => readers({ Instance: ['primaryNic'] })).toThrow('which is no path of references')
})

test('only by the declared path: not from other fields, nor through kinds that the field does not name', () => {
  const graph = new Graph()
  graph.set({ kind: 'RouteTable', key: 'w/n.t' }, [edge('Nic', 'w/a', 'routes[17].targetRef')])
  graph.set({ kind: 'Instance', key: 'w/vm' }, [edge('Nic', 'w/a', 'additionalNicRefs[1]')])
  graph.set({ kind: 'Subnet', key: 'w/n.s' }, [edge('RouteTable', 'w/n.t', 'routeTableRef')])
  const nic = { kind: 'Nic', key: 'w/a' }
  expect(names(readers({ Subnet: ['routeTableRef.routes[].targetRef'] }).through(graph, nic))).toEqual(['Subnet w/n.s'])
  // Who names it itself hears of it anyway.
  expect(names(readers({ RouteTable: ['routes[].targetRef'], Instance: ['primaryNicRef.subnetRef'] }).through(graph, nic))).toEqual([])
  expect(names(readers({ Instance: ['additionalNicRefs[].subnetRef'] }).through(graph, { kind: 'Subnet', key: 'w/n.s' }))).toEqual([])
})

test('each object once, however many ways lead to it', () => {
  const graph = new Graph()
  const count = 50
  const nodes = (kind: string) => Array.from({ length: count }, (_, index) => ({ kind, key: `w/${index}` }))
  for (const group of nodes('SecurityGroup'))
    graph.set(
      group,
      nodes('SecurityGroupRule').map(({ kind, key }, index) => edge(kind, key, `ruleRefs[${index}]`)),
    )
  for (const nic of nodes('Nic'))
    graph.set(
      nic,
      nodes('SecurityGroup').map(({ kind, key }, index) => edge(kind, key, `securityGroupRefs[${index}]`)),
    )
  const found = [...readers({ Nic: ['securityGroupRefs[].ruleRefs[]'] }).through(graph, { kind: 'SecurityGroupRule', key: 'w/3' })]
  expect(found).toHaveLength(count)
})
