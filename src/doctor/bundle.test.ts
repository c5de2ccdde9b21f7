import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { writeBundle } from './bundle.ts'
import { presentable } from './presentable.ts'
import { scrubber } from './scrub.ts'
import { ward } from './testing.ts'

/** Path → text of each file in an archive. */
async function read(file: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const tar = extract()
  tar.end(gunzipSync(readFileSync(file)))
  for await (const entry of tar) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    files.set(entry.header.name.replace('seca-doctor/', ''), Buffer.concat(chunks).toString())
  }
  return files
}

const target = () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'bundle.tar.gz')
}

const CANARY = 'canary-1f9d'
const JWT = `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(CANARY).toString('base64url')}aaaa.c2lnbmF0dXJl`

function patient() {
  const one = ward()
  const add = (object: object) => one.server.add(object as Parameters<typeof one.server.add>[0])
  const place = { namespace: 'seca-system' }
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'acme', ...place },
    data: { token: Buffer.from(`${CANARY}-secret`).toString('base64') },
  }
  add(secret)
  const instance = {
    apiVersion: 'compute.secapi.cloud/v1',
    kind: 'Instance',
    metadata: {
      name: 'web',
      namespace: 'seca-acme--prod',
      labels: { env: 'prod' },
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': `{"spec":{"userData":"${CANARY}"}}`,
        'secapi.cloud/kept': CANARY,
        'secapi.cloud/drift': 'Observe',
      },
    },
    spec: { zone: 'a', userData: `#cloud-config ${CANARY}`, sshKeys: [CANARY] },
    extensions: { mine: CANARY },
    status: {
      state: 'error',
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'Rejected',
          message: `the token ${CANARY}-secret, ${JWT} and Bearer ${CANARY}abc are wrong`,
        },
      ],
    },
  }
  add(instance)
  add({
    apiVersion: 'workspace.secapi.cloud/v1',
    kind: 'Workspace',
    metadata: { name: 'prod', namespace: 'seca-acme' },
    spec: { region: 'eu-1', anything: CANARY },
  })
  add({
    apiVersion: 'operator.secapi.cloud/v1alpha1',
    kind: 'CloudProvider',
    metadata: { name: 'acme' },
    spec: {
      type: 'simulator',
      credentialsSecretRef: { name: 'acme' },
      tenantCredentials: [{ tenant: 't', name: 'of-tenant' }],
      settings: { endpoint: `https://user:${CANARY}@cloud.example/v1`, token: CANARY, misplaced: CANARY },
    },
  })
  add({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'seca-acme--prod' },
    regarding: { apiVersion: 'compute.secapi.cloud/v1' },
    note: `password is ${CANARY}-secret`,
  })
  add({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'of-others', namespace: 'elsewhere' },
    regarding: { apiVersion: 'v1' },
    note: CANARY,
  })
  const container = {
    name: 'api',
    args: [
      'api',
      `--simulator-token=${CANARY}`,
      '--simulator-admin-token',
      CANARY,
      '--token-issuer=https://issuer.example',
      '--tls-key-file=/tls/tls.key',
    ],
    env: [{ name: 'SECA_PASSWORD', value: CANARY }],
  }
  const pod = { serviceAccountName: 'seca-api', containers: [container] }
  add({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'api-1', ...place, annotations: { note: CANARY } },
    spec: pod,
    status: { phase: 'Running' },
  })
  add({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'api', ...place }, spec: { replicas: 1, template: { spec: pod } } })
  add({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'seca-acme', labels: { 'secapi.cloud/tenant': 'acme' }, annotations: { note: CANARY } },
  })
  return one
}

describe('a bundle', () => {
  it('has what helps, and nothing that is secret', async () => {
    const file = target()
    const one = patient()
    await writeBundle(file, one.exam, [{ check: 'x', verdict: 'warn', seen: `a token: ${JWT}` }])
    const files = await read(file)
    const all = [...files.values()].join('\n')
    for (const secret of [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 12), 'eyJhbGci']) expect(all).not.toContain(secret)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        'doctor.txt',
        'doctor.json',
        'about.json',
        'resources/instances.compute.secapi.cloud.json',
        'events.json',
        'pods.json',
        'deployments.json',
        'logs/api-1/api.log',
        'unread.txt',
      ]),
    )
    const parsed = <T>(name: string) => JSON.parse(files.get(name) ?? 'null') as T
    const [instance] = parsed<[{ spec: object; metadata: object; status: { conditions: [{ reason: string }] } }]>(
      'resources/instances.compute.secapi.cloud.json',
    )
    expect(instance).toMatchObject({
      spec: { zone: 'a', userData: '[left out]' },
      metadata: { labels: { env: 'prod' }, annotations: { 'secapi.cloud/drift': 'Observe' } },
    })
    expect(instance.status.conditions[0].reason).toBe('Rejected')
    expect(parsed<object[]>('events.json')).toHaveLength(1)
    expect(parsed<[{ containers: [{ args: string[]; env: string[] }] }]>('pods.json')[0].containers[0]).toMatchObject({
      args: [
        'api',
        '--simulator-token=[left out]',
        '--simulator-admin-token',
        '[left out]',
        '--token-issuer=https://issuer.example',
        '--tls-key-file=/tls/tls.key',
      ],
      env: ['SECA_PASSWORD'],
    })
    const [account] = parsed<[{ spec: object }]>('resources/cloudproviders.operator.secapi.cloud.json')
    expect(account.spec).toMatchObject({
      credentialsSecretRef: { name: 'acme' },
      tenantCredentials: [{ tenant: 't', name: 'of-tenant' }],
      settings: { misplaced: '[left out]' },
    })
    expect(files.get('unread.txt')).toBe('All of it could be read.\n')
  })

  it('tells what could not be read, and needs no right to read Secrets', async () => {
    const file = target()
    const one = patient()
    one.state.may = (what) => !/secrets|instances|deployments/.test(what)
    await writeBundle(file, one.exam, [])
    const files = await read(file)
    expect(files.has('resources/instances.compute.secapi.cloud.json')).toBe(false)
    expect(files.get('unread.txt')).toMatch(/instances\.compute[^\n]+cannot list instances[\s\S]*deployments\.json/)
  })

  it('overwrites nothing, and leaves nothing half', async () => {
    const file = target()
    const one = patient()
    await writeBundle(file, one.exam, [])
    await expect(writeBundle(file, one.exam, [])).rejects.toThrow('it is there already; name another file')
    await expect(writeBundle(join(file, 'x'), one.exam, [])).rejects.toThrow('cannot be written')
    const other = `${file}.other`
    const broken = { ...one.exam, client: undefined } as unknown as typeof one.exam
    await expect(writeBundle(other, broken, [])).rejects.toThrow(TypeError)
    expect(existsSync(other)).toBe(false)
    expect(existsSync(file)).toBe(true)
  })
})

describe('text', () => {
  it.each([
    [
      'a known value, as it is, in base64 and in JSON',
      `x${'p"w d-long'} ${Buffer.from('p"w d-long').toString('base64')} ${JSON.stringify('p"w d-long')}`,
      'x[left out] [left out] "[left out]"',
    ],
    ['a token', `at ${JWT} end`, 'at [left out] end'],
    ['a header', 'Authorization: Bearer abcdef123456', 'Authorization: Bearer [left out]'],
    ['a password in a URL', 'https://me:hunter2@host/x', 'https://[left out]@host/x'],
    ['a key', 'a -----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY----- b', 'a [left out] b'],
    ['half of a key', '-----BEGIN PRIVATE KEY-----\nMHc', '[left out]'],
    ['nothing', 'https://host:8443/x?y=z@w short', 'https://host:8443/x?y=z@w short'],
  ])('loses %s', (_, text, left) => expect(scrubber(['p"w d-long', 'short'])(text)).toBe(left))
})

describe('a resource of a kind that nobody knows', () => {
  it('is shown without what looks like a secret', () => {
    const shown = presentable({
      kind: 'New',
      metadata: { name: 'x', managedFields: [] },
      spec: { list: [{ apiKey: 'a', size: 1 }], privateKey: 'b', secretRef: null },
    })
    expect(shown).toEqual({
      kind: 'New',
      metadata: { name: 'x' },
      spec: { list: [{ apiKey: '[left out]', size: 1 }], privateKey: '[left out]', secretRef: null },
    })
  })
})
