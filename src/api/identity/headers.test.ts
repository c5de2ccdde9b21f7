import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cpuMs } from '../../dev/cpu-time.ts'
import { createAuthority, issue } from '../../x509.ts'
import { SecaError } from '../../errors.ts'
import { serve } from '../../kube/testing.ts'
import { Unauthenticated } from '../contract.ts'
import { aggregatedAuthenticator, type Authenticator, directAuthenticator } from './authn.ts'
import { bearerOf } from './bearer.ts'
import { FrontProxy } from './front-proxy.ts'
import { headersOf } from './head.ts'
import { TokenReviews } from './token-review.ts'

const ca = createAuthority('front-proxy-ca')
const certificate = new X509Certificate(issue(ca, { commonName: 'front-proxy', usages: ['client'] }).cert)
const proxied = { authorized: true, getPeerX509Certificate: () => certificate } as unknown as TLSSocket
const bare = { authorized: false, getPeerX509Certificate: () => undefined } as unknown as TLSSocket

const direct = directAuthenticator({ verify: (token) => Promise.resolve({ door: 'direct', subject: token, scope: {} }) })
async function aggregated(): Promise<Authenticator> {
  const kube = await serve(({ path, json }) => {
    const names = ['username', 'uid', 'group'].map((one) => [
      `requestheader-${one}-headers`,
      `["X-Remote-${one === 'username' ? 'User' : one}"]`,
    ])
    const data = {
      'requestheader-client-ca-file': ca.cert,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      ...(Object.fromEntries(names) as Record<string, string>),
    }
    json(200, path.endsWith('tokenreviews') ? { status: { authenticated: false } } : { data })
  })
  onTestFinished(kube.close)
  const proxy = new FrontProxy({ client: kube.client, log: pino({ level: 'silent' }), onTrust: () => undefined })
  await proxy.load()
  return aggregatedAuthenticator(proxy, new TokenReviews(kube.client))
}

describe('a bearer token', () => {
  it.each([
    [['Bearer abc'], 'abc'],
    [['bearer abc=='], 'abc=='],
    [['BEARER   a.b_c~d+e/f-g'], 'a.b_c~d+e/f-g'],
    [[], undefined],
    [[''], undefined],
    [['Bearer'], undefined],
    [['Bearer '], undefined],
    [['abc'], undefined],
    [['Basic abc'], undefined],
    [['Bearer a b'], undefined],
    [['Bearer a=b'], undefined],
    [['Bearer ä'], undefined],
    [['Bearer a\u00a0'], undefined],
    [['Bearer a\n'], undefined],
    [['Bearer a', 'Bearer a'], undefined],
    [['Bearer a, Bearer b'], undefined],
  ])('%j is %j', (values, token) => {
    expect(tokenIn(values)).toBe(token)
  })

  it('is read in a time that grows with its length', async () => {
    const spent = await cpuMs(() => {
      for (const text of [
        'Bearer' + ' '.repeat(32_000),
        `Bearer ${'a'.repeat(32_000)}!`,
        `Bearer ${'='.repeat(32_000)}`,
        `Bearer ${'a='.repeat(16_000)}`,
      ])
        expect(() => bearerOf([text])).toThrow(Unauthenticated)
    })
    expect(spent).toBeLessThan(100)
  })
})

describe('forwarded identities', () => {
  const from = (authenticate: Authenticator, raw: readonly string[]) => authenticate({ headers: headersOf(raw), socket: proxied })

  it('come as they are, whatever letters they have', async () => {
    const authenticate = await aggregated()
    const raw = ['X-Remote-User', 'jos\u00e9', 'X-Remote-Uid', 'u', 'X-Remote-Group', '', 'X-Remote-Group', 'a,b']
    const extra = [
      'X-Remote-Extra-__proto__',
      'p',
      'X-Remote-Extra-',
      'none',
      'X-Remote-Extra-%ff',
      'broken',
      'X-Remote-Extra-Acme.com%2Fscope',
      's',
    ]
    const caller = await from(authenticate, [...raw, ...extra])
    expect(caller).toMatchObject({ door: 'aggregated', username: 'jos\u00e9', uid: 'u', groups: ['', 'a,b'] })
    expect(JSON.parse(JSON.stringify((caller as { extra: object }).extra))).toEqual(
      JSON.parse('{"__proto__": ["p"], "": ["none"], "%ff": ["broken"], "acme.com/scope": ["s"]}'),
    )
  })

  it('whatever is sent, it names somebody or is refused; nothing is an error of ours', async () => {
    const forwarding = await aggregated()
    const name = fc.constantFrom(
      'Authorization',
      'X-Remote-User',
      'X-Remote-Uid',
      'X-Remote-Group',
      'X-Remote-Extra-A%',
      'X-Remote-Extra-',
      'x-seca-peer',
      '',
    )
    const text = fc.array(fc.nat(0xff), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes))
    const value = fc.oneof(
      text,
      text.map((one) => `Bearer ${one}`),
      fc.constantFrom('', 'Bearer abc', 'Bearer ', 'x'.repeat(30_000)),
    )
    const raw = fc.array(fc.tuple(name, value), { maxLength: 6 }).map((pairs) => pairs.flat())
    await fc.assert(
      fc.asyncProperty(raw, fc.constantFrom(proxied, bare), async (rawHeaders, socket) => {
        for (const authenticate of [direct, forwarding]) {
          // As the door calls it: what is thrown at once counts as well.
          const outcome = await Promise.resolve()
            .then(() => authenticate({ headers: headersOf(rawHeaders), socket }))
            .catch((error: unknown) => error)
          expect(kindOf(outcome)).toMatch(/^(caller|401|503)$/)
        }
      }),
    )
  })
})

/** The token that the headers hold; undefined when they are refused as they should be. */
function tokenIn(values: readonly string[]): string | undefined {
  try {
    return bearerOf(values)
  } catch (error) {
    if (error instanceof Unauthenticated) return undefined
    throw error
  }
}

function kindOf(outcome: unknown): string {
  // The challenge is one that a header can hold.
  if (outcome instanceof Unauthenticated) return new Headers({ 'www-authenticate': outcome.challenge }).has('www-authenticate') ? '401' : ''
  if (outcome instanceof SecaError) return String(outcome.row.status)
  return typeof outcome === 'object' && outcome !== null && 'door' in outcome ? 'caller' : String(outcome)
}
