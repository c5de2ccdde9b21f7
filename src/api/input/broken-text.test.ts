import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BlockStorage, Instance } from '../../kinds/index.ts'
import type { Refusal } from '../problem.ts'
import { brokenTextIssues } from './broken-text.ts'
import { parseInput } from './input.ts'

const pointers = (text: string) => brokenTextIssues(JSON.parse(text) as Record<string, unknown>, text).map(({ pointer }) => pointer)

it.each([
  [String.raw`{"labels":{"a":"\ud800"}}`, '/labels/a'],
  [String.raw`{"annotations":{"a":"x\uDFFFy"}}`, '/annotations/a'],
  [String.raw`{"annotations":{"k\ud800":"x"}}`, '/annotations/k\ufffd'],
  [String.raw`{"extensions":{"a/b":"\udc00\ud800"}}`, '/extensions/a~1b'],
  [String.raw`{"spec":{"a":[{"b":"\ud83c"}]}}`, '/spec/a/0/b'],
])('%s is refused at its place', (text, pointer) => {
  expect(pointers(text)).toEqual([pointer])
})

it('whole pairs, other escapes, and what is ignored are fine', () => {
  expect(
    pointers(String.raw`{"labels":{"a":"\ud83c\udf88 \u0000"},"metadata":{"a":"\ud800"},"status":["\ud800"],"spec":"\\ud800"}`),
  ).toEqual([])
})

it('of every kind', () => {
  const refused = (kind: Parameters<typeof parseInput>[0], text: string) => {
    try {
      parseInput(kind, JSON.parse(text) as Record<string, unknown>, text)
      return []
    } catch (error) {
      return (error as Refusal).sources.map(({ pointer }) => pointer)
    }
  }
  expect(refused(BlockStorage, String.raw`{"annotations":{"a":"\ud800"},"spec":{"sizeGB":1,"skuRef":"skus/a"}}`)).toEqual([
    '/annotations/a',
  ])
  const instance = String.raw`{"spec":{"skuRef":"s","zone":"a","bootVolume":{"deviceRef":"d"},"userData":"\ud800"}}`
  expect(refused(Instance, instance)).toEqual(['/spec/userData'])
})

it('finds it wherever it is (generated)', () => {
  const isBroken = (value: unknown): boolean =>
    typeof value === 'string'
      ? !value.isWellFormed()
      : typeof value === 'object' && value !== null && Object.entries(value).some(([key, field]) => isBroken(key) || isBroken(field))
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), fc.constantFrom(0xd800, 0x41), fc.nat(), (value, code, at) => {
      // One character of the text becomes an escape.
      const text = JSON.stringify({ spec: value })
      const places = [...text.matchAll(/[a-z](?=[^"\\]*")/g)].map(({ index }) => index)
      const place = places[at % Math.max(places.length, 1)] ?? -1
      const changed = place < 0 ? text : `${text.slice(0, place)}\\u${code.toString(16).padStart(4, '0')}${text.slice(place + 1)}`
      fc.pre(canParse(changed))
      const body = JSON.parse(changed) as Record<string, unknown>
      expect(brokenTextIssues(body, changed).length > 0).toBe(isBroken(body['spec']))
    }),
  )
})

function canParse(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
