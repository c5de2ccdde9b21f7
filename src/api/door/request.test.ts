import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { DoorRequest, isHost, originOf, VisibleHeaders } from './request.ts'

const head = (headers: Record<string, string[]>) => ({ headers: new Map(Object.entries(headers)), socket: {} as TLSSocket })

describe('a host', () => {
  it.each(['a', 'a.b-c_d', 'a:1', 'a:65535', '10.0.0.1:443', '[::1]', '[2001:db8::1]:443', '[::ffff:10.0.0.1]', 'x'.repeat(255)])(
    '%.30s is one',
    (text) => expect(isHost(text)).toBe(true),
  )
  it.each([
    '',
    'a b',
    'a/b',
    'a?b',
    'a#b',
    'u@a',
    'a:',
    'a:x',
    'a:123456',
    'a:b:1',
    '[::1',
    '::1',
    '[]',
    '[g::1]',
    'ä',
    'a\n',
    'x'.repeat(256),
  ])('%.30j is none', (text) => expect(isHost(text)).toBe(false))
})

describe('the origin of a request', () => {
  it.each<[Record<string, string[]>, string | undefined, string]>([
    [{ host: ['a:1'] }, undefined, 'https://a:1'],
    [{ ':authority': ['b'], host: ['a'] }, undefined, 'https://b'],
    [{ host: ['a'] }, 'c', 'https://c'],
    [{}, undefined, 'https://localhost'],
    [{}, 'c', 'https://c'],
  ])('%j, forwarded for %j: %s', (headers, forwarded, origin) => expect(originOf(head(headers), forwarded)).toBe(origin))

  it('is no nonsense', () => {
    const wrong = expect.objectContaining({ code: 'InvalidRequest', message: 'the header Host is not the name of a host' }) as Error
    expect(() => originOf(head({ host: ['a/b'] }), undefined)).toThrow(wrong)
    expect(() => originOf(head({ host: ['a'] }), 'a/b')).toThrow(wrong)
    expect(() => originOf(head({ host: [''] }), undefined)).toThrow(wrong)
  })
})

describe('headers', () => {
  const all = new Map([
    [':path', ['/x']],
    ['accept', ['a', 'b']],
    ['authorization', ['secret']],
    ['empty', ['']],
  ])
  const headers = new VisibleHeaders(all, (name) => name === 'authorization')

  it('are seen by name in any case, joined', () => {
    expect(['accept', 'Accept', 'empty', 'none'].map((name) => headers.get(name))).toEqual(['a, b', 'a, b', '', null])
    expect(['accept', 'empty', 'none'].map((name) => headers.has(name))).toEqual([true, true, false])
  })

  it('of HTTP/2 itself and for the door alone are not there', () => {
    expect([':path', 'authorization', 'Authorization'].map((name) => headers.get(name))).toEqual([null, null, null])
    expect([...headers]).toEqual([
      ['accept', 'a, b'],
      ['empty', ''],
    ])
  })
})

describe('a body', () => {
  it('is what was read, and no more of the buffer that it lies in', async () => {
    const around = Buffer.from('xx{"a":"ä"}xx')
    const request = new DoorRequest('PUT', 'https://a/x', new VisibleHeaders(new Map(), () => false), around.subarray(2, -2))
    expect(await request.text()).toBe('{"a":"ä"}')
    expect(Buffer.from(await request.arrayBuffer()).toString()).toBe('{"a":"ä"}')
    expect([request.method, request.url]).toEqual(['PUT', 'https://a/x'])
  })
})
