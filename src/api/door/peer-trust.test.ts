import { describe, expect, it } from 'vitest'
import { createAuthority, issue } from '../../x509.ts'
import { announced, announcement, isSigned, keysOf, leafOf, signed } from './peer-trust.ts'

const [old, next, foreign] = ['the old key of all', 'the new key of all', 'a key of a stranger'] as const
const ca = createAuthority('ca')
const cert = () => leafOf(issue(ca, { commonName: 'api', usages: ['server'] }).cert)
const at = 'https://10.0.0.5:8443'

describe('keys of replicas', () => {
  it.each([
    ['sixteen letters.\n', ['sixteen letters.']],
    ['the new key of all\n\n the old key of all \n', [next, old]],
    ['short', undefined],
    [`${next}\nshort`, undefined],
    [' \n', undefined],
    [Array.from({ length: 5 }, () => old).join('\n'), undefined],
  ])('in %j', (text, keys) => expect(keysOf(text)).toEqual(keys))
})

describe('a question', () => {
  it('is believed by who shares any key, while keys are replaced one after the other', () => {
    const value = signed([next, old], 'q')
    for (const keys of [[old], [next], [next, old]]) expect(isSigned(keys, 'q', [value])).toBe(true)
    expect(isSigned([next, old], 'q', [signed([old], 'q')])).toBe(true)
    expect(isSigned([foreign], 'q', [value])).toBe(false)
    expect(isSigned([next], 'other', [value])).toBe(false)
    expect(isSigned([next], 'q', [signed([next], 'q', Date.now() - 31_000)])).toBe(false)
  })
})

describe('a certificate that a replica announces', () => {
  const [first, second] = [cert(), cert()]

  it('is believed for its address, of who shares a key', () => {
    const value = announcement([next, old], at, [second, first])
    for (const keys of [[old], [next]]) expect(announced(keys, at, value)).toEqual([second, first])
  })

  it.each([
    ['of a stranger', announced([old], at, announcement([foreign], at, [first]))],
    ['for another address', announced([old], 'https://10.0.0.6:8443', announcement([old], at, [first]))],
    ['with another one added', announced([old], at, `${announcement([old], at, [first])}\n${second}`)],
    ['without a signature', announced([old], at, `\n${first}`)],
    ['that is none', announced([old], at, 'x')],
    ['that is not there', announced([old], at, undefined)],
  ])('%s is not', (_, found) => expect(found).toEqual([]))
})
