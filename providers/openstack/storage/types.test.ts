import { expect, test } from 'vitest'
import { skuName } from '../sku-name.ts'
import { typeFor } from './types.ts'

const TYPES = [
  { id: '1', name: 'Fast SSD' },
  { id: '2', name: 'standard' },
]

test.each([
  ['rd500', { rd500: 'standard' }, 'standard'],
  ['rd500', { rd500: '1' }, 'Fast SSD'],
  ['fast-ssd', {}, 'Fast SSD'],
  ['rd500', {}, undefined],
])('the type of SKU %s with %j', (sku, mapping, type) => {
  expect(typeFor(sku, TYPES, mapping as Record<string, string>)).toBe(type)
})

test('a mapping to what is not there says which are', () => {
  expect(() => typeFor('rd500', TYPES, { rd500: 'gone' })).toThrow('none of Fast SSD, standard')
})

test.each([
  ['m1.Large', 'm1.large'],
  ['SCS-2V:8_s', 'scs-2v-8-s'],
  ['..x..y..', 'x.y'],
  ['___', ''],
])('%s is called %s', (name, sku) => {
  expect(skuName(name)).toBe(sku)
})
