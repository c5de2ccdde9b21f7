import { expect, test } from 'vitest'
import { Lines } from './lines.ts'

interface Item {
  readonly at: number
  readonly name: string
}

function make() {
  const gone = new Set<string>()
  const lines = new Lines<Item>(({ name }) => !gone.has(name))
  const take = (count: number, may?: (party: string) => boolean) => Array.from({ length: count }, () => lines.take(may)?.item.name)
  return { lines, gone, take }
}

test('by priority, and first in, first out', () => {
  const { lines, take } = make()
  lines.push('low', 'a', { at: 1, name: 'low' })
  lines.push('normal', 'a', { at: 2, name: 'normal' })
  lines.push('high', 'a', { at: 3, name: 'first' })
  lines.push('high', 'a', { at: 4, name: 'second' })
  expect(take(5)).toEqual(['first', 'second', 'normal', 'low', undefined])
})

test('parties take turns, however long the line of one is', () => {
  const { lines, take } = make()
  for (let i = 0; i < 100; i++) lines.push('low', 'big', { at: i, name: `big-${i}` })
  for (const name of ['x', 'y']) lines.push('low', 'small', { at: 200, name })
  lines.push('low', 'other', { at: 300, name: 'z' })
  expect(take(6)).toEqual(['big-0', 'x', 'z', 'big-1', 'y', 'big-2'])
})

test('one turn in eight goes to what waited longest', () => {
  const { lines, take } = make()
  lines.push('low', 'a', { at: 0, name: 'patient' })
  for (let i = 1; i <= 20; i++) lines.push('high', 'a', { at: i, name: `high-${i}` })
  expect(take(8).at(-1)).toBe('patient')
})

test('what was begun goes on while a long line of new ones is begun', () => {
  const { lines, take } = make()
  for (let i = 0; i < 100; i++) lines.push('high', 'a', { at: i, name: 'new' })
  for (let i = 0; i < 100; i++) lines.push('normal', 'a', { at: 1_000 + i, name: 'begun' })
  lines.push('low', 'a', { at: 1_000, name: 'low' })
  expect(take(8)).toEqual(['new', 'new', 'begun', 'new', 'new', 'begun', 'new', 'new'])
})

test('a party that may not go on keeps its place, and holds up nobody', () => {
  const { lines, take } = make()
  for (const name of ['a1', 'a2']) lines.push('normal', 'a', { at: 0, name })
  for (const name of ['b1', 'b2']) lines.push('normal', 'b', { at: 0, name })
  expect(take(3, (party) => party !== 'a')).toEqual(['b1', 'b2', undefined])
  expect(take(2)).toEqual(['a1', 'a2'])
})

test('what does not count any more is passed over, and a party that has nothing else is forgotten', () => {
  const { lines, gone, take } = make()
  for (const name of ['a1', 'a2', 'a3']) lines.push('normal', 'a', { at: 0, name })
  lines.push('normal', 'b', { at: 0, name: 'b1' })
  gone.add('a1').add('a2').add('b1')
  expect(take(2)).toEqual(['a3', undefined])
})

test('a long line is served in order', () => {
  const { lines, take } = make()
  for (let i = 0; i < 5_000; i++) lines.push('normal', 'a', { at: 0, name: String(i) })
  expect(take(5_000)).toEqual(Array.from({ length: 5_000 }, (_, i) => String(i)))
})
