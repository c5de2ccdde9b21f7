import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { AUDIENCE, ISSUER } from '../../../src/embedded/issuer.ts'
import { type Attempt, attempt } from './attempt.ts'
import { KEY_ID, path, VAULT, type World } from './world.ts'

const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const now = (): number => Math.floor(Date.now() / 1000)

/** What a token of the victim's administrator says. */
const claims = (more: JWTPayload = {}): JWTPayload => ({ iss: ISSUER, aud: AUDIENCE, sub: 'vera', iat: now(), exp: now() + 600, ...more })

/** A token signed with RSA, whatever its header says. */
function signed(key: KeyObject, header: object, payload: object | string, hash = 'RSA-SHA256'): string {
  const text = `${part(header)}.${part(payload)}`
  return `${text}.${createSign(hash).update(text).sign(key).toString('base64url')}`
}

function keyed(secret: string | Buffer, algorithm: 'HS256' | 'HS384' | 'HS512', header: object = {}): string {
  const text = `${part({ alg: algorithm, typ: 'JWT', kid: KEY_ID, ...header })}.${part(claims())}`
  return `${text}.${createHmac(`sha${algorithm.slice(2)}`, secret)
    .update(text)
    .digest('base64url')}`
}

/** Made as the forged ones are, with nothing wrong in it: were this one refused, they would prove nothing. */
export const soundToken = ({ privateKey }: World): string => signed(privateKey, { alg: 'RS256', kid: KEY_ID, typ: 'JWT' }, claims())

/** Tokens that claim to be the victim's administrator and must not be believed. `home`: where a server of the attacker hands out keys. */
async function forgedTokens(world: World, home: string): Promise<Readonly<Record<string, string>>> {
  const { publicKey, privateKey, vera } = world
  const rogue = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const edwards = generateKeyPairSync('ed25519')
  const jwk = { ...(await exportJWK(rogue.publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }
  const der = rogue.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const [header = '', payload = '', signature = ''] = vera.split('.')
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' }) as string
  const ownJwk = await exportJWK(publicKey)
  const usual = { alg: 'RS256', kid: KEY_ID, typ: 'JWT' }
  const rs = (more: object) => signed(rogue.privateKey, { ...usual, ...more }, claims())
  const good = (more: JWTPayload, drop: readonly string[] = []) =>
    signed(privateKey, usual, Object.fromEntries(Object.entries(claims(more)).filter(([key]) => !drop.includes(key))))
  const jose = (key: KeyObject, head: JWTHeaderParameters) => new SignJWT(claims()).setProtectedHeader(head).sign(key)
  const algorithms = [
    'none',
    'None',
    'NONE',
    'nOnE',
    'none ',
    ' none',
    '',
    'null',
    'HS256',
    'RS256\0',
    'rs256',
    'ROT13',
    'dir',
    'RSA1_5',
    'RS1',
  ]
  return {
    ...Object.fromEntries(algorithms.map((alg) => [`alg "${alg}", no signature`, `${part({ ...usual, alg })}.${part(claims())}.`])),
    ...Object.fromEntries(
      algorithms.map((alg) => [
        `alg "${alg}", a good signature of other text`,
        `${part({ ...usual, alg })}.${part(claims())}.${signature}`,
      ]),
    ),
    unsecured: new UnsecuredJWT(claims()).encode(),
    'alg missing': `${part({ kid: KEY_ID })}.${part(claims())}.${signature}`,
    'alg a list': `${part({ alg: ['RS256', 'none'], kid: KEY_ID })}.${part(claims())}.${signature}`,
    'alg null': `${part({ alg: null })}.${part(claims())}.`,
    'two parts': `${header}.${payload}`,
    'two parts and a dot': `${header}.${payload}.`,
    'one part': header,
    'four parts': `${vera}.${signature}`,
    'five parts, as if encrypted': `${part({ alg: 'dir', enc: 'A128GCM' })}..${part('x')}.${payload}.${signature}`,
    'signature cut': vera.slice(0, -3),
    'signature with a tail': `${vera}AAAA`,
    'signature of zeros': `${header}.${payload}.${Buffer.alloc(256).toString('base64url')}`,
    'signature of ones': `${header}.${payload}.${Buffer.alloc(256, 1).toString('base64url')}`,
    'empty signature': `${header}.${payload}.${part('')}`,
    'payload exchanged': `${world.mallory.split('.')[0]}.${part(claims())}.${world.mallory.split('.')[2]}`,
    'payload with a twin key': signed(rogue.privateKey, usual, `{"sub":"mallory",${JSON.stringify(claims()).slice(1)}`),
    'payload is no JSON': signed(privateKey, usual, 'sub=vera'),
    'payload is a list': signed(privateKey, usual, [claims()]),
    'payload is a string': signed(privateKey, usual, '"vera"'),
    ...Object.fromEntries(
      (['HS256', 'HS384', 'HS512'] as const).flatMap((algorithm) => [
        [`${algorithm} with the public key, PEM`, keyed(pem, algorithm)],
        [`${algorithm} with the public key, trimmed`, keyed(pem.trim(), algorithm)],
        [`${algorithm} with the public key, PKCS#1`, keyed(pkcs1, algorithm)],
        [`${algorithm} with the public key, DER`, keyed(publicKey.export({ type: 'spki', format: 'der' }), algorithm)],
        [`${algorithm} with the public key, JWK`, keyed(JSON.stringify(ownJwk), algorithm)],
        [`${algorithm} with the modulus`, keyed(Buffer.from(ownJwk.n ?? '', 'base64url'), algorithm)],
        [`${algorithm} with nothing`, keyed('', algorithm)],
        [`${algorithm} with "secret"`, keyed('secret', algorithm)],
      ]),
    ),
    'a key of its own': rs({}),
    'jwk in the header': rs({ jwk }),
    'jwk in the header, no kid': rs({ jwk, kid: undefined }),
    'jku of the attacker': rs({ jku: `${home}/jku` }),
    'jku with credentials': rs({ jku: `https://localhost@${home.slice(7)}/jku` }),
    'x5u of the attacker': rs({ x5u: `${home}/x5u` }),
    'x5c of the attacker': rs({ x5c: [der] }),
    'x5t of something': rs({ x5t: part('x'), 'x5t#S256': part('x') }),
    ...Object.fromEntries(
      [
        '../../../../dev/null',
        '/dev/null',
        'file:///dev/null',
        `${home}/kid`,
        "' UNION SELECT 'x",
        '',
        '\0',
        '__proto__',
        'constructor',
        '*',
        'x'.repeat(9_000),
      ].map((kid) => [`kid ${kid.slice(0, 40)}`, rs({ kid })]),
    ),
    'kid is a number': rs({ kid: 0 }),
    'kid is an object': rs({ kid: { $ne: '' } }),
    'HS256 with the empty file of its kid': keyed('', 'HS256', { kid: '/dev/null' }),
    'crit that nobody knows': signed(privateKey, { ...usual, crit: ['x'], x: 1 }, claims()),
    'b64 false': signed(privateKey, { ...usual, crit: ['b64'], b64: false }, claims()),
    'ES256 with a key of its own': await jose(curve.privateKey, { alg: 'ES256', kid: KEY_ID }),
    'EdDSA with a key of its own': await jose(edwards.privateKey, { alg: 'EdDSA', kid: KEY_ID }),
    'ES256 of zeros (CVE-2022-21449)': `${part({ alg: 'ES256', kid: KEY_ID })}.${part(claims())}.${Buffer.alloc(64).toString('base64url')}`,
    'PS256 that is RS256': signed(privateKey, { ...usual, alg: 'PS256' }, claims()),
    'RS512 that is RS256': signed(privateKey, { ...usual, alg: 'RS512' }, claims()),
    'RS256 with SHA-1': signed(privateKey, usual, claims(), 'RSA-SHA1'),
    'wrong audience': good({ aud: 'other' }),
    'wrong audiences': good({ aud: ['other', 'seca2', 'SECA'] }),
    'no audience': good({}, ['aud']),
    'audience is an object': good({ aud: { 0: AUDIENCE } as never }),
    'audience holds it': good({ aud: `${AUDIENCE} other` }),
    'wrong issuer': good({ iss: 'evil' }),
    'issuer with a tail': good({ iss: `${ISSUER}/` }),
    'issuer is a list': good({ iss: [ISSUER] as never }),
    'no issuer': good({}, ['iss']),
    expired: good({ exp: now() - 60 }),
    'expired long ago': good({ exp: 1 }),
    'expires at zero': good({ exp: 0 }),
    'expiry below zero': good({ exp: -1 }),
    'no expiry': good({}, ['exp']),
    'expiry is text': good({ exp: String(now() + 600) as never }),
    'expiry is null': good({ exp: null as never }),
    'not yet': good({ nbf: now() + 3_600 }),
    'nbf is text': good({ nbf: 'yesterday' as never }),
    nobody: good({ sub: '' }),
    everybody: good({ sub: '*' }),
    'no subject': good({}, ['sub']),
    'subject is a list': good({ sub: ['vera'] as never }),
    'subject is an object': good({ sub: { toString: 'vera' } as never }),
    'subject is a number': good({ sub: 0 as never }),
    'subject is true': good({ sub: true as never }),
    'a very long subject': good({ sub: 'v'.repeat(129) }),
    'scope is a list': good({ scope: ['tenants'] as never }),
    'scope of a number': good({ scope: { tenants: 1 } as never }),
    'tenants is an object': good({ tenants: { 0: world.victim } as never }),
    'tenants of numbers': good({ tenants: [1] as never }),
    'a token of Kubernetes': world.account,
    'more than 16 KiB': good({ padding: 'x'.repeat(20_000) }),
  }
}

/** Tokens that are good, of people whose rights end before the victim. */
async function narrowTokens({ sign, victim, attacker }: World): Promise<Readonly<Record<string, string>>> {
  const tokens: Record<string, JWTPayload> = {
    'vera, held to another tenant': { sub: 'vera', tenants: [attacker] },
    'vera, held to no tenant': { sub: 'vera', tenants: [] },
    'vera, held to another tenant by scope': { sub: 'vera', scope: { tenants: [attacker] } },
    'vera, held to both at odds': { sub: 'vera', tenants: [victim], scope: { tenants: [attacker] } },
    'vera, held to a tenant that is like hers': { sub: 'vera', tenants: [`${victim}x`, victim.slice(0, -1), victim.toUpperCase(), '*'] },
    'vera, held to another region': { sub: 'vera', scope: { regions: ['xx-1'] } },
    'vera, held to another workspace': { sub: 'vera', scope: { workspaces: ['prod'] } },
    'mallory with the victim as tenants': { sub: 'mallory', tenants: [victim] },
    'mallory with roles': { sub: 'mallory', roles: ['seca.admin'], groups: ['system:masters'], tenants: [victim] },
    'mallory with scope': { sub: 'mallory', scope: { tenants: [victim], roles: ['seca.admin'] } },
    'mallory with a string scope': { sub: 'mallory', scope: `seca.admin tenants:${victim} admin *` },
    'mallory as act': { sub: 'mallory', act: { sub: 'vera' }, may_act: { sub: 'vera' } },
    'mallory with many names': {
      sub: 'mallory',
      preferred_username: 'vera',
      email: 'vera',
      name: 'vera',
      username: 'vera',
      client_id: 'vera',
    },
    VERA: { sub: 'VERA' },
    'vera and a space': { sub: 'vera ' },
    'vera and NUL': { sub: 'vera\0' },
    'vera and a line': { sub: 'vera\n' },
    'vera in Cyrillic': { sub: 'vеra' },
    'vera in full width': { sub: 'ｖｅｒａ' },
    'vera, zero width': { sub: 've​ra' },
    'vera, and others': { sub: 'mallory,vera' },
    'a pattern': { sub: 'v*' },
    'a regular expression': { sub: 'v.ra' },
    __proto__: { sub: '__proto__' },
    constructor: { sub: 'constructor' },
    'system:admin': { sub: 'system:admin' },
    'system:masters': { sub: 'system:masters' },
    'the API itself': { sub: 'system:serviceaccount:seca-system:seca-api' },
  }
  return Object.fromEntries(await Promise.all(Object.entries(tokens).map(async ([name, claim]) => [name, await sign(claim)] as const)))
}

export async function tokenAttempts(world: World, home: string): Promise<readonly Attempt[]> {
  const target = path('compute', `tenants/${world.victim}/workspaces/${VAULT}/instances/server`)
  const tokens = { ...(await forgedTokens(world, home)), ...(await narrowTokens(world)) }
  const aggregated = target.replace('/providers/', '/apis/')
  return [
    ...Object.entries(tokens).flatMap(([name, token]) => [
      attempt(`token: ${name}`, 'direct', token, { target }),
      // Kubernetes knows its own, the attacker's account among them: that is somebody, without rights here.
      attempt(`token: ${name}`, 'port', token, { target: aggregated }),
    ]),
    attempt('token: none', 'direct', undefined, { target }),
    attempt('token: in the query', 'direct', undefined, { target: `${target}?access_token=${world.vera}&token=${world.vera}` }),
    ...['Basic', 'Digest', 'Token', 'Bearer:', 'Bearer,', 'Negotiate', '', 'Bearer Bearer', 'DPoP'].map((scheme) =>
      attempt(`scheme "${scheme}"`, 'direct', undefined, { target, headers: [['Authorization', `${scheme} ${world.vera}`.trim()]] }),
    ),
    ...[
      'Cookie',
      'X-Auth-Token',
      'X-Access-Token',
      'Proxy-Authorization',
      'X-Authorization',
      'X-Forwarded-Access-Token',
      'Authentication',
      'Sec-WebSocket-Protocol',
    ].map((name) => attempt(`token in ${name}`, 'direct', undefined, { target, headers: [[name, `Bearer ${world.vera}`]] })),
    ...['""', '"', ',', ';', '\u00a0', ', Bearer x', ' x', '; x=y', '#'].map((tail) =>
      attempt(`token with "${tail}" behind it`, 'direct', undefined, {
        target,
        headers: [['Authorization', `Bearer ${world.vera}${tail}`]],
      }),
    ),
  ]
}
