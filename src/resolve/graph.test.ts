import { expect, test } from 'vitest'
import { type Edge, Graph } from './graph.ts'

const edge = (kind: string, key: string, holds = false): Edge => ({ to: { kind, key }, holds, path: 'x' })
const names = (found: Iterable<{ from: { key: string } }>) => [...found].map(({ from }) => from.key).toSorted()

test('knows who depends on an object, before and after it exists', () => {
  const graph = new Graph()
  graph.set({ kind: 'Instance', key: 'w/a' }, [edge('BlockStorage', 'w/boot', true)])
  graph.set({ kind: 'Image', key: 't/i' }, [edge('BlockStorage', 'w/boot')])
  expect(names(graph.dependents({ kind: 'BlockStorage', key: 'w/boot' }))).toEqual(['t/i', 'w/a'])
  expect(names(graph.holders({ kind: 'BlockStorage', key: 'w/boot' }))).toEqual(['w/a'])
})

test('new edges replace old ones, and a gone object has none', () => {
  const graph = new Graph()
  const from = { kind: 'Instance', key: 'w/a' }
  graph.set(from, [edge('BlockStorage', 'w/one', true)])
  graph.set(from, [edge('BlockStorage', 'w/two', true)])
  expect(names(graph.dependents({ kind: 'BlockStorage', key: 'w/one' }))).toEqual([])
  expect(names(graph.dependents({ kind: 'BlockStorage', key: 'w/two' }))).toEqual(['w/a'])
  graph.set(from, undefined)
  expect(names(graph.dependents({ kind: 'BlockStorage', key: 'w/two' }))).toEqual([])
  expect(graph.edges(from)).toEqual([])
})

test('a reference that leaves out the parent waits for a child of any parent', () => {
  const graph = new Graph()
  graph.set({ kind: 'Nic', key: 'w/n' }, [edge('Subnet', 'w/*.front', true)])
  expect(names(graph.holders({ kind: 'Subnet', key: 'w/net.front' }))).toEqual(['w/n'])
  expect(names(graph.holders({ kind: 'Subnet', key: 'w/net.back' }))).toEqual([])
  expect(names(graph.holders({ kind: 'Subnet', key: 'other/net.front' }))).toEqual([])
})

test('several edges to one target are all told, and go one by one', () => {
  const graph = new Graph()
  const [from, to] = [
    { kind: 'Instance', key: 'w/a' },
    { kind: 'BlockStorage', key: 'w/one' },
  ]
  const paths = () => [...graph.dependents(to)].map(({ edge: { path } }) => path)
  graph.set(
    from,
    ['x', 'y', 'z'].map((path) => ({ to, holds: true, path })),
  )
  expect(paths()).toEqual(['x', 'y', 'z'])
  graph.set(from, [{ to, holds: true, path: 'y' }])
  expect(paths()).toEqual(['y'])
  graph.set(from, [])
  expect(paths()).toEqual([])
})
