import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAuthority, createSigningKey, issue } from '../../x509.ts'
import { createVolume } from '../../mounted-testing.ts'
import { brief, ward } from '../testing.ts'
import { door } from './door.ts'
import { issuer } from './issuer.ts'

const ca = createAuthority('ca')
const JWK = { kty: 'EC', crv: 'P-256', kid: 'a', x: 'x', y: 'y' }

async function serve(answers: (path: string, url: string) => [number, unknown] | undefined) {
  const server = createServer(issue(ca, { commonName: 'x', usages: ['server'], hosts: ['127.0.0.1'] }), (request, response) => {
    const [status, body] = answers(request.url ?? '', url) ?? [404, {}]
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const volume = createVolume()
  volume.mount({ 'ca.crt': ca.cert, key: createSigningKey().publicKey, none: 'x' })
  onTestFinished(() => {
    volume.remove()
    server.closeAllConnections()
    server.close()
  })
  return { url, file: (name: string) => volume.path(name) }
}
const good = (path: string, url: string): [number, unknown] | undefined => {
  if (path === '/.well-known/openid-configuration') return [200, { issuer: url, jwks_uri: `${url}/keys` }]
  return path === '/keys' ? [200, { keys: [JWK] }] : undefined
}
const run = (of: Parameters<typeof ward>[0]) => ward({ now: Date.now, ...of }).run(issuer)

describe('an issuer', () => {
  it('tells its keys, and what time it has', async () => {
    const { url, file } = await serve(good)
    expect(brief(await run({ issuer: { issuer: url, caFile: file('ca.crt') } }))).toEqual([
      `ok: issuer ${url}: 1 keys can be read`,
      'ok: the clocks of this machine and the issuer agree',
    ])
    const late = () => Date.now() - 100_000
    expect(brief(await run({ now: late, issuer: { issuer: 'x', jwksUrl: `${url}/keys`, caFile: file('ca.crt') } }))[1]).toMatch(
      /^fail: the issuer is 10[01] s ahead of this machine's clock$/,
    )
  })

  it('that cannot be reached, is another one, or has no keys says so', async () => {
    const { url, file } = await serve((path) =>
      path === '/none' ? [200, { keys: [] }] : [200, { issuer: 'https://other', jwks_uri: 'x' }],
    )
    const first = async (told: Partial<Parameters<typeof ward>[0] & object>['issuer']) => brief(await run({ issuer: told }))[0]
    expect(await first({ issuer: url })).toMatch(/^fail: the keys of issuer .* cannot be read: fetch failed: .*certificate/)
    expect(await first({ issuer: url, caFile: file('ca.crt') })).toContain('is about another issuer')
    expect(await first({ issuer: url, jwksUrl: `${url}/none`, caFile: file('ca.crt') })).toBe(`fail: issuer ${url} has no keys`)
    expect(await first({ issuer: 'http://issuer.example' })).toContain('is not an https URL')
  })

  it('whose keys are in a file', async () => {
    const { file } = await serve(good)
    expect(brief(await run({ issuer: { issuer: 'x', keyFile: file('key') } }))).toEqual(['ok: issuer x: 1 keys, given in a file'])
    expect((await run({ issuer: { issuer: 'x', keyFile: file('none') } }))[0]?.verdict).toBe('fail')
    expect(brief(await run({ issuer: { issuer: 'x', caFile: '/nowhere' } }))).toEqual([
      'unchecked: the issuer is x; /nowhere cannot be read from here',
    ])
  })

  it('is told by the Deployment of the API, or not known', async () => {
    const { url } = await serve(good)
    const one = ward({ now: Date.now })
    expect((await one.run(issuer))[0]).toMatchObject({ verdict: 'unchecked', todo: expect.stringContaining('--token-issuer') })
    const deploy = (...args: string[]) =>
      one.server.add({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'api', namespace: 'seca-system' },
        spec: {
          template: {
            spec: {
              serviceAccountName: 'seca-api',
              containers: [
                {
                  name: 'api',
                  args: [`--token-issuer=${url}`, ...args],
                  volumeMounts: [{ name: 'tokens', mountPath: '/etc/seca/tokens' }],
                },
              ],
              volumes: [{ name: 'tokens', configMap: { name: 'seca-tokens' } }],
            },
          },
        },
      } as never)
    deploy('--token-ca-file=/etc/seca/tokens/ca.crt')
    expect(brief(await one.run(issuer))).toEqual([`unchecked: the issuer is ${url}; /etc/seca/tokens/ca.crt cannot be read from here`])
    const data = { 'ca.crt': ca.cert, keys: createSigningKey().publicKey }
    one.server.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seca-tokens', namespace: 'seca-system' }, data } as never)
    expect(brief(await one.run(issuer))[0]).toBe(`ok: issuer ${url}: 1 keys can be read`)
    deploy('--token-key-file=/etc/seca/tokens/keys')
    expect(brief(await one.run(issuer))).toEqual([`ok: issuer ${url}: 1 keys, given in a file`])
    // The token of a pod is the pod's.
    deploy('--token-ca-file=/etc/seca/tokens/ca.crt', '--token-issuer-bearer-file=/var/run/token')
    expect(brief(await one.run(issuer))).toEqual([`unchecked: the issuer is ${url}; /var/run/token cannot be read from here`])
  })
})

describe('the direct door', () => {
  it('is asked where it is named', async () => {
    const { url, file } = await serve((path) => (path === '/readyz' ? [200, 'ok'] : undefined))
    const ask = async (api: { url: string; caFile?: string } | undefined) => brief(await ward({ api, now: Date.now }).run(door))
    expect(await ask(undefined)).toEqual(['ok: not asked; --api-url <URL> looks at it as clients do'])
    expect(await ask({ url, caFile: file('ca.crt') })).toEqual([`ok: ${new URL(url).host} is ready`])
    expect((await ask({ url }))[0]).toMatch(/^fail: .* does not answer: .*certificate/)
    expect((await ask({ url: 'https://127.0.0.1:9' }))[0]).toMatch(/^fail: .*ECONNREFUSED/)
    const late = await serve(() => [503, 'stopping'])
    expect(await ask({ url: late.url, caFile: late.file('ca.crt') })).toEqual([
      `fail: ${new URL(late.url).host} is not ready (503): stopping`,
    ])
  })
})
