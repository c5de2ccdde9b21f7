import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority } from '../../embedded/cluster/x509.ts'
import type { Answer } from './issuer-fetch.ts'
import { discover, keysAtUrl, keysInFile, keysOfIssuer, parseKeys } from './keys.ts'

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
