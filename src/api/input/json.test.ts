import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonError, parseJson } from './json.ts'

describe('strict JSON', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":{"b":1,"b":1}}',
    '[{"x":[],"x":[]}]',
    String.raw`{"a":1,"\u0061":2}`,
    String.raw`{"a\"":1,"a\"":2}`,
    '{ "a" : 1 , "a" : 2 }',
    '{"a":"x","b":[1,{"c":"d"}],"a":0}',
    '{"__proto__":1,"__proto__":2}',
    '',
    '{',
    '{"a":1}x',
    "{'a':1}",
    'NaN',
    '['.repeat(65) + ']'.repeat(65),
    '{"a":'.repeat(100_000),
    '['.repeat(500_000) + ']'.repeat(500_000),
  ])('refuses %.40s', (text) => {
    expect(() => parseJson(text)).toThrow(JsonError)
  })

  it.each([
    '{"a":{"a":1},"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"{\\"b\\":1,\\"b\\":2}"}',
    String.raw`{"a\\":1,"b":"a\\"}`,
    '"a"',
    '{"a":"a","b":"a"}',
  ])('takes %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        // Generated objects have no key twice once they were read.
        const clean = JSON.stringify(JSON.parse(text))
        expect(parseJson(clean)).toEqual(JSON.parse(clean))
      }),
    )
  })

  it('finds a key that was put in twice anywhere', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (object, at) => {
        const entries = Object.entries(object)
        const twice = [...entries, entries[at % entries.length]!]
        const text = `{"o":[{${twice.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}]}`
        expect(() => parseJson(text)).toThrow('twice')
      }),
    )
  })
})
