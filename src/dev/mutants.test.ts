import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MUTANTS, mutate } from './mutants.ts'

it.each(MUTANTS)('$name: the sources have the place that it changes', (mutant) => {
  const text = readFileSync(join(import.meta.dirname, '../..', mutant.file), 'utf8')
  expect(mutate(text, mutant)).not.toBe(text)
  expect(mutant.tests.map((file) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8')).every((test) => test !== '')).toBe(true)
})

it('a text that is not there, or there twice, is told', () => {
  const mutant = { name: 'm', file: 'f', from: 'a', to: 'b' }
  expect(() => mutate('x', mutant)).toThrow('0 times')
  expect(() => mutate('aa', mutant)).toThrow('2 times')
})
