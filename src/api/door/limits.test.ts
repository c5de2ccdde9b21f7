import { describe, expect, it } from 'vitest'
import { flawOf, type Line, MAX_BODY, MAX_HEADER, pathOf } from './limits.ts'

type Headers = Record<string, readonly string[]>
const flaw = (more: Partial<Omit<Line, 'headers'>> & { headers?: Headers } = {}) => {
  const { headers = { host: ['a'] }, ...line } = more
  return flawOf({ method: 'GET', url: '/x', ...line, headers: new Map(Object.entries(headers)) })?.code
}
const INVALID = 'InvalidRequest'

describe('a request', () => {
  it('of the usual kind has no flaw', () => {
    expect([flaw(), flaw({ version: '1.0' }), flaw({ version: undefined }), flaw({ method: 'TRACE' })]).toEqual(Array(4).fill(undefined))
  })

  it.each(['1.2', '2.0', '0.9', ''])('of HTTP/%s is not answered', (version) => expect(flaw({ version })).toBe(INVALID))
  it.each(['CONNECT', 'TRACK'])('%s is not served', (method) => expect(flaw({ method })).toBe(INVALID))

  it.each([
    ['/', true],
    ['/a/b.c/d..e/...', true],
    ['/a?x=/../%2f//é', true],
    ["/A-Z._~!$&'()*+,;=:@", true],
    ['/%41%C3%A4', true],
    ['/a/', true],
    ['', false],
    ['*', false],
    ['a', false],
    ['http://host/a', false],
    ['?x', false],
    ['/a//b', false],
    ['//a', false],
    ['/a/../b', false],
    ['/a/..', false],
    ['/./a', false],
    ['/a/.', false],
    ['/a%2Fb', false],
    ['/a%2fb', false],
    ['/a%5Cb', false],
    ['/a%2e', false],
    ['/a%00', false],
    ['/a%', false],
    ['/a%4', false],
    ['/a%zz', false],
    ['/a\\b', false],
    ['/a b', false],
    ['/a#b', false],
    ['/a|b', false],
    ['/ä', false],
    ['/a\u0000', false],
    ['/a"b', false],
  ])('of the path %j is clear: %j', (url, isClear) => expect(flaw({ url })).toBe(isClear ? undefined : INVALID))

  it('has a URL of 8 KiB at most', () => {
    expect([flaw({ url: `/${'x'.repeat(8_191)}` }), flaw({ url: `/${'x'.repeat(8_192)}` })]).toEqual([undefined, INVALID])
    expect(flaw({ url: `/?${'x'.repeat(8_191)}` })).toBe(INVALID)
  })

  it.each([
    'authorization',
    'host',
    ':authority',
    ':path',
    ':method',
    'content-length',
    'content-type',
    'if-unmodified-since',
    'transfer-encoding',
  ])('has one header %s', (name) => expect(flaw({ headers: { [name]: ['1', '1'] } })).toBe(INVALID))

  it('may repeat what is a list, and headers may be 32 KiB together', () => {
    expect(flaw({ headers: { accept: ['a', 'b'] } })).toBeUndefined()
    const of = (size: number) => flaw({ headers: { a: ['x'.repeat(size / 2 - 1)], b: ['x'.repeat(size / 2 - 1)] } })
    expect([of(MAX_HEADER), of(MAX_HEADER + 2)]).toEqual([undefined, INVALID])
    expect(flaw({ headers: { a: Array.from({ length: 20 }, () => 'x'.repeat(1_700)) } })).toBe(INVALID)
  })

  it('does not become something else', () => expect(flaw({ headers: { upgrade: ['websocket'] } })).toBe(INVALID))

  it('names one host', () => {
    expect(flaw({ headers: { host: ['a'], ':authority': ['a'] } })).toBeUndefined()
    expect(flaw({ headers: { host: ['a'], ':authority': ['b'] } })).toBe(INVALID)
    expect(flaw({ headers: { ':authority': ['b'] } })).toBeUndefined()
    expect(flaw({ headers: {} })).toBeUndefined()
  })

  it.each([
    ['0', undefined],
    [String(MAX_BODY), undefined],
    [String(MAX_BODY + 1), 'TooLarge'],
    ['999999999999999', 'TooLarge'],
    ['9999999999999999', INVALID],
    ['-1', INVALID],
    ['+1', INVALID],
    ['1e3', INVALID],
    ['0x1', INVALID],
    ['', INVALID],
    [' 1', INVALID],
    ['1,1', INVALID],
  ])('with a body of length "%s"', (length, expected) => expect(flaw({ headers: { 'content-length': [length] } })).toBe(expected))
})

describe('the path of a URL', () => {
  it('ends at the first question mark', () => {
    expect(['/a', '/a?b', '/a?b?c', '?', ''].map(pathOf)).toEqual(['/a', '/a', '/a', '', ''])
  })
})
