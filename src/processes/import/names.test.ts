import { expect, test } from 'vitest'
import { Instance, Subnet } from '../../kinds/index.ts'
import { isLabel } from '../../kinds/naming.ts'
import { label, Names } from './names.ts'

test.each([
  ['Web Server: boot', 'web-server-boot'],
  ['ünïcode', 'unicode'],
  ['---', ''],
  ['日本', ''],
  ['a'.repeat(80), 'a'.repeat(50)],
  [`${'a'.repeat(49)} b`, 'a'.repeat(49)],
])('%s becomes %j', (text, name) => {
  expect(label(text)).toBe(name)
})

test('names are told apart, also from those that are there and those that look like a number was given', () => {
  const names = new Names(['Instance/web', 'Subnet/main.front'])
  const give = (text: string) => names.give(text, Instance, undefined)
  expect([give('web-2'), give('web'), give('Web'), give('日本'), give('')]).toEqual(['web-2', 'web-3', 'web-4', 'instance', 'instance-2'])
  expect([names.give('front', Subnet, 'main'), names.give('front', Subnet, 'other')]).toEqual(['front-2', 'front'])
})

test('ten thousand of one name are named, each so that others can be nested in it', () => {
  const names = new Names([])
  const all = Array.from({ length: 10_000 }, () => names.give('x'.repeat(90), Instance, undefined))
  expect(new Set(all).size).toBe(10_000)
  expect(all.every(isLabel)).toBe(true)
})
