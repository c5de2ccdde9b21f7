import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatorAdmin } from '../../providers/simulator/admin.ts'
import { applyLocalService } from '../../src/api/door/api-services.ts'
import { surfaceNamed } from '../../src/api/path/surface.ts'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { ensurePki, type Pki } from '../../src/embedded/cluster/pki.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { ensureIssuer, mintToken } from '../../src/embedded/issuer.ts'
import type { Child } from '../../src/embedded/process/child.ts'
import { writeAccountKubeconfig } from '../../src/embedded/account.ts'
import { seed } from '../../src/embedded/seed.ts'
import { apiService, controllersService, simulatorService, startService } from '../../src/embedded/services.ts'
import { inventoryOf } from '../support/audit.ts'
import { endpointSliceOf } from '../support/endpoints.ts'
import { CLAIM, MEMBER_LEASES, SHARDS_LEASE, TENANT_LABEL } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import type { GroupVersionResource } from '../../src/kube/gvr.ts'
import { API_SERVICE_ACCOUNT, SERVICE_ACCOUNT } from '../../src/processes/install.ts'
import { call, type CallOptions } from '../support/api.ts'
import { adminClient, applyManifests, eventually, kubectl, OPERATOR_NAMESPACE, REGION } from '../support/harness.ts'
import { type Kept, keepRunning } from '../support/kept.ts'
import { everything, kindOf, type Manifest, to } from '../support/manifest.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import { Tenant } from '../support/tenant.ts'
import { ALL, rendered } from './rendered.ts'
import { auditing, RightsOnDemand } from './rights-on-demand.ts'

const SECRET = 'seca-api-tls'
const SERVICE = 'seca-api'
const OWNER = 'v1.seca.region'
const ACCOUNTS = [SERVICE_ACCOUNT, API_SERVICE_ACCOUNT]
const VALUES = { ...ALL, certificates: { mode: 'own', secret: SECRET } }
const INSTALLATION = ['seca-installation', '--namespace', OPERATOR_NAMESPACE]

/**
 * Controllers and API begin without a single right, in a cluster that writes down what it refuses them. Each right of the chart is given once
 * they were refused for its lack: in the end everything works, and nothing was given that is not in the chart, nor is anything in the chart
 * that nobody needed.
 */
describe('rights of the chart, each of them missing until it is needed', () => {
  let folder: string
  let plane: Plane
  let pki: Pki
  let client: KubeClient
  let rights: RightsOnDemand
  let simulator: Child
  let controllers: Kept
  let api: Kept
  let cloud: SimulatorAdmin
  let ports: Record<'simulator' | 'controllers' | 'direct' | 'aggregated' | 'health', number>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'seca-rights-'))
    declare()
    writeFileSync(join(folder, 'peer.key'), 'a secret of all replicas, as long as it has to be')
    const audit = auditing(folder, ACCOUNTS)
    // An apiserver that streams no lists: kinds are both listed and watched.
    plane = await startPlane({ apiserver: [...audit.flags, '--feature-gates=WatchList=false'] })
    pki = ensurePki(join(dirname(plane.kubeconfig), 'pki'))
    client = adminClient(plane.kubeconfig)
    ports = await freePorts(['simulator', 'controllers', 'direct', 'aggregated', 'health'], {})
    const kubeconfigOf = (account: string) => join(folder, `${account}.kubeconfig`)
    const place = { client, operatorNamespace: OPERATOR_NAMESPACE, admin: plane.kubeconfig }
    for (const account of ACCOUNTS) await writeAccountKubeconfig({ ...place, target: kubeconfigOf(account), serviceAccount: account })
    const log = (name: string) => ({ logFile: join(folder, `${name}.log`), logLevel: 'info' })
    const secrets = { token: 'token', adminToken: 'admin' }
    const url = `http://127.0.0.1:${ports.simulator}`
    cloud = new SimulatorAdmin({ url, ...secrets })
    const stateDir = join(folder, 'simulator')
    simulator = await startService(simulatorService({ port: ports.simulator, stateDir, latencyMs: 10, ...secrets, ...log('simulator') }))
    await seed(client, { operatorNamespace: OPERATOR_NAMESPACE, region: REGION, simulator: { url, ...secrets } })
    rights = new RightsOnDemand(client, audit.file)
    // What everybody may read is no right of these accounts, and can be taken from everybody.
    await run('delete', 'clusterrolebinding', 'seca-catalog-reader')
    await rights.start(await rendered(VALUES), ACCOUNTS)
    const common = { operatorNamespace: OPERATOR_NAMESPACE, region: REGION }
    controllers = await keepRunning(
      controllersService({
        ...common,
        ...log('controllers'),
        kubeconfig: kubeconfigOf(SERVICE_ACCOUNT),
        healthPort: ports.controllers,
        flags: [
          '--lease-retry=500ms',
          '--drift-interval=3s',
          `--declared-file=${join(folder, 'declared.yaml')}`,
          '--declared-prune',
          `--tls-secret=${SECRET}`,
          '--tls-managed',
          `--aggregation-service=${SERVICE}:${ports.aggregated}`,
          `--aggregation-owner=${OWNER}`,
        ],
      }),
    )
    api = await keepRunning(
      apiService({
        ...common,
        ...log('api'),
        kubeconfig: kubeconfigOf(API_SERVICE_ACCOUNT),
        port: ports.direct,
        aggregatedPort: ports.aggregated,
        healthPort: ports.health,
        certFile: pki.path('api.crt'),
        keyFile: pki.path('api.key'),
        issuerKeyFile: ensureIssuer(folder),
        flags: [`--peer-address=https://127.0.0.1:${ports.direct}`, `--peer-key-file=${join(folder, 'peer.key')}`],
      }),
    )
  })
  afterAll(async () => {
    await rights?.stop()
    await api?.stop()
    await controllers?.stop()
    await simulator?.stop()
    await client?.close()
    await plane?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = (...args: string[]) => kubectl(args, { kubeconfig: plane.kubeconfig })
  const apply = (...objects: object[]) => applyManifests(objects, { kubeconfig: plane.kubeconfig })
  const names = async (gvr: GroupVersionResource, namespace?: string) => {
    const found: string[] = []
    for await (const { items } of client.list(gvr, { namespace })) found.push(...items.map(({ metadata }) => metadata.name))
    return found
  }
  function declare(...objects: object[]): void {
    const file = join(folder, 'declared.yaml')
    writeFileSync(`${file}.new`, objects.map((one) => JSON.stringify(one)).join('\n---\n'))
    renameSync(`${file}.new`, file)
  }
  const namespaceOf = (tenant: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: `seca-${tenant}`, labels: { [TENANT_LABEL]: tenant } },
  })
  const isGiven = (text: string) => rights.given.some((right) => right.text === text)

  /** A duty that was refused waits longer each time: who leads next looks at once. */
  async function persist(probe: () => Promise<unknown>): Promise<void> {
    let given = rights.given.length
    const step = async () => {
      if (rights.given.length > given) {
        given = rights.given.length
        await controllers.restart()
      }
      await probe()
    }
    await eventually(step, { timeoutMs: 110_000, everyMs: 500 })
  }

  describe.concurrent('tenants', () => {
    it('of the controllers: everything gets ready, and goes with its tenant', { timeout: 200_000 }, async () => {
      const tenant = await Tenant.make({ client, cloud })
      const objects = everything(tenant, tenant.workspace)
      await tenant.apply(...objects)
      await tenant.allReady(objects, 100_000)
      // Somebody else writes between look and status: only then it is looked at anew.
      const storm = async (who: string) => {
        for (let round = 0; !isGiven('get roleassignments.authorization.secapi.cloud'); round++)
          await tenant.edit('RoleAssignment', 'team', { spec: { subs: ['ann', `${who}-${round}`] } })
      }
      await Promise.all(['one', 'two', 'three'].map(storm))
      await run('delete', 'namespace', tenant.home, '--timeout=100s')
      expect(await inventoryOf({ cloud }, tenant)).toEqual([])
    })

    it('of the API: each kind is made, changed, asked for anew and deleted', { timeout: 200_000 }, async () => {
      const tenant = new Tenant({ client, cloud })
      await apply(namespaceOf(tenant.name))
      await apply(tenant.of('RoleAssignment', 'admin', { subs: ['alice'], roles: ['seca.admin'], scopes: [{}] }))
      const token = await mintToken(folder, { subject: 'alice', ttlMs: 3_600_000 })
      const ca = pki.read('ca.crt')
      const ask = async (one: Manifest, options: CallOptions, status: readonly number[]) =>
        eventually(async () => {
          const answer = await call(`https://127.0.0.1:${ports.direct}${pathOf(one, tenant)}`, { token, ca, ...options })
          if (!status.includes(answer.status)) throw new Error(`${options.method} ${one.kind}: ${answer.status} ${answer.text}`)
        })
      const owned = everything(tenant, tenant.workspace)
      for (const one of owned) await ask(one, { method: 'PUT', body: bodyOf(one) }, [200, 201])
      for (const one of owned) await ask(one, { method: 'PUT', body: bodyOf(one, { labels: { changed: 'yes' } }) }, [200])
      for (const one of owned) await ask(one, { method: 'PUT', body: bodyOf(one), headers: { 'if-unmodified-since': '1' } }, [412])
      // A SKU that memory does not know may be there all the same.
      for (const kind of ['BlockStorage', 'Network', 'Instance']) {
        const { metadata, ...one } = owned.find((each) => each.kind === kind)!
        const fresh = { ...one, metadata: { ...metadata, name: 'fresh' } }
        await ask(fresh, { method: 'PUT', body: bodyOf(fresh, { spec: { ...one.spec, skuRef: to('skus/none') } }) }, [422])
      }
      for (const one of owned.toReversed()) await ask(one, { method: 'DELETE' }, [202, 204, 404])
      const proxy = { cert: pki.read('front-proxy-client.crt'), key: pki.read('front-proxy-client.key') }
      const headers = { 'x-remote-user': 'bob', 'x-remote-group': 'system:masters' }
      const skus = `https://127.0.0.1:${ports.aggregated}/apis/seca.compute/v1/tenants/${tenant.name}/skus`
      await eventually(async () => expect((await call(skus, { ...proxy, headers, ca })).status).toBe(200))
      // It takes its Lease away when it ends.
      await eventually(
        async () => {
          if (isGiven(`delete leases.coordination.k8s.io in ${OPERATOR_NAMESPACE}`)) return true
          await api.restart()
          return false
        },
        { everyMs: 2_000 },
      )
    })
  })

  it('duties: what is declared, the certificate, and APIServices', { timeout: 300_000 }, async () => {
    await applyLocalService(client, { service: { namespace: OPERATOR_NAMESPACE, name: SERVICE, port: ports.aggregated } })
    await apply(...front(ports.aggregated))
    const { apiVersion, kind, spec } = JSON.parse(await run('get', 'cloudprovider', 'simulator', '--output', 'json')) as Manifest
    const inDeclared = { name: 'some', namespace: 'seca-declared' }
    const authorization = 'authorization.secapi.cloud'
    const skus = catalogue('it-1').map(({ object }) => object)
    const declared: Manifest[] = [
      { apiVersion, kind, metadata: { name: 'other' }, spec: spec ?? {} },
      {
        apiVersion: 'region.secapi.cloud/v1',
        kind: 'Region',
        metadata: { name: 'it-1' },
        spec: { availableZones: ['a', 'b', 'c'], cloudProvider: 'other' },
      },
      {
        apiVersion: `${authorization}/v1`,
        kind: 'Role',
        metadata: inDeclared,
        spec: { permissions: [{ provider: 'seca.compute/v1', resources: ['instances/*'], verb: ['get'] }] },
      },
      {
        apiVersion: `${authorization}/v1`,
        kind: 'RoleAssignment',
        metadata: inDeclared,
        spec: { subs: ['ann'], roles: ['some'], scopes: [{}] },
      },
    ]
    const kinds = ['CloudProvider', 'Region', 'Role', 'RoleAssignment', 'StorageSku', 'NetworkSku', 'InstanceSku'].map(
      (each) => kindOf(each).gvr,
    )
    const there = async () => (await Promise.all([...kinds, KUBERNETES.APIService].map((gvr) => names(gvr)))).flat()
    const wanted = [...[...declared, ...skus].map(({ metadata }) => metadata.name), `v1.${REGION}.seca.compute`, 'v1.it-1.seca.compute']
    const certificate = async () =>
      (await client.get<{ data: Record<string, string> }>(KUBERNETES.Secret, OPERATOR_NAMESPACE, SECRET)).data['tls.crt']
    declare(namespaceOf('declared'), ...declared, ...skus)
    await persist(async () => {
      await certificate()
      expect(await there()).toEqual(expect.arrayContaining(wanted))
    })
    declare(namespaceOf('declared'))
    const damage = '{"data":{"tls.crt":"bm9uZQ=="}}'
    for (const secret of [SECRET, `${SECRET}-ca`])
      await run('patch', 'secret', secret, '--namespace', OPERATOR_NAMESPACE, '--patch', damage)
    await controllers.restart()
    await persist(async () => {
      expect(await certificate()).not.toBe('bm9uZQ==')
      expect((await there()).filter((name) => wanted.includes(name))).toEqual([`v1.${REGION}.seca.compute`])
    })
  })

  it('the catalogue of the cloud comes and goes', async () => {
    const offered = (catalogues: object | null) =>
      run('patch', 'cloudprovider', 'simulator', '--type=merge', '--patch', JSON.stringify({ spec: { catalogue: catalogues } }))
    await apply(namespaceOf('images'))
    await offered({ skus: true, imagesTenant: 'images' })
    await eventually(async () => expect(await names(kindOf('Image').gvr, 'seca-images')).not.toEqual([]))
    await offered(null)
    await eventually(async () => expect(await names(kindOf('Image').gvr, 'seca-images')).toEqual([]))
  })

  it('another installation that claims the cluster is looked at, and a lost id made anew', async () => {
    await run('create', 'namespace', 'another')
    await run('annotate', 'namespace', 'default', '--overwrite', `${CLAIM}=another`)
    await controllers.restart()
    await eventually(() => rights.given.some(({ text }) => text.startsWith('get leases') && !text.includes(' in ')))
    await run('annotate', 'namespace', 'default', `${CLAIM}-`)
    await run('patch', 'configmap', ...INSTALLATION, '--type=json', '--patch', '[{"op":"remove","path":"/data"}]')
    await controllers.restart()
    await eventually(async () => expect(await run('get', 'configmap', ...INSTALLATION, '--output', 'jsonpath={.data.id}')).not.toBe(''))
  })

  it('replicas share the cloud accounts', async () => {
    const updates = [SHARDS_LEASE, MEMBER_LEASES[0]].map((lease) => `update leases.coordination.k8s.io ${lease} in ${OPERATOR_NAMESPACE}`)
    await controllers.restart('--sharding=accounts')
    await eventually(() => expect(rights.given.map(({ text }) => text)).toEqual(expect.arrayContaining(updates)), { timeoutMs: 100_000 })
    await controllers.restart()
  })

  it('each right of the chart was needed, and no other', () => {
    console.log(`${rights.given.length} rights were missing once, and given then`)
    expect(rights.unasked()).toEqual([])
    expect([...rights.beyond]).toEqual([])
    expect(rights.given.length).toBeGreaterThan(200)
  })

  it('what is missing shows in the metric that an alert is about, and no process tells its token', async () => {
    await run('delete', 'clusterrolebinding', `seca-api:${OPERATOR_NAMESPACE}`, `seca-controllers:${OPERATOR_NAMESPACE}`)
    for (const port of [ports.controllers, ports.health])
      await eventually(async () => {
        const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
        expect(metrics).toMatch(/^seca_kube_requests_total\{.*code="403".*\} [1-9]/m)
      })
    for (const name of ['controllers', 'api']) expect(readFileSync(join(folder, `${name}.log`), 'utf8')).not.toMatch(/eyJ[\w-]{20}/)
  })
})

/** Where the SECA API has an object of a tenant. */
function pathOf({ kind, metadata }: Manifest, { name, workspace }: Tenant): string {
  const surface = surfaceNamed(kind)
  if (surface === undefined) throw new Error(`${kind} is not of the SECA API`)
  const [first = '', second] = metadata.name.split('.')
  const parameters: Readonly<Record<string, string>> = { '{tenant}': name, '{workspace}': workspace, '{network}': first }
  const own = surface.parent === undefined ? metadata.name : second
  return ['/providers', surface.api, ...surface.segments.map((segment) => parameters[segment] ?? segment), own].join('/')
}

/** As a client of the SECA API sends it: without what only Kubernetes users see. */
function bodyOf({ kind, spec = {} }: Manifest, more: object = {}): object {
  const shown = surfaceNamed(kind)?.kind.spec.shape ?? {}
  return { spec: Object.fromEntries(Object.entries(spec).filter(([field]) => Object.hasOwn(shown, field))), ...more }
}

/** What makes the controllers publish APIServices: the one that owns them, and somebody who serves. */
function front(port: number): object[] {
  const service = { namespace: OPERATOR_NAMESPACE, name: SERVICE, port }
  return [
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: OWNER },
      spec: { group: 'seca.region', version: 'v1', groupPriorityMinimum: 100, versionPriority: 15, service },
    },
    endpointSliceOf(SERVICE, port),
  ]
}
