import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JSONWebKeySet } from 'jose'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority } from '../../x509.ts'
import type { Answer } from './issuer-fetch.ts'
import { discover, Keys, keysAtUrl, keysInFile, keysOfIssuer, parseKeys } from './keys.ts'

const JWKS = { keys: [{ kty: 'EC' }] }
const CONFIG = '/.well-known/openid-configuration'

/** An issuer that answers what it is told to, and what it was asked. */
function issuer(answers: Record<string, Answer | object>) {
  const asked: string[] = []
  const fetchJson = (url: string) => {
    asked.push(url)
    const answer = answers[url.replace('https://iss', '')] ?? { status: 404, body: undefined }
    return Promise.resolve('status' in answer ? (answer as Answer) : { status: 200, body: answer })
  }
  return { asked, fetchJson }
}
const described = (more: object = {}) => ({ issuer: 'https://iss', jwks_uri: 'https://iss/keys', ...more })

describe('an issuer', () => {
  it('says where its keys are', async () => {
    const { asked, fetchJson } = issuer({ [CONFIG]: described({ userinfo_endpoint: 'u' }), '/keys': JWKS })
    expect(await discover('https://iss', fetchJson)).toEqual(described({ userinfo_endpoint: 'u' }))
    const source = keysOfIssuer('https://iss', fetchJson)
    expect([source.name, await source.load()]).toEqual(['https://iss', JWKS])
    expect(asked).toEqual([`https://iss${CONFIG}`, `https://iss${CONFIG}`, 'https://iss/keys'])
  })

  it('with a slash at its end is asked at the same place, and is another one', async () => {
    const own = issuer({ [CONFIG]: described({ issuer: 'https://iss/' }) })
    expect(await discover('https://iss/', own.fetchJson)).toMatchObject({ issuer: 'https://iss/' })
    await expect(discover('https://iss/', issuer({ [CONFIG]: described() }).fetchJson)).rejects.toThrow('is about another issuer')
  })

  it.each<[string, Answer | object, string]>([
    ['another issuer’s description', described({ issuer: 'https://other' }), 'is about another issuer than https://iss'],
    ['no issuer', described({ issuer: undefined }), 'is about another issuer'],
    ['no place of keys', described({ jwks_uri: undefined }), 'answers 200 and no jwks_uri'],
    ['a place that is no text', described({ jwks_uri: 7 }), 'answers 200 and no jwks_uri'],
    ['an error', { status: 500, body: described() }, 'answers 500 and no jwks_uri'],
    ['nothing', { status: 200, body: undefined }, 'answers 200 and no jwks_uri'],
  ])('that answers %s is not believed', async (_, answer, message) => {
    await expect(discover('https://iss', issuer({ [CONFIG]: answer }).fetchJson)).rejects.toThrow(message)
  })
})

describe('keys at a URL', () => {
  it('are a set', async () => {
    expect(await keysAtUrl('https://iss/keys', issuer({ '/keys': JWKS }).fetchJson).load()).toEqual(JWKS)
    for (const answer of [{ status: 500, body: JWKS }, { keys: {} }, {}, { status: 200, body: undefined }])
      await expect(keysAtUrl('https://iss/keys', issuer({ '/keys': answer }).fetchJson).load()).rejects.toThrow('no set of keys')
  })
})

describe('keys in a file', () => {
  const pem = (kind: 'ec' | 'ed25519' = 'ec') =>
    (kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')).publicKey.export({
      type: 'spki',
      format: 'pem',
    })

  it('are public keys or certificates one after the other, or a set', () => {
    expect(parseKeys(`${pem()}# comment\n${pem('ed25519')}${createAuthority('x').cert}`, 'f').keys.map(({ kty }) => kty)).toEqual([
      'EC',
      'OKP',
      'EC',
    ])
    expect(parseKeys(JSON.stringify(JWKS), 'f')).toEqual(JWKS)
    expect(() => parseKeys('{}', 'f')).toThrow('f answers 200 and no set of keys')
    expect(() => parseKeys('nonsense', 'f')).toThrow('JSON')
  })

  it('are never private ones, whatever else is there', () => {
    for (const key of ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])
      expect(() => parseKeys(`${pem()}-----BEGIN ${key}-----\nx\n-----END ${key}-----`, 'f')).toThrow('f holds a private key')
  })

  it('are read again when the file moves, and only then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seca-keys-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'keys')
    writeFileSync(path, pem())
    const source = keysInFile(path)
    const first = await source.load()
    expect([source.name, await source.load()]).toEqual([path, first])
    expect(await source.load()).toBe(first)
    writeFileSync(path, pem())
    utimesSync(path, 1, 1)
    expect(await source.load()).not.toEqual(first)
  })
})

describe('the keys in use', () => {
  function rig() {
    const state = { now: 0, loads: 0, isDown: false, keys: [{ kty: 'EC', kid: 'a' }] as object[] }
    const load = async (): Promise<JSONWebKeySet> => {
      state.loads++
      await Promise.resolve()
      if (state.isDown) throw new Error('down')
      return { keys: state.keys } as JSONWebKeySet
    }
    const keys = new Keys({ source: { name: 'test', load }, log: pino({ level: 'silent' }), lastGoodMs: 3_600_000, now: () => state.now })
    /** Number of the set, or why there is none; and how often was read by then. */
    const at = async (now: number) => {
      state.now = now
      const set = await keys.current().catch((error: { code: string }) => error.code)
      const { loads } = state
      await new Promise((resolve) => setImmediate(resolve))
      return [set, loads]
    }
    return { state, at }
  }

  it('are read again every five minutes, behind who asks, and have a new number when they change', async () => {
    const { state, at } = rig()
    expect([await at(0), await at(299_999), await at(300_000)]).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ])
    expect([await at(300_001), await at(300_002)]).toEqual([
      [1, 2],
      [1, 2],
    ])
    state.keys = [{ kty: 'EC', kid: 'b' }]
    expect([await at(600_002), await at(600_003)]).toEqual([
      [1, 3],
      [2, 3],
    ])
  })

  it('serve while their issuer is down, for an hour; it is asked every ten seconds', async () => {
    const { state, at } = rig()
    await at(0)
    state.isDown = true
    expect([await at(300_001), await at(310_000), await at(310_001)]).toEqual([
      [1, 2],
      [1, 2],
      [1, 3],
    ])
    expect([await at(3_600_000), await at(3_600_001), await at(3_610_000)]).toEqual([
      [1, 4],
      ['IdentityUnavailable', 4],
      ['IdentityUnavailable', 5],
    ])
    state.isDown = false
    expect([await at(3_619_999), await at(3_620_000)]).toEqual([
      ['IdentityUnavailable', 5],
      [1, 6],
    ])
  })

  it.each<[object[], number | string]>([
    [[{ kty: 'EC', use: 'sig' }], 1],
    [[{ kty: 'oct', k: 'x' }, { kty: 'RSA' }], 1],
    [[{ kty: 'EC', use: 'enc' }], 'IdentityUnavailable'],
    [[{ kty: 'oct', k: 'x', use: 'sig' }], 'IdentityUnavailable'],
    [[], 'IdentityUnavailable'],
  ])('are public ones for signatures: %j', async (list, expected) => {
    const { state, at } = rig()
    state.keys = list
    expect((await at(0))[0]).toBe(expected)
  })
})
