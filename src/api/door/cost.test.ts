import { expect, it } from 'vitest'
import { costOf, costOfAnswer, costOfBody } from './cost.ts'

const headers = (length: string | undefined) => (length === undefined ? {} : { 'content-length': length })

it.each([
  [undefined, 1],
  ['0', 1],
  ['8191', 1],
  ['8192', 2],
  ['1048576', 129],
  ['999999999999', 129],
  ['nonsense', 1],
])('a request that says %s bytes counts for %i', (length, cost) => {
  expect(costOf({ headers: headers(length) })).toBe(cost)
})

it.each([
  [undefined, 1_048_576, 128],
  [undefined, 100, 0],
  ['1048576', 1_048_576, 0],
  ['1048576', 100, 0],
  ['100', 40_000, 4],
])('a body that said %s and has %i bytes counts for %i more', (said, bytes, cost) => {
  expect(costOfBody({ headers: headers(said) }, bytes)).toBe(cost)
})

it.each([
  [0, 0],
  [65_535, 0],
  [65_536, 1],
  [16_777_216, 256],
])('an answer of %i characters counts for %i requests', (made, cost) => {
  expect(costOfAnswer(made)).toBe(cost)
})
