import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, type JSONWebKeySet, type JWTHeaderParameters, SignJWT } from 'jose'
import { pino } from 'pino'
import { beforeEach, describe, expect, it } from 'vitest'
import { Keys, parseKeys } from './keys.ts'
import { Tokens } from './token.ts'

const log = pino({ level: 'silent' })
const NOW = Date.parse('2026-06-01T12:00:00Z')
const S = NOW / 1000
const pair = (kind: 'ec' | 'rsa' = 'ec') =>
  kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = async (key: KeyObject, kid?: string) => ({ ...(await exportJWK(key)), ...(kid === undefined ? {} : { kid }) })

const a = pair()
const b = pair()
const r = pair('rsa')
let clock = 0
let wall = NOW
let served: () => Promise<JSONWebKeySet>
let loads = 0
const jwks = async (...keys: [KeyObject, string?][]): Promise<JSONWebKeySet> => ({
  keys: await Promise.all(keys.map(([key, kid]) => jwk(key, kid))),
})

beforeEach(() => {
  clock = 0
  wall = NOW
  loads = 0
  served = () => jwks([a.publicKey, 'a'], [r.publicKey, 'r'])
})

const makeKeys = () =>
  new Keys({
    source: { name: 'test', load: () => (loads++, served()) },
    log,
    lastGoodMs: 3_600_000,
    now: () => clock,
  })
const makeTokens = (keys = makeKeys()) => new Tokens({ keys, issuer: 'iss', audience: 'seca', clockToleranceS: 30, now: () => wall })

const CLAIMS = { iss: 'iss', aud: 'seca', sub: 'alice', exp: S + 600 }
const sign = (
  claims: object = {},
  header: { [name in keyof JWTHeaderParameters]?: JWTHeaderParameters[name] | undefined } = {},
  key: KeyObject = a.privateKey,
) =>
  new SignJWT({ ...CLAIMS, ...claims } as Record<string, unknown>)
    .setProtectedHeader({ alg: 'ES256', kid: 'a', ...header } as JWTHeaderParameters)
    .sign(key)
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const refusal = (token: string, tokens = makeTokens()) =>
  tokens.verify(token).then(
    () => 'accepted',
    (error: { code: string; message: string }) => `${error.code}: ${error.message.replace('the bearer token is refused: ', '')}`,
  )

describe('tokens', () => {
  it('name the caller', async () => {
    expect(await makeTokens().verify(await sign())).toEqual({ door: 'direct', subject: 'alice', scope: {} })
    expect(await makeTokens().verify(await sign({ aud: ['other', 'seca'] }))).toMatchObject({ subject: 'alice' })
    expect(await makeTokens().verify(await sign({}, { alg: 'PS256', kid: 'r' }, r.privateKey))).toMatchObject({ subject: 'alice' })
    expect(await makeTokens().verify(await sign({}, { alg: 'RS256', kid: undefined }, r.privateKey))).toMatchObject({ subject: 'alice' })
  })

  it.each([
    [{ exp: S - 31 }, 'it has expired'],
    [{ exp: undefined }, 'its claim "exp" is missing or wrong'],
    [{ exp: 'soon' }, 'its claim "exp" is missing or wrong'],
    [{ nbf: S + 31 }, 'its claim "nbf" is missing or wrong'],
    [{ aud: 'other' }, 'its claim "aud" is missing or wrong'],
    [{ aud: undefined }, 'its claim "aud" is missing or wrong'],
    [{ iss: 'else' }, 'its claim "iss" is missing or wrong'],
    [{ sub: undefined }, 'its claim "sub" is missing or wrong'],
    [{ sub: '' }, 'its claim "sub" names nobody'],
    [{ sub: '*' }, 'its claim "sub" names nobody'],
    [{ sub: ['alice'] }, 'its claim "sub" names nobody'],
    [{ sub: 'x'.repeat(129) }, 'its claim "sub" is longer than 128 characters'],
    [{ tenants: 7 }, 'its claim "tenants" is not a list of names'],
    [{ tenants: { acme: true } }, 'its claim "tenants" is not a list of names'],
    [{ scope: { tenants: ['a', 1] } }, 'its claim "scope.tenants" is not a list of names'],
    [{ scope: ['a'] }, 'its claim "scope" is a list'],
    [{ scope: 7 }, 'its claim "scope" is neither an object nor a text'],
    [{ scope: true }, 'its claim "scope" is neither an object nor a text'],
    [{ iss: 'iss/' }, 'its claim "iss" is missing or wrong'],
    [{ iss: ['iss'] }, 'its claim "iss" is missing or wrong'],
    [{ aud: [] }, 'its claim "aud" is missing or wrong'],
    [{ aud: ['other', 'seca2'] }, 'its claim "aud" is missing or wrong'],
    [{ aud: [['seca']] }, 'its claim "aud" is missing or wrong'],
    [{ aud: { seca: true } }, 'its claim "aud" is missing or wrong'],
    [{ nbf: 'now' }, 'its claim "nbf" is missing or wrong'],
  ])('%j is refused', async (claims, why) => {
    expect(await refusal(await sign(claims))).toBe(`Unauthenticated: ${why}`)
  })

  it('within the tolerance of clocks pass', async () => {
    expect(await refusal(await sign({ exp: S - 29, nbf: S + 29 }))).toBe('accepted')
  })

  it('with another algorithm are refused, however they are made', async () => {
    const pem = createPublicKey(a.privateKey).export({ type: 'spki', format: 'pem' })
    const spki = createPublicKey(a.privateKey).export({ type: 'spki', format: 'der' })
    const forge = (alg: string, secret: string | Buffer) => {
      const text = `${part({ alg, kid: 'a' })}.${part(CLAIMS)}`
      return `${text}.${createHmac(`sha${alg.slice(2)}`, secret)
        .update(text)
        .digest('base64url')}`
    }
    for (const alg of ['HS256', 'HS384', 'HS512'])
      for (const secret of [pem, pem.trim(), spki, '']) expect(await refusal(forge(alg, secret))).toMatch(/^Unauthenticated/)
    for (const alg of ['none', 'None', 'NONE', '', undefined]) {
      const text = `${part({ alg, kid: 'a' })}.${part(CLAIMS)}`
      expect(await refusal(`${text}.`)).toMatch(/^Unauthenticated/)
      expect(await refusal(`${text}.${(await sign()).split('.')[2]}`)).toMatch(/^Unauthenticated/)
    }
  })

  it('of other keys, changed, or with keys of their own are refused', async () => {
    const [head = '', , signature = ''] = (await sign()).split('.')
    expect(await refusal(await sign({}, {}, b.privateKey))).toBe('Unauthenticated: its signature is wrong')
    expect(await refusal(`${head}.${part({ ...CLAIMS, sub: 'root' })}.${signature}`)).toBe('Unauthenticated: its signature is wrong')
    const jwkHeader = {
      jwk: await jwk(b.publicKey),
      jku: 'https://evil.example/keys',
      x5u: 'https://evil.example',
    } as Partial<JWTHeaderParameters>
    expect(await refusal(await sign({}, jwkHeader, b.privateKey))).toBe('Unauthenticated: its signature is wrong')
    expect(await refusal(await sign({}, { kid: '../../etc/passwd' }))).toBe('Unauthenticated: its issuer has no such key')
    expect(await refusal(await sign({}, { crit: ['b64'], b64: false } as Partial<JWTHeaderParameters>).catch(() => 'a.b.c'))).toMatch(
      /^Unauthenticated/,
    )
    for (const junk of ['', 'x', 'a.b', 'a.b.c', 'a.b.c.d.e', `${part({ alg: 'ES256', kid: 'a' })}.e30.`, 'x'.repeat(20_000)])
      expect(await refusal(junk)).toMatch(/^Unauthenticated/)
  })

  it('a symmetric key in the set verifies nothing', async () => {
    const secret = Buffer.alloc(32, 7)
    served = async () => ({ keys: [{ kty: 'oct', k: secret.toString('base64url'), kid: 'a' }, await jwk(r.publicKey, 'r')] })
    const text = `${part({ alg: 'HS256', kid: 'a' })}.${part(CLAIMS)}`
    expect(await refusal(`${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`)).toMatch(/^Unauthenticated/)
    served = async () => ({ keys: [{ kty: 'oct', k: secret.toString('base64url'), kid: 'a' }] })
    expect(await refusal(await sign())).toMatch(/^IdentityUnavailable/)
  })

  it('without a key id find theirs among several', async () => {
    served = () => jwks([b.publicKey], [a.publicKey])
    expect(await refusal(await sign({}, { kid: undefined }))).toBe('accepted')
    expect(await refusal(await sign({}, { kid: undefined }, pair().privateKey))).toBe('Unauthenticated: its signature is wrong')
  })

  it.each([
    [{}, {}],
    [{ tenants: ['a', 'b'] }, { tenants: ['a', 'b'] }],
    [{ tenants: [] }, { tenants: [] }],
    [{ tenants: 'a' }, { tenants: ['a'] }],
    [{ tenants: null }, {}],
    [{ scope: 'openid seca:admin' }, {}],
    [{ scope: { tenants: ['a'], regions: ['r'], workspaces: ['w'] } }, { tenants: ['a'], regions: ['r'], workspaces: ['w'] }],
    [{ scope: { tenants: [], regions: [] } }, {}],
    [{ tenants: ['a', 'b'], scope: { tenants: ['b', 'c'] } }, { tenants: ['b'] }],
    [{ tenants: ['a'], scope: { tenants: ['c'] } }, { tenants: [] }],
    [{ roles: ['seca.admin'], permissions: ['*'], groups: ['system:masters'] }, {}],
  ])('%j narrows to %j', async (claims, scope) => {
    expect((await makeTokens().verify(await sign(claims))).scope).toEqual(scope)
  })
})

describe('keys', () => {
  it('follow a rotation, and forget the old key', async () => {
    const keys = makeKeys()
    const tokens = makeTokens(keys)
    const old = await sign()
    await tokens.verify(old)
    served = () => jwks([b.publicKey, 'b'])
    const fresh = await sign({}, { kid: 'b' }, b.privateKey)
    expect(await refusal(fresh, tokens)).toBe('Unauthenticated: its issuer has no such key')
    clock += 10_000
    await tokens.verify(fresh)
    expect(loads).toBe(2)
    // It was verified before, and its key is gone.
    expect(await refusal(old, tokens)).toBe('Unauthenticated: its issuer has no such key')
  })

  it('are waited for by all who come with a new one while they are read', async () => {
    const tokens = makeTokens()
    await tokens.verify(await sign())
    const gate = Promise.withResolvers<void>()
    served = async () => (await gate.promise, jwks([b.publicKey, 'b']))
    clock += 10_000
    const fresh = await Promise.all([1, 2, 3].map((jti) => sign({ jti: String(jti) }, { kid: 'b' }, b.privateKey)))
    const answers = Promise.all(fresh.map((token) => refusal(token, tokens)))
    await new Promise((resolve) => setTimeout(resolve, 20))
    gate.resolve()
    expect(await answers).toEqual(['accepted', 'accepted', 'accepted'])
    expect(loads).toBe(2)
  })

  it('of one id are all tried', async () => {
    served = () => jwks([b.publicKey, 'a'], [r.publicKey, 'a'], [a.publicKey, 'a'])
    expect(await refusal(await sign())).toBe('accepted')
    expect(await refusal(await sign({}, { alg: 'RS256' }, r.privateKey))).toBe('accepted')
    expect(await refusal(await sign({}, {}, pair().privateKey))).toBe('Unauthenticated: its signature is wrong')
  })

  it('that are broken do not take the others with them', async () => {
    const broken = [
      null,
      7,
      'x',
      [],
      {},
      { kty: 'EC', kid: 'b' },
      { kty: 'EC', crv: 'P-256', x: '!', y: '!', kid: 'c' },
      { kty: 'toString' },
    ]
    served = async () => ({ keys: [...broken, ...(await jwks([a.publicKey, 'a'])).keys] as JSONWebKeySet['keys'] })
    expect(await refusal(await sign())).toBe('accepted')
    expect(await refusal(await sign({}, { kid: 'c' }))).toMatch(/^Unauthenticated/)
  })

  it('may be a thousand; on a token that names none, a few are tried', async () => {
    const many = Array.from({ length: 1_000 }, () => pair())
    served = () => jwks(...many.map(({ publicKey }, index): [KeyObject, string] => [publicKey, `k${index}`]))
    const tokens = makeTokens()
    for (const index of [0, 500, 999])
      expect(await refusal(await sign({}, { kid: `k${index}` }, many[index]!.privateKey), tokens)).toBe('accepted')
    expect(await refusal(await sign({}, { kid: undefined }, many[15]!.privateKey), tokens)).toBe('accepted')
    expect(await refusal(await sign({}, { kid: undefined }, many[16]!.privateKey), tokens)).toBe('Unauthenticated: its signature is wrong')
  })

  it('unknown key ids do not make us ask the issuer all the time', async () => {
    const tokens = makeTokens()
    for (let index = 0; index < 20; index++) expect(await refusal(await sign({}, { kid: `x${index}` }), tokens)).toMatch(/no such key/)
    expect(loads).toBe(1)
  })

  it('serve on while the issuer is down, for a bounded time, and come back', async () => {
    const keys = makeKeys()
    const tokens = makeTokens(keys)
    await tokens.verify(await sign())
    served = () => Promise.reject(new Error('connection refused'))
    wall += 3_500_000
    clock += 3_500_000
    expect(await refusal(await sign({ exp: S + 9_000 }), tokens)).toBe('accepted')
    clock += 200_000
    expect(await refusal(await sign({ exp: S + 9_000, jti: 'x' }), tokens)).toMatch(/^IdentityUnavailable: the keys of the token issuer/)
    served = () => jwks([a.publicKey, 'a'])
    clock += 10_000
    expect(await refusal(await sign({ exp: S + 9_000 }), tokens)).toBe('accepted')
  })

  it('that were never read are trouble, not a refusal; many callers ask once', async () => {
    served = () => Promise.reject(new Error('connection refused'))
    const tokens = makeTokens()
    const token = await sign()
    const answers = await Promise.all(Array.from({ length: 20 }, () => refusal(token, tokens)))
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^IdentityUnavailable/)
    expect(loads).toBe(1)
  })

  it('come as PEM or JWKS, never as a private key', async () => {
    const pem = [a, b].map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })).join('\n')
    served = () => Promise.resolve(parseKeys(pem, 'keys.pem'))
    expect(await refusal(await sign({}, { kid: 'anything' }))).toBe('accepted')
    expect(await refusal(await sign({}, { kid: undefined }))).toBe('accepted')
    expect(parseKeys(JSON.stringify(await jwks([a.publicKey, 'a'])), 'keys.json').keys).toHaveLength(1)
    expect(() => parseKeys(a.privateKey.export({ type: 'pkcs8', format: 'pem' }), 'x.pem')).toThrow('holds a private key')
  })
})

describe('known tokens', () => {
  it('are not verified again until they expire', async () => {
    const keys = makeKeys()
    let found = 0
    const counted = { current: () => keys.current(), find: (...args: Parameters<typeof keys.find>) => (found++, keys.find(...args)) }
    const tokens = new Tokens({ keys: counted, issuer: 'iss', audience: 'seca', clockToleranceS: 30, now: () => wall })
    const token = await sign()
    for (let index = 0; index < 5; index++) await tokens.verify(token)
    expect(found).toBe(1)
    wall += 631_000
    expect(await refusal(token, tokens)).toBe('Unauthenticated: it has expired')
  })
})
