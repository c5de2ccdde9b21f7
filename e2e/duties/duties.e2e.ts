import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyLocalService } from '../../src/api/door/api-services.ts'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { ensureIssuer } from '../../src/embedded/issuer.ts'
import type { Child } from '../../src/embedded/process/child.ts'
import { apiService, startService } from '../../src/embedded/services.ts'
import { TENANT_LABEL } from '../../src/kinds/names.ts'
import { API_SERVICE_ACCOUNT } from '../../src/processes/install.ts'
import { applyManifests, eventually, kubectl, OPERATOR_NAMESPACE, REGION, type Stack, startStack } from '../support/harness.ts'
import { endpointSliceOf } from '../support/endpoints.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import { grantDuties } from './rights.ts'

const SECRET = 'seca-api-tls'
const OWNER = 'v1.seca.region'
const SERVICE = 'seca-api'

interface Found {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly uid: string }[]
  }
  readonly spec: Readonly<Record<string, unknown>> & { readonly caBundle?: string }
  readonly data?: Readonly<Record<string, string>>
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] }
}
interface Event {
  readonly reason: string
  readonly note: string
  readonly regarding: { readonly kind: string }
}

describe('what the leader does for the installation', () => {
  let plane: Plane
  let stack: Stack
  let folder: string
  let file: string
  let api: Child | undefined
  let port: number
  let flags: string[]

  beforeAll(async () => {
    plane = await startPlane()
    folder = mkdtempSync(join(tmpdir(), 'seca-duties-'))
    file = join(folder, 'declared.yaml')
    declare()
    port = (await freePorts(['aggregated'], {})).aggregated
    flags = [
      `--declared-file=${file}`,
      `--tls-secret=${SECRET}`,
      '--tls-managed',
      `--aggregation-service=${SERVICE}:${port}`,
      `--aggregation-owner=${OWNER}`,
    ]
    stack = await startStack({ kubeconfig: plane.kubeconfig, flags })
  })
  afterAll(async () => {
    await api?.stop()
    await stack?.stop()
    await plane?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = (...args: string[]) => kubectl(args, { kubeconfig: plane.kubeconfig })
  const read = async (...args: string[]) => JSON.parse(await run('get', ...args, '-o', 'json')) as Found
  const all = async <T = Found>(...args: string[]) => (JSON.parse(await run('get', ...args, '-o', 'json')) as { items: T[] }).items
  const names = async (kind: string) => (await all(kind)).map(({ metadata }) => metadata.name)
  const secret = async (name = SECRET) =>
    Object.fromEntries(
      Object.entries((await read('secret', name, '-n', OPERATOR_NAMESPACE)).data ?? {}).map(([key, text]) => [
        key,
        Buffer.from(text, 'base64').toString('utf8'),
      ]),
    ) as Record<string, string>
  const events = async () =>
    (await all<Event>('events.events.k8s.io', '-n', OPERATOR_NAMESPACE))
      .filter(({ regarding }) => regarding.kind === 'Lease')
      .map(({ reason, note }) => `${reason}: ${note}`)
  const metrics = async () => (await fetch(`${stack.healthUrl}/metrics`)).text()
  const ours = async () => (await all('apiservices')).filter(({ spec }) => String(spec['group']).includes('seca.'))
  const hasEvent = (reason: string, words: string) =>
    eventually(async () => expect(await events()).toContainEqual(expect.stringMatching(new RegExp(`^${reason}: .*${words}`))))

  const REGION_2 = {
    apiVersion: 'region.secapi.cloud/v1',
    kind: 'Region',
    metadata: { name: 'it-1' },
    spec: { availableZones: ['a', 'b'], cloudProvider: 'simulator' },
  }
  const TENANT = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'seca-acme', labels: { [TENANT_LABEL]: 'acme' } } }
  const ADMINS = {
    apiVersion: 'authorization.secapi.cloud/v1',
    kind: 'RoleAssignment',
    metadata: { name: 'admins', namespace: 'seca-acme' },
    spec: { subs: ['alice'], roles: ['seca.admin'], scopes: [{ tenants: ['acme'] }] },
  }
  /** Refused by a rule that only the apiserver knows. */
  const REFUSED = { ...REGION_2, metadata: { name: 'it.9' } }
  function declare(...objects: object[]): void {
    // Swapped as a mounted ConfigMap is: never half there.
    const text = objects.map((one) => JSON.stringify(one)).join('\n---\n')
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }

  it('without the rights to, it says so, and does the rest', async () => {
    declare(ADMINS, REGION_2, TENANT)
    await hasEvent('DeclaredRefused', 'RoleAssignment seca-acme/admins .*forbidden')
    await hasEvent('DutyFailed', 'certificate.*forbidden')
    expect(await names('regions')).toContain('it-1')
  })

  it('makes what is declared, and keeps it so', async () => {
    await grantDuties(stack.client, SECRET)
    await eventually(async () => expect((await all('roleassignments', '-n', 'seca-acme')).length).toBe(1))
    expect((await read('region', 'it-1')).metadata.labels).toEqual({ 'operator.secapi.cloud/declared': OPERATOR_NAMESPACE })
    await run('patch', 'region', 'it-1', '--type=merge', '-p', '{"metadata":{"labels":{"theirs":"yes"}},"spec":{"availableZones":["z"]}}')
    await eventually(async () => {
      const { metadata, spec } = await read('region', 'it-1')
      expect([spec['availableZones'], metadata.labels]).toEqual([['a', 'b'], expect.objectContaining({ theirs: 'yes' })])
    })
    await hasEvent('DeclaredRestored', 'Region it-1 was changed by somebody')
  })

  it('what the apiserver refuses does not hold up the rest', async () => {
    declare(REFUSED, { ...REGION_2, spec: { ...REGION_2.spec, availableZones: ['a', 'b', 'c'] } }, TENANT, ADMINS)
    await hasEvent('DeclaredRefused', 'Region it.9 is declared, but refused')
    await eventually(async () => expect((await read('region', 'it-1')).spec['availableZones']).toEqual(['a', 'b', 'c']))
    await eventually(async () => expect(await metrics()).toContain('seca_declared_objects{state="refused"} 1'))
  })

  it('a file that is wrong, or empty, changes nothing, not even with --declared-prune', async () => {
    declare(REGION_2, TENANT, ADMINS)
    await stack.restart('controllers', [...flags, '--declared-prune'])
    await eventually(async () => expect(await metrics()).toContain('seca_declared_objects{state="applied"} 3'))
    const state = async () => [await all('regions'), await all('roleassignments', '-n', 'seca-acme')].flat().map(({ spec }) => spec)
    const before = await state()
    declare(TENANT, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'b' } })
    await hasEvent('DeclaredFileInvalid', 'document 2, line 3: Secret a: kind "Secret" cannot be declared here')
    expect(await metrics()).toMatch(/^seca_declared_file_broken 1$/m)
    declare()
    await hasEvent('DeclaredLeft', 'nothing is declared at all')
    expect(await metrics()).toMatch(/^seca_declared_file_broken 0$/m)
    expect(await state()).toEqual(before)
  })

  it('what is taken out goes with --declared-prune, but no namespace that is in use', async () => {
    await applyManifests(
      [
        {
          apiVersion: 'workspace.secapi.cloud/v1',
          kind: 'Workspace',
          metadata: { name: 'prod', namespace: 'seca-acme' },
          spec: { region: REGION },
        },
      ],
      {
        kubeconfig: plane.kubeconfig,
      },
    )
    declare(REGION_2)
    await eventually(async () => expect(await all('roleassignments', '-n', 'seca-acme')).toEqual([]))
    await hasEvent('DeclaredLeft', 'Namespace seca-acme .* holds objects .Workspace.')
    expect(await names('namespaces')).toContain('seca-acme')
    await run('delete', 'workspace', 'prod', '-n', 'seca-acme', '--timeout=60s')
    await eventually(async () => expect(await names('namespaces')).not.toContain('seca-acme'))
  })

  /** What the kubelet does with the Secret that the API mounts. */
  async function mount(): Promise<void> {
    const dir = join(folder, 'tls')
    mkdirSync(dir, { recursive: true })
    for (const [key, text] of Object.entries(await secret())) {
      writeFileSync(join(dir, `${key}.new`), text)
      renameSync(join(dir, `${key}.new`), join(dir, key))
    }
  }
  const areAvailable = () =>
    eventually(
      async () => {
        const found = await ours()
        expect(found.map(({ metadata }) => metadata.name)).toContain(`v1.${REGION}.seca.compute`)
        for (const { metadata, status } of found)
          expect([metadata.name, status?.conditions?.find(({ type }) => type === 'Available')]).toEqual([
            metadata.name,
            expect.objectContaining({ status: 'True' }),
          ])
      },
      { timeoutMs: 110_000 },
    )

  it('makes a certificate by which kube-apiserver believes the API, in every region, once it serves', async () => {
    await eventually(async () => expect(Object.keys(await secret()).toSorted()).toEqual(['ca.crt', 'peer.key', 'tls.crt', 'tls.key']))
    await mount()
    const [ports, kubeconfig] = [await freePorts(['direct', 'health'], {}), join(folder, 'api.kubeconfig')]
    const account = { client: stack.client, operatorNamespace: OPERATOR_NAMESPACE, admin: plane.kubeconfig, target: kubeconfig }
    await writeAccountKubeconfig({ ...account, serviceAccount: API_SERVICE_ACCOUNT })
    const service = apiService({
      kubeconfig,
      operatorNamespace: OPERATOR_NAMESPACE,
      region: REGION,
      port: ports.direct,
      aggregatedPort: port,
      healthPort: ports.health,
      certFile: join(folder, 'tls', 'tls.crt'),
      keyFile: join(folder, 'tls', 'tls.key'),
      issuerKeyFile: ensureIssuer(folder),
      logFile: join(folder, 'api.log'),
      logLevel: 'info',
    })
    api = await startService(service)
    await applyLocalService(stack.client, { service: { namespace: OPERATOR_NAMESPACE, name: SERVICE, port } })
    const spec = { group: 'seca.region', version: 'v1', groupPriorityMinimum: 100, versionPriority: 15 }
    const where = { namespace: OPERATOR_NAMESPACE, name: SERVICE, port }
    await applyManifests(
      [{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: OWNER }, spec: { ...spec, service: where } }],
      {
        kubeconfig: plane.kubeconfig,
      },
    )
    // Not before somebody is ready to answer, which the endpoints tell.
    await sleep(15_000)
    expect((await ours()).map(({ metadata }) => metadata.name)).toEqual([OWNER])
    await applyManifests([endpointSliceOf(SERVICE, port)], { kubeconfig: plane.kubeconfig })
    await areAvailable()
    const { uid } = (await read('apiservice', OWNER)).metadata
    for (const { metadata } of (await ours()).filter((one) => one.metadata.name !== OWNER))
      expect([metadata.name, metadata.ownerReferences?.[0]?.uid]).toEqual([metadata.name, uid])
    // Answered through kube-apiserver, by the rights of its administrator.
    const { items } = JSON.parse(await run('get', '--raw', `/apis/${REGION}.seca.compute/v1/tenants/acme/skus`)) as { items: unknown[] }
    expect(items.length).toBeGreaterThan(0)
  })

  it('they follow the regions', async () => {
    declare(REGION_2, { ...REGION_2, metadata: { name: 'it-2' } })
    const of = async (region: string) => (await ours()).filter(({ metadata }) => metadata.name.startsWith(`v1.${region}.`)).length
    await eventually(async () => expect(await of('it-2')).toBeGreaterThan(3))
    await areAvailable()
    declare(REGION_2)
    await eventually(async () => expect(await of('it-2')).toBe(0))
    expect(await of('it-1')).toBeGreaterThan(3)
  })

  /** Certificate that the API serves by now, and whether these CAs vouch for it under the Service's name. */
  const served = (ca: string) =>
    new Promise<{ readonly cert: string; readonly isBelieved: boolean }>((resolve, reject) => {
      const options = { port, host: '127.0.0.1', ca, servername: `${SERVICE}.${OPERATOR_NAMESPACE}.svc`, rejectUnauthorized: false }
      const socket = connectTls(options, () => {
        resolve({ cert: socket.getPeerX509Certificate()?.toString() ?? '', isBelieved: socket.authorized })
        socket.destroy()
      })
      socket.on('error', reject)
    })

  it('a new CA is believed together with the one before, and the certificate and the secret of the replicas stay', async () => {
    const before = await secret()
    expect(await served(before['ca.crt']!)).toEqual({ cert: before['tls.crt'], isBelieved: true })
    await run('delete', 'secret', `${SECRET}-ca`, '-n', OPERATOR_NAMESPACE)
    // Who leads next looks at once.
    await stack.restart('controllers', [...flags, '--declared-prune'])
    await eventually(async () => expect((await secret())['ca.crt']?.split('BEGIN CERTIFICATE').length).toBe(3))
    const after = await secret()
    expect([after['tls.crt'], after['peer.key']]).toEqual([before['tls.crt'], before['peer.key']])
    expect(after['ca.crt']).toContain(before['ca.crt']?.trim())
    expect(after['ca.crt']).toContain((await secret(`${SECRET}-ca`))['tls.crt']?.trim())
    await eventually(async () => {
      for (const { spec } of await ours()) expect(Buffer.from(spec.caBundle ?? '', 'base64').toString('utf8')).toBe(after['ca.crt'])
    })
    await areAvailable()
  })

  it('a Secret that is damaged is made whole, and the API serves by it without a restart', async () => {
    const before = await secret()
    await run('patch', 'secret', SECRET, '-n', OPERATOR_NAMESPACE, '--type=merge', '-p', '{"data":{"tls.crt":"bm9uZQ=="}}')
    await stack.restart('controllers', [...flags, '--declared-prune'])
    await eventually(async () => expect((await secret())['tls.crt']).toContain('BEGIN CERTIFICATE'))
    const after = await secret()
    expect(after['tls.crt']).not.toBe(before['tls.crt'])
    expect(after['peer.key']).toBe(before['peer.key'])
    await mount()
    await eventually(async () => expect(await served(after['ca.crt']!)).toEqual({ cert: after['tls.crt'], isBelieved: true }))
    await areAvailable()
    expect(api?.isRunning).toBe(true)
  })

  it('writes nothing while all is as it should be', async () => {
    const writes = async () =>
      [...(await metrics()).matchAll(/^seca_kube_requests_total\{verb="(create|apply|patch|update|delete)",resource="(\w+)".*\} (\d+)$/gm)]
        .filter(([, , resource]) => !['leases', 'events'].includes(resource ?? ''))
        .map(([text]) => text)
    await sleep(12_000)
    const before = await writes()
    expect(before.length).toBeGreaterThan(0)
    await sleep(75_000)
    expect(await writes()).toEqual(before)
  })

  it('its rights reach no APIService of others', async () => {
    const as = (...args: string[]) => kubectl(args, { kubeconfig: stack.kubeconfig })
    await expect(as('delete', 'apiservice', 'v1.apps')).rejects.toThrow(/SECA's APIs alone/)
    await expect(as('get', 'secrets', '-n', OPERATOR_NAMESPACE)).rejects.toThrow(/forbidden/)
    await expect(as('create', 'secret', 'generic', 'x', '-n', 'default')).rejects.toThrow(/forbidden/)
    await expect(as('patch', 'secret', 'simulator-credentials', '-n', OPERATOR_NAMESPACE, '-p', '{"data":{}}')).rejects.toThrow(/forbidden/)
  })

  it('when the owner goes the others go too, and none comes back', async () => {
    await run('delete', 'apiservice', OWNER)
    await eventually(async () => expect(await ours()).toEqual([]))
    await sleep(15_000)
    expect(await ours()).toEqual([])
    await run('create', 'namespace', 'passing')
    await run('delete', 'namespace', 'passing', '--timeout=60s')
  })

  it('no key is ever told', async () => {
    const { 'tls.key': key = '', 'peer.key': peer = '' } = await secret()
    const said = stack.logs('controllers') + readFileSync(join(folder, 'api.log'), 'utf8') + JSON.stringify(await events())
    for (const one of [key.split('\n')[1] ?? '', peer]) {
      expect(one.length).toBeGreaterThan(30)
      expect(said).not.toContain(one)
    }
  })
})
