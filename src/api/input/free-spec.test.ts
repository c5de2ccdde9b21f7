import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../dev/cpu-time.ts'
import { Workspace } from '../../kinds/index.ts'
import type { Refusal } from '../problem.ts'
import { parseInput } from './input.ts'
import { JsonError, parseJson } from './json.ts'

/** Spec as it would be stored, or the places that are refused. */
function read(text: string): { spec: unknown } | { pointers: string[] } {
  try {
    return { spec: parseInput(Workspace, parseJson(text) as Readonly<Record<string, unknown>>, text).spec }
  } catch (error) {
    if (error instanceof JsonError) return { pointers: [error.pointer ?? ''] }
    return { pointers: (error as Refusal).sources.map(({ pointer }) => pointer) }
  }
}
const spec = (text: string) => read(`{"metadata":{"n":1e999,"x":null},"spec":${text},"status":{"region":-0}}`)

describe('the spec of a workspace', () => {
  it.each([
    ['{"a":null}', '/spec/a'],
    ['{"a":{"b":[{"c":1},{"c":null}]}}', '/spec/a/b/1/c'],
    ['{"a":[1,null]}', '/spec/a/1'],
    ['{"region":"eu-1"}', '/spec/region'],
    ['{"region":null}', '/spec/region'],
    ['{"n":9007199254740993}', '/spec/n'],
    ['{"a":{"~/":[0,{"n":-12345678901234567890}]}}', '/spec/a/~0~1/1/n'],
    ['{"a":"1e999, \\"b\\": 2","n":1e999}', '/spec/n'],
    [String.raw`{"\u006e\"":[[],[1],[1,1,-0]]}`, '/spec/n"/2/2'],
    ['{"__proto__":{"n":0.1000000000000000055}}', '/spec/__proto__/n'],
    ['{"":1.00000000000000000001}', '/spec/'],
    [String.raw`{"a":"\ud800"}`, '/spec/a'],
    [String.raw`{"a":[{"x\udc00":1}]}`, '/spec/a/0/x\ufffd'],
  ])('refuses %s with its place', (text, pointer) => {
    const result = spec(text)
    expect([...new Set('pointers' in result ? result.pointers : [])]).toEqual([pointer])
  })

  it.each([
    '{}',
    '{"a":{},"b":[],"c":"","d":false,"e":0,"f":[[[{}]]]}',
    '{"a":{"region":"x"}}',
    '{"__proto__":{"x":1},"constructor":"c","a":{"__proto__":"b"}}',
    '{"":1,".":2,"a/b":3,"a~b":4,"f:x":5,"toString":6,"hasOwnProperty":7}',
    String.raw`{"a":"\u0000\ud83c\udf88 \u2028","ü":"ü"}`,
    '{"n":[1.50,1e3,-1,9007199254740991,0.1]}',
    '{"text":"9007199254740993 and -0 and 1e400"}',
  ])('keeps %s as sent', (text) => {
    expect(spec(text)).toEqual({ spec: JSON.parse(text) as unknown })
    // `toEqual` does not look at these.
    expect(JSON.stringify((spec(text) as { spec: unknown }).spec)).toBe(JSON.stringify(JSON.parse(text)))
  })

  it('is empty when it is null or absent, and an object otherwise', () => {
    expect(read('{}')).toEqual({ spec: {} })
    expect(spec('null')).toEqual({ spec: {} })
    for (const text of ['[]', '"x"', '1', 'true']) expect(spec(text)).toEqual({ pointers: ['/spec'] })
  })

  it('is never silently another one', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), fc.string(), (value, key) => {
        const text = JSON.stringify({ spec: { [key]: value } })
        const result = read(text)
        const places = placesOf((JSON.parse(text) as { spec: unknown }).spec, '/spec')
        expect(
          'spec' in result ? JSON.stringify({ spec: result.spec }) === text : result.pointers.every((one) => places.includes(one)),
        ).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes linear time, and tells of no more than a few places', async () => {
    const bodies = [
      `{"spec":{"a":[${Array.from({ length: 200_000 }, () => '1e9').join()}]}}`,
      `{"spec":{"a":[${Array.from({ length: 200_000 }, () => '-0').join()}]}}`,
      `{"spec":{"a":[${Array.from({ length: 200_000 }, () => 'null').join()}]}}`,
      `{"metadata":${'{"a":'.repeat(60)}[${Array.from({ length: 200_000 }, () => '1e999').join()}]${'}'.repeat(60)},"spec":{}}`,
      `{"spec":{"a":"${'\\\\'.repeat(400_000)}","n":1e1}}`,
    ]
    for (const text of bodies) {
      const spent = await cpuMs(() => {
        const result = read(text)
        expect('pointers' in result ? result.pointers.length : 0).toBeLessThanOrEqual(32)
      })
      expect(spent).toBeLessThan(1_000)
    }
  })
})

/** Every place in a value that holds what cannot be kept: an obvious walk over the value that was read. */
function placesOf(value: unknown, pointer: string): string[] {
  const isLost =
    value === null || (typeof value === 'number' && Math.abs(value) > 2 ** 53) || (typeof value === 'string' && !value.isWellFormed())
  if (typeof value !== 'object' || value === null) return isLost ? [pointer] : []
  return Object.entries(value).flatMap(([key, field]) => {
    const place = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    return [...(place === '/spec/region' || !key.isWellFormed() ? [place.toWellFormed()] : []), ...placesOf(field, place)]
  })
}
