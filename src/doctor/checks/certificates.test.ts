import { describe, expect, it } from 'vitest'
import { apiServices } from '../../api/door/api-services.ts'
import { createAuthority, issue, type KeyPair } from '../../x509.ts'
import { brief, NOW, ward } from '../testing.ts'
import { certificates, certificatesOf, isVouchedFor } from './certificates.ts'

const YEAR = 365 * 86_400_000
const HOST = 'seca-api.seca-system.svc'
// Certificates of tests hold for ten years from this moment.
const authority = (at = NOW, by?: KeyPair) => createAuthority('ca', at, by)
const leaf = (ca: KeyPair, at = NOW, hosts = [HOST]) => issue(ca, { commonName: 'api', usages: ['server'], hosts }, at)
const b64 = (text: string) => Buffer.from(text).toString('base64')

interface Case {
  readonly ca?: KeyPair
  readonly pair?: KeyPair
  readonly key?: string
  readonly bundle?: string
  readonly data?: Record<string, string>
}

function patient({
  ca = authority(),
  pair = leaf(ca),
  key = pair.key,
  bundle = ca.cert,
  data = { 'tls.crt': pair.cert, 'tls.key': key, 'ca.crt': ca.cert },
}: Case = {}) {
  const one = ward({ tlsSecret: 'seca-api-tls' })
  const encoded = Object.fromEntries(Object.entries(data).map(([name, text]) => [name, b64(text)]))
  one.server.add({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'seca-api-tls', namespace: 'seca-system' }, data: encoded } as never)
  for (const object of apiServices({ regions: [], service: { namespace: 'seca-system', name: 'seca-api', port: 443 }, ca: bundle }))
    one.server.add(object)
  return one
}

describe('a certificate', () => {
  it('is in order, and for how long', async () => {
    expect(brief(await patient().run(certificates))).toEqual([
      expect.stringMatching(/^ok: the API's certificate holds for \d+ days more and fits its key and the caBundles$/),
    ])
  })

  it('of an intermediate CA that comes with it is, too', async () => {
    const ca = authority()
    const between = authority(NOW, ca)
    const pair = leaf(between)
    const chain = { cert: pair.cert + between.cert, key: pair.key }
    expect((await patient({ ca, pair: chain }).run(certificates)).map(({ verdict }) => verdict)).toEqual(['ok'])
    expect(isVouchedFor(certificatesOf(pair.cert) ?? [], certificatesOf(ca.cert) ?? [], NOW)).toBe(false)
  })

  it('whose CA rotates is, while the caBundle has both', async () => {
    const [old, next] = [authority(), authority()]
    const data = { 'tls.crt': '', 'tls.key': '', 'ca.crt': next.cert }
    const pair = leaf(next)
    const one = patient({ bundle: old.cert + next.cert, data: { ...data, 'tls.crt': pair.cert, 'tls.key': pair.key } })
    expect((await one.run(certificates)).map(({ verdict }) => verdict)).toEqual(['ok'])
  })

  const [ca, other] = [authority(), authority()]
  it.each<[string, Case, string]>([
    ['that ended', { ca, pair: leaf(ca, NOW - 10.1 * YEAR) }, 'fail: the certificate of Secret seca-system/seca-api-tls ended'],
    [
      'that ends soon',
      { ca, pair: leaf(ca, NOW - 10 * YEAR + 5 * 86_400_000) },
      'warn: the certificate of Secret seca-system/seca-api-tls ends in',
    ],
    ['of tomorrow', { ca, pair: leaf(ca, NOW + YEAR) }, 'fail: the certificate of Secret seca-system/seca-api-tls holds only from'],
    [
      'with the key of another',
      { ca, key: leaf(ca).key },
      'fail: the key of Secret seca-system/seca-api-tls does not belong to its certificate',
    ],
    [
      'that does not name the Service',
      { ca, pair: leaf(ca, NOW, ['example.org']) },
      `fail: the certificate of Secret seca-system/seca-api-tls does not name ${HOST}, which kube-apiserver asks for`,
    ],
    [
      'of another CA than ca.crt',
      { ca, pair: leaf(other), bundle: other.cert },
      'fail: ca.crt of Secret seca-system/seca-api-tls does not vouch for its certificate',
    ],
    ['of another CA than the caBundle', { ca, bundle: other.cert }, "does not vouch for the API's certificate"],
    ['with a caBundle that is none', { ca, bundle: 'x' }, 'holds no certificate'],
    ['with a caBundle that ended', { ca, bundle: authority(NOW - 10.1 * YEAR).cert }, 'every CA in the caBundle of'],
    [
      'that is none',
      { ca, data: { 'tls.crt': 'x', 'tls.key': 'y' } },
      'fail: Secret seca-system/seca-api-tls holds no certificate in tls.crt',
    ],
  ])('%s', async (_, made, line) => {
    const found = await patient(made).run(certificates)
    expect(brief(found).join('\n')).toContain(line)
    expect(JSON.stringify(found)).not.toContain('PRIVATE')
    for (const { verdict, todo } of found) expect([verdict, todo === undefined]).toEqual([verdict, verdict === 'ok'])
  })

  it('is looked for where the pods of the API have it', async () => {
    const one = { ...patient() }
    const exam = { ...one.exam, tlsSecret: undefined }
    const run = () => certificates.run(exam)
    expect((await run()).map(({ verdict }) => verdict)).toEqual(['unchecked'])
    const spec = { serviceAccountName: 'seca-api', containers: [], volumes: [{ secret: { secretName: 'seca-api-tls' } }] }
    one.server.add({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'api', namespace: 'seca-system' },
      spec: { template: { spec } },
    } as never)
    expect((await run()).map(({ verdict }) => verdict)).toEqual(['ok'])
    one.state.may = (what) => what !== 'get secrets'
    expect((await run())[0]).toMatchObject({
      verdict: 'unchecked',
      seen: expect.stringContaining('Secret seca-system/seca-api-tls could not be read'),
    })
  })
})
