import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { createAuthority, issue } from '../../src/x509.ts'
import { CLAIM } from '../../src/kinds/names.ts'
import { CHECKS } from '../../src/doctor/checks/index.ts'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import { DOCTOR_ACCOUNT, doctorRoles } from '../../src/schema/rbac-doctor.ts'
import { installCluster } from '../../src/processes/install.ts'
import { type Api, pki, startApi } from '../support/api.ts'
import { wipe } from '../support/audit.ts'
import { doctor, troubles } from '../support/doctor-cli.ts'
import { applyManifests, eventually, kubectl, OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import { to } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'

const TLS = 'doctor-tls'
const CANARY = 'canary-7c1e90'
let stack: Stack
let api: Api
let tenant: Tenant
let flags: readonly string[]

const tlsSecret = (pair: { cert: string; key: string }, ca = pki().read('ca.crt')) =>
  applyManifests([
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: TLS, namespace: OPERATOR_NAMESPACE },
      stringData: { 'tls.crt': pair.cert, 'tls.key': pair.key, 'ca.crt': ca },
    },
  ])
const ours = () => tlsSecret({ cert: pki().read('api.crt'), key: pki().read('api.key') })

/** What one check tells. */
const of = async (check: string, more: readonly string[] = []) => troubles(await doctor([...flags, ...more, `--only=${check}`]))
const expectTells = (check: string, line: RegExp, more: readonly string[] = []) =>
  eventually(async () => expect((await of(check, more)).join('\n')).toMatch(line), { everyMs: 500 })
const expectWell = (check: string) => eventually(async () => expect(await of(check)).toEqual([]), { everyMs: 500 })

beforeAll(async () => {
  stack = await startStack()
  api = await startApi({ seeded: false })
  await api.aggregate()
  await ours()
  flags = [
    `--tls-secret=${TLS}`,
    `--api-url=${api.url}`,
    `--api-ca-file=${pki().path('ca.crt')}`,
    '--token-issuer=seca-embedded',
    `--token-key-file=${api.issuerKeyFile}`,
    '--older-than=5s',
  ]
  tenant = await Tenant.make(stack)
  await tenant.apply(tenant.of('BlockStorage', 'disk', { sizeGB: 60, skuRef: to('skus/rd500') }))
  await tenant.ready('BlockStorage', 'disk')
})
afterAll(async () => {
  await api.stop()
  await wipe(stack).finally(() => stack.stop())
})

describe('a healthy installation', () => {
  it('is in order, by every check: exit code 0', async () => {
    await eventually(async () => expect(troubles(await doctor(flags))).toEqual([]), { everyMs: 1_000 })
    const table = await doctor(flags, { output: 'table' })
    expect([table.code, table.out]).toEqual([0, expect.stringMatching(/\n\n\d+ ok\n$/)])
  })

  it('looked at with the rights of the controllers says what it could not look at: 1', async () => {
    // What other files of the run left behind may still be on its way out.
    const { findings } = await eventually(async () => {
      const examined = await doctor(flags, { kubeconfig: stack.kubeconfig })
      expect([examined.code, troubles(examined).filter((line) => !line.startsWith('unchecked '))]).toEqual([1, []])
      return examined
    })
    expect(findings.filter(({ verdict }) => verdict === 'ok').map(({ check }) => check)).toEqual(
      expect.arrayContaining(['cluster', 'clocks', 'rights', 'installation', 'leadership', 'clouds', 'regions', 'objects']),
    )
    const untold = findings.filter(({ verdict, todo }) => verdict !== 'ok' && (todo ?? '') === '')
    expect(untold).toEqual([])
  })

  it('of a cluster that does not answer is nothing to say about: 2', async () => {
    const away = await kubectl(['config', 'view', '--raw'])
    const folder = mkdtempSync(join(tmpdir(), 'seca-doctor-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'kubeconfig'), away.replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, 'https://127.0.0.1:9'))
    const { code, findings } = await doctor(flags, { kubeconfig: join(folder, 'kubeconfig') })
    expect([code, findings[0]?.verdict, new Set(findings.slice(1).map(({ verdict }) => verdict))]).toEqual([
      2,
      'fail',
      new Set(['unchecked']),
    ])
  })
})

describe('with the rights that the chart gives it for `helm test`', () => {
  let kubeconfig: string
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seca-doctor-'))
    kubeconfig = join(folder, 'kubeconfig')
    const metadata = { name: DOCTOR_ACCOUNT, namespace: OPERATOR_NAMESPACE }
    await applyManifests([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata }, ...doctorRoles(OPERATOR_NAMESPACE)])
    const account = { client: stack.client, operatorNamespace: OPERATOR_NAMESPACE, admin: inject('kubeconfig'), target: kubeconfig }
    await writeAccountKubeconfig({ ...account, serviceAccount: DOCTOR_ACCOUNT })
  })
  afterAll(async () => {
    rmSync(dirname(kubeconfig), { recursive: true })
    const roles = doctorRoles(OPERATOR_NAMESPACE).map(({ kind, metadata }) => `${String(kind)}/${(metadata as { name: string }).name}`)
    await kubectl(['delete', `serviceaccount/${DOCTOR_ACCOUNT}`, ...roles, '--namespace', OPERATOR_NAMESPACE])
  })

  it('leaves nothing unchecked', async () => {
    await eventually(async () => expect(troubles(await doctor(flags, { kubeconfig }))).toEqual([]), { everyMs: 1_000 })
  })

  it('needs each of them: without one, it says what it could not look at', async () => {
    // These two take their time. Another one looks at Leases as well, and nothing else asks what others may do.
    const quick = CHECKS.map(({ name }) => name).filter((name) => !['leadership', 'rights'].includes(name))
    const checksFor = (rule: object) => (JSON.stringify(rule).includes('subjectaccessreviews') ? 'rights' : quick.join(','))
    for (const role of doctorRoles(OPERATOR_NAMESPACE)) {
      const rules = (role['rules'] ?? []) as readonly object[]
      for (const rule of rules) {
        await applyManifests([{ ...role, rules: rules.filter((one) => one !== rule) }])
        await eventually(
          async () => {
            const { findings } = await doctor([...flags, `--only=${checksFor(rule)}`], { kubeconfig })
            expect(
              findings.map(({ verdict }) => verdict),
              JSON.stringify(rule),
            ).toContain('unchecked')
          },
          { everyMs: 500 },
        )
      }
      await applyManifests([role])
    }
  }, 300_000)
})

describe('each thing that is broken is told', () => {
  const repaired = () => installCluster(stack.client, OPERATOR_NAMESPACE)

  it('kinds', async () => {
    await kubectl([
      'patch',
      'crd',
      'nics.network.secapi.cloud',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/versions/0/selectableFields"}]',
    ])
    await expectTells(
      'kinds',
      /^warn kinds: nics\.network\.secapi\.cloud differs from this version's, first in spec\.versions\[0\]\.selectableFields$/,
    )
    await repaired()
    await expectWell('kinds')
  })

  it('policy', async () => {
    await kubectl(['delete', 'validatingadmissionpolicybinding', 'seca-tenant-labels'])
    await expectTells('policy', /^fail policy: ValidatingAdmissionPolicyBinding seca-tenant-labels is missing$/)
    await repaired()
    await expectWell('policy')
  })

  it('rights, too few and too many', async () => {
    await kubectl(['delete', 'clusterrolebinding', `seca-api:auth-delegator:${OPERATOR_NAMESPACE}`])
    const account = `--serviceaccount=${OPERATOR_NAMESPACE}:seca-controllers`
    await kubectl(['create', 'clusterrolebinding', 'doctor-excess', '--clusterrole=cluster-admin', account])
    onTestFinished(() => kubectl(['delete', 'clusterrolebinding', 'doctor-excess', '--ignore-not-found']).then(() => undefined))
    await expectTells('rights', /fail rights: ServiceAccount seca-api may not create tokenreviews/)
    await expectTells('rights', /warn rights: ServiceAccount seca-controllers may do more than it needs/)
    await kubectl(['delete', 'clusterrolebinding', 'doctor-excess'])
    await repaired()
    await expectWell('rights')
  })

  it('another installation, and one without its id', async () => {
    await stack.halt('controllers')
    await kubectl(['annotate', 'namespace', 'default', `${CLAIM}=elsewhere`, '--overwrite'])
    await kubectl([
      'patch',
      'configmap',
      'seca-installation',
      '-n',
      OPERATOR_NAMESPACE,
      '--type=json',
      '-p',
      '[{"op":"add","path":"/data/id","value":"a/b"}]',
    ])
    await expectTells('installation', /fail installation: the id in ConfigMap .* can be no part of a tag/)
    await expectTells('installation', /fail installation: the operator in namespace elsewhere serves this cluster/)
    await kubectl(['annotate', 'namespace', 'default', `${CLAIM}=${OPERATOR_NAMESPACE}`, '--overwrite'])
    await kubectl(['delete', 'configmap', 'seca-installation', '-n', OPERATOR_NAMESPACE])
    await expectTells('installation', /fail installation: ConfigMap seca-system\/seca-installation has no id/)
    await expectTells('leadership', /^fail leadership: nobody leads/)
    const id = (await stack.cloud.inventory()).items.find(({ tag }) => tag !== '')?.tag.split('/')[0]
    await stack.restart('controllers', [`--installation-id=${id}`])
    await expectWell('installation')
    await expectWell('leadership')
  })

  it('certificates', async () => {
    const stranger = createAuthority('stranger')
    const other = issue(stranger, { commonName: 'api', usages: ['server'], hosts: ['example.org'] })
    await tlsSecret(other, stranger.cert)
    const lines = await of('certificates')
    expect(lines).toEqual([
      `fail certificates: the certificate of Secret ${OPERATOR_NAMESPACE}/${TLS} does not name seca-api.seca-system.svc, which kube-apiserver asks for`,
      expect.stringMatching(/^fail certificates: the caBundle of \d+ APIServices does not vouch for the API's certificate$/),
    ])
    await ours()
    await expectWell('certificates')
  })

  it('the issuer', async () => {
    await expectTells('issuer', /^fail issuer: the keys of issuer seca-embedded cannot be read/, [
      `--token-key-file=${pki().path('apiserver.key')}`,
    ])
  })

  it('APIServices, and namespaces that they hold up', async () => {
    const spec = {
      group: 'broken.example.org',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 15,
      service: { namespace: 'default', name: 'nobody', port: 443 },
    }
    await applyManifests([
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1.broken.example.org' },
        spec: { ...spec, insecureSkipTLSVerify: true },
      },
    ])
    onTestFinished(() => kubectl(['delete', 'apiservice', 'v1.broken.example.org', '--ignore-not-found']).then(() => undefined))
    await expectTells(
      'apiservices',
      /^warn apiservices: APIService v1\.broken\.example\.org is not available, and holds up the deletion of every namespace/,
    )
    await kubectl(['create', 'namespace', 'doctor-hangs'])
    await kubectl(['delete', 'namespace', 'doctor-hangs', '--wait=false'])
    await expectTells('namespaces', /warn namespaces: namespace doctor-hangs is being deleted for .*broken\.example\.org/)
    await kubectl(['delete', 'apiservice', 'v1.broken.example.org'])
    await expectWell('apiservices')
    await kubectl(['wait', '--for=delete', 'namespace/doctor-hangs', '--timeout=90s'])
  })

  it('clouds and regions', async () => {
    await tenant.edit('CloudProvider', 'simulator', { spec: { settings: { endpoint: 'http://10.0.0.1:8090' } } })
    await expectTells('clouds', /fail clouds: CloudProvider simulator is not ready: .*must be an https URL/)
    await expectTells('regions', /fail regions: Region eu-1 is not ready/)
    await tenant.edit('CloudProvider', 'simulator', { spec: { settings: { endpoint: stack.cloudUrl } } })
    await expectWell('clouds')
    await expectWell('regions')
    await kubectl([
      'patch',
      'cloudprovider',
      'simulator',
      '--type=merge',
      '-p',
      '{"spec":{"tenantCredentials":[{"tenant":"t","name":"gone"}]}}',
    ])
    await expectTells('clouds', /fail clouds: Secret seca-system\/gone of tenant t at CloudProvider simulator is not there/)
    await kubectl(['patch', 'cloudprovider', 'simulator', '--type=merge', '-p', '{"spec":{"tenantCredentials":null}}'])
    await expectWell('clouds')
  })

  it('stuck objects', async () => {
    await stack.cloud.quota({ volumes: 0 })
    await tenant.apply(tenant.of('BlockStorage', 'too-much', { sizeGB: 60, skuRef: to('skus/rd500') }))
    await expectTells('objects', /^warn objects: BlockStorage .*\/too-much goes no further by itself: QuotaExceeded/)
    await stack.cloud.quota({ volumes: null })
    await kubectl(['delete', 'blockstorage', 'too-much', '-n', tenant.space, '--timeout=60s'])
    await expectWell('objects')
  })

  it('a door that does not answer', async () => {
    await expectTells('door', /^fail door: https:\/\/127\.0\.0\.1:9 does not answer/, ['--api-url=https://127.0.0.1:9'])
  })
})

describe('a bundle', () => {
  it('of a real installation has no Secret, token or user data in it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seca-doctor-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const image = tenant.of('Instance', 'web', {
      skuRef: to('skus/s2'),
      zone: 'a',
      bootVolume: { deviceRef: to('block-storages/disk') },
      userData: `#cloud-config password: ${CANARY}`,
      sshKeys: [`ssh-ed25519 ${CANARY}`],
    })
    await tenant.apply(image)
    await applyManifests([
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'canary', namespace: OPERATOR_NAMESPACE }, stringData: { token: CANARY } },
    ])
    onTestFinished(() => kubectl(['delete', 'secret', 'canary', '-n', OPERATOR_NAMESPACE]).then(() => undefined))
    const token = await api.token('demo')
    await kubectl(['annotate', 'blockstorage', 'disk', '-n', tenant.space, `note=Bearer ${token}`])
    for (const kubeconfig of [undefined, stack.kubeconfig]) {
      const file = join(folder, `${kubeconfig === undefined ? 'admin' : 'account'}.tar.gz`)
      const { code, err } = await doctor([...flags, `--bundle=${file}`], kubeconfig === undefined ? {} : { kubeconfig })
      expect([code, err]).toEqual([expect.any(Number), expect.stringContaining(`writing ${file}`)])
      execFileSync('tar', ['-xzf', file, '-C', folder])
      const all = execFileSync(
        'cat',
        execFileSync('find', [join(folder, 'seca-doctor'), '-type', 'f'])
          .toString()
          .trim()
          .split('\n'),
      ).toString()
      const secrets = JSON.parse(await kubectl(['get', 'secrets', '-n', OPERATOR_NAMESPACE, '-o', 'json'])) as {
        items: { data?: Record<string, string> }[]
      }
      const values = secrets.items.flatMap(({ data = {} }) =>
        Object.entries(data).flatMap(([key, value]) =>
          /\.crt$|namespace/.test(key) ? [] : [value, Buffer.from(value, 'base64').toString()],
        ),
      )
      expect(values.length).toBeGreaterThan(3)
      for (const value of [CANARY, token, 'PRIVATE KEY', ...values]) expect(all.includes(value)).toBe(false)
      for (const word of ['"kind": "BlockStorage"', 'seca-controllers-0', '"gitVersion"', 'eu-1']) expect(all.includes(word)).toBe(true)
      rmSync(join(folder, 'seca-doctor'), { recursive: true })
    }
    await kubectl(['delete', 'instance', 'web', '-n', tenant.space, '--timeout=60s'])
  })
})
