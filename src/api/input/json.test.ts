import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../dev/cpu-time.ts'
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

describe('hostile JSON', () => {
  const MIB = 1_048_576
  const keys = (count: number, of: (index: number) => string) =>
    `{${Array.from({ length: count }, (_, index) => `"${of(index)}":1`).join()}}`

  it.each([
    ['open brackets', '['.repeat(MIB), '/0'.repeat(17)],
    ['objects in objects', `{"spec":${'{"a":'.repeat(MIB / 5)}`, `/spec${'/a'.repeat(16)}`],
    ['18 levels', `${'['.repeat(18)}${']'.repeat(18)}`, '/0'.repeat(17)],
    ['1,001 keys', `{"a/b":[0,${keys(1_001, String)}]}`, '/a~1b/1'],
    ['many keys', keys(100_000, (index) => `k${index}`), ''],
    ['keys that are numbers', keys(60_000, (index) => String((index * 65_536) % 4_294_967_295)), ''],
    ['many objects', `{"spec":{"a":[${'{},'.repeat(300_000)}{}]}}`, '/spec/a'],
    ['many items', `{"spec":[${'0,'.repeat(300_000)}0]}`, '/spec/300'],
  ])('%s are refused at their place', (_, text, pointer) => {
    expect(refusalOf(text)?.replace(/\d{3,}$/, '300')).toBe(pointer)
  })

  it.each([
    ['escaped quotes', (size: number) => `{"a":"${String.raw`\"`.repeat(size / 2)}"}`],
    ['backslashes', (size: number) => `{"a":"${'\\\\'.repeat(size / 2)}"}`],
    ['a string without an end', (size: number) => `{"a":"${String.raw`\"`.repeat(size / 2)}`],
    ['a long number', (size: number) => `{"a":1${'0'.repeat(size)}}`],
    ['space after strings', (size: number) => `{"a":[${Array.from({ length: 1_000 }, () => `""${' '.repeat(size / 1_000)}`).join()}]}`],
    [
      'space before colons',
      (size: number) => `{${Array.from({ length: 1_000 }, (_, index) => `"${index}"${' '.repeat(size / 1_000)}:1`).join()}}`,
    ],
    ['long keys', (size: number) => keys(1_000, (index) => `${index}${String.raw`\u0061`.repeat(size / 6_000)}`)],
    ['open brackets', (size: number) => '['.repeat(size)],
  ])('%s take time that grows with their length', async (_, make) => {
    const text = make(MIB)
    // What grows with the square would take hours.
    expect(await cpuMs(() => refusalOf(text))).toBeLessThan(1_000)
  })

  it('what is inside the limits is taken, __proto__ as any other key', () => {
    const value = parseJson(`{"__proto__":{"a":1},"b":${'['.repeat(16)}${']'.repeat(16)}}`) as object
    expect(Object.keys(value)).toEqual(['__proto__', 'b'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(() => parseJson(keys(1_000, String))).not.toThrow()
  })
})

/** Where a text is refused; undefined when it is not. */
function refusalOf(text: string): string | undefined {
  try {
    parseJson(text)
    return undefined
  } catch (error) {
    if (error instanceof JsonError) return error.pointer ?? 'nowhere'
    throw error
  }
}
