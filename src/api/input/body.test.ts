import { describe, expect, it } from 'vitest'
import type { Refusal } from '../problem.ts'
import { ended } from '../turns.ts'
import { checkHeaders, readingBody } from './body.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const MIB = 1_048_576

function read(body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE): unknown {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  try {
    checkHeaders(new Headers(headers))
    return ended(readingBody(bytes))
  } catch (error) {
    const { code, sources } = error as Refusal
    return [code, ...sources.map(({ parameter, pointer }) => `${parameter} ${pointer}`)]
  }
}

describe('a body', () => {
  it('is a JSON object, with the text that it was read from', async () => {
    const text = ' {"spec": {"n": 1.0}} '
    expect(await read(text)).toEqual({ json: { spec: { n: 1 } }, text })
  })

  it.each([['application/json'], ['Application/JSON'], ['application/json; charset=utf-8'], [' application/json ;charset=x']])(
    'of type "%s" is read',
    async (type) => expect(await read('{}', { 'content-type': type })).toEqual({ json: {}, text: '{}' }),
  )

  it.each([['text/plain'], ['application/jsonx'], ['application/merge-patch+json'], ['']])('of type "%s" is not', async (type) => {
    expect(await read('{}', { 'content-type': type })).toEqual(['UnsupportedMediaType', 'Content-Type /'])
  })

  it('without a type is not read', async () => expect(await read('{}', {})).toEqual(['UnsupportedMediaType', 'Content-Type /']))

  it.each([
    ['identity', true],
    [' Identity ', true],
    ['gzip', false],
    ['identity, gzip', false],
  ])('in the encoding "%s": %j', async (encoding, isRead) => {
    const answer = await read('{}', { ...JSON_TYPE, 'content-encoding': encoding })
    expect(answer).toEqual(isRead ? { json: {}, text: '{}' } : ['UnsupportedMediaType', 'Content-Encoding /'])
  })

  it.each(['[]', 'null', '1', '"{}"', 'true'])('%s is no resource', async (text) => {
    expect(await read(text)).toEqual(['ValidationFailed', 'body /'])
  })

  it.each(['', '{', '{"a":1,}', "{'a':1}", '{} {}', '\uFEFF\uFEFF{}'])('%j is no JSON', async (text) => {
    expect(await read(text)).toEqual(['InvalidRequest', 'body /'])
  })

  it('that is JSON but more than anybody needs is refused at its place', async () => {
    const lists = '['.repeat(17) + ']'.repeat(17)
    expect(await read(`{"spec":{"a":${lists}}}`)).toEqual(['ValidationFailed', `body /spec/a${'/0'.repeat(15)}`])
    expect(await read('{"spec":{"a":1,"a":2}}')).toEqual(['InvalidRequest', 'body /'])
  })

  it('is UTF-8', async () => {
    expect(await read(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toEqual(['InvalidRequest', 'body /'])
    expect(await read('{"a":"ä€😀"}')).toMatchObject({ json: { a: 'ä€😀' } })
  })

  it('may have 1 MiB, in bytes, and no more than it says', async () => {
    const padded = (size: number) => `{"a":"${'x'.repeat(size - 8)}"}`
    expect(await read(padded(MIB))).toMatchObject({ text: padded(MIB) })
    expect(await read(padded(MIB + 1))).toEqual(['TooLarge'])
    expect(await read(`{"a":"${'ä'.repeat(MIB / 2)}"}`)).toEqual(['TooLarge'])
    expect(await read('{}', { ...JSON_TYPE, 'content-length': String(MIB) })).toMatchObject({ json: {} })
    expect(await read('{}', { ...JSON_TYPE, 'content-length': String(MIB + 1) })).toEqual(['TooLarge'])
  })
})
