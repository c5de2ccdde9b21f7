import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { asYaml } from './yaml-text.ts'

test.each([
  ['C1 control', 'it\u0092s', '"it\\u0092s"'],
  ['next line, a blank in YAML', 'a\u0085b', '"a\\u0085b"'],
  ['delete', 'a\u007fb', '"a\\u007fb"'],
  ['line separator', 'a\u2028b', '"a\\u2028b"'],
  ['no characters', '\ufffe\uffff', '"\\ufffe\\uffff"'],
  ['a pair stays a character', 'a😀b', '"a😀b"'],
  ['letters stay', 'é ü 日本', '"é ü 日本"'],
  ['half a pair', 'cut \ud83d', '"cut \uFFFD"'],
  ['the other half', '\ude00 cut', '"\uFFFD cut"'],
  ['what only looks like one', '\\ud83d', String.raw`"\\ud83d"`],
  ['backslashes before one', '\\\\\ud83d', '"\\\\\\\\\uFFFD"'],
])('%s', (_, text, expected) => {
  expect(asYaml(text)).toBe(expected)
})

test('a YAML parser reads what JSON says, and the whole is still JSON', () => {
  const keys = fc.string({ unit: 'binary', maxLength: 20 })
  const value = fc.jsonValue({ stringUnit: 'binary' })
  fc.assert(
    fc.property(fc.dictionary(keys, value), (object) => {
      const text = asYaml(object)
      const wanted: unknown = JSON.parse(JSON.stringify(object))
      expect(JSON.parse(text)).toEqual(wanted)
      expect(parse(text, { version: '1.2', logLevel: 'silent' })).toEqual(wanted)
    }),
  )
})

test('whatever the text, no character is left that YAML refuses', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 50 }), (units) => {
      const text = asYaml(String.fromCharCode(...units))
      expect(text).toMatch(/^[\x20-\x7e\u{a0}-\u{2027}\u{202a}-\u{d7ff}\u{e000}-\u{fefe}\u{ff00}-\u{fffd}\u{10000}-\u{10ffff}]*$/u)
      expect(JSON.parse(text)).toBe(String.fromCharCode(...units).toWellFormed())
    }),
  )
})
