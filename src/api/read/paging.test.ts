import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isName } from '../../kinds/naming.ts'
import type { Refusal } from '../problem.ts'
import { parseLimit, parseSkipToken, single, skipToken } from './paging.ts'

const refused = (run: () => unknown) => {
  try {
    return run()
  } catch (error) {
    const { code, sources } = error as Refusal
    return `${code} ${sources.map(({ parameter }) => parameter).join()}`
  }
}

describe('a parameter', () => {
  it('is given once, or not', () => {
    const query = new URLSearchParams('a=1&b=2&b=2&c=')
    expect(['a', 'c', 'd'].map((name) => single(query, name))).toEqual(['1', '', undefined])
    expect(refused(() => single(query, 'b'))).toBe('InvalidRequest b')
  })
})

describe('limit', () => {
  it.each<[string | undefined, number]>([
    [undefined, 1_000],
    ['1', 1],
    ['10000', 10_000],
    ['007', 7],
  ])('%j is %i', (text, limit) => expect(parseLimit(text)).toBe(limit))

  it.each(['', '0', '10001', '99999', '100000', '-1', '+1', '1.0', '1e3', ' 1', '٣', 'x'])('%j is none', (text) => {
    expect(refused(() => parseLimit(text))).toBe('InvalidRequest limit')
  })
})

describe('skipToken', () => {
  it('leads back to the name', () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,20}([-.][a-z0-9]{1,20}){0,4}$/).filter((text) => isName(text))
    fc.assert(fc.property(name, (text) => void expect(parseSkipToken(skipToken(text))).toBe(text)))
    expect(parseSkipToken(skipToken('x'.repeat(128)))).toHaveLength(128)
    expect(parseSkipToken(undefined)).toBeUndefined()
  })

  it.each([
    '',
    '!',
    'x',
    Buffer.from('a').toString('base64url'),
    Buffer.from('2a').toString('base64url'),
    Buffer.from('1').toString('base64url'),
    Buffer.from('1A').toString('base64url'),
    Buffer.from('1a/../b').toString('base64url'),
    `${skipToken('ab')}=`,
    ` ${skipToken('ab')}`,
    `${skipToken('ab')}!`,
    skipToken('x'.repeat(300)),
  ])('%.20j is none', (text) => expect(refused(() => parseSkipToken(text))).toBe('InvalidRequest skipToken'))
})
