import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IonosAdmin, startIonos } from '../../providers/ionos/cloud/server.ts'
import { switchesOf } from '../../providers/ionos/cloud/switches.ts'
import type { StandIn } from '../../providers/stand-in/server.ts'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { Region } from '../../src/kinds/region/region.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { applyObject } from '../../src/processes/install.ts'
import { applyManifests, eventually, kubectl, OPERATOR_NAMESPACE, REGION, type Stack, startStack } from '../support/harness.ts'
import { everything, type Manifest } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'

/** What this cloud has otherwise: blocks are named, and volumes are remote. */
const OTHERWISE: Readonly<Record<string, object>> = {
  'Network/main': { cidr: { ipv4: '10.20.0.0/16' }, additionalCidrs: [] },
  'Subnet/main.front': { cidr: { ipv4: '10.20.1.0/24' } },
  'BlockStorage/data': { skuRef: { resource: 'skus/rd2k' } },
}

async function provide(client: KubeClient, endpoint: string): Promise<void> {
  await applyObject(client, KUBERNETES.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'ionos', namespace: OPERATOR_NAMESPACE },
    stringData: { token: 'customer' },
  })
  await applyObject(client, CloudProvider.gvr, {
    apiVersion: CloudProvider.apiVersion,
    kind: CloudProvider.kind,
    metadata: { name: 'ionos' },
    spec: { type: 'ionos', credentialsSecretRef: { name: 'ionos' }, settings: { endpoint, settleMs: 1_000 }, requestsPerSecond: 1_000 },
  })
  await applyObject(client, Region.gvr, {
    apiVersion: Region.apiVersion,
    kind: Region.kind,
    metadata: { name: REGION },
    spec: { availableZones: ['a'], cloudProvider: 'ionos', cloud: { region: 'de/txl', zones: { a: 'ZONE_1' } } },
  })
  for (const { kind, object } of catalogue(REGION)) await applyObject(client, kind.gvr, object)
}

describe('a tenant on the stand-in of IONOS Cloud', () => {
  let cloud: StandIn
  let admin: IonosAdmin
  let stack: Pick<Stack, 'client' | 'restart' | 'kill' | 'stop'>
  let tenant: Tenant
  let manifests: Manifest[]

  beforeAll(async () => {
    const switches = { ...switchesOf(['awkward']), bootsOff: false, listLagMs: 200 }
    cloud = await startIonos({ port: 0, latencyMs: 50, token: 'customer', adminToken: 'admin', switches })
    admin = new IonosAdmin({ url: cloud.url, adminToken: 'admin' })
    stack = await startStack({
      cloudOf: { cloud: undefined as never, cloudUrl: '' },
      isBare: true,
      isIdle: true,
      flags: ['--drift-interval=3s'],
    })
    await provide(stack.client, `${cloud.url}/cloudapi/v6`)
    await stack.restart('controllers')
    tenant = await Tenant.make(stack as never, { bare: true })
    manifests = everything(tenant, tenant.workspace).map((one) => {
      const other = OTHERWISE[`${one.kind}/${one.metadata.name}`]
      return other === undefined ? one : { ...one, spec: { ...one.spec, ...other } }
    })
  }, 300_000)
  afterAll(async () => {
    await stack?.stop()
    await cloud?.stop()
  })

  const objects = async () => (await admin.inventory()).items.filter(({ type }) => type !== 'requests')
  const counts = async () =>
    Object.fromEntries(
      Array.from(
        Map.groupBy(await objects(), ({ type }) => type),
        ([type, all]) => [type, all.length],
      ),
    )
  const behind = async (kind: string, name: string) => {
    const id = String((await tenant.get(kind, name)).status?.externalId)
    return admin.object(id.split('/').at(-1) ?? '')
  }
  const ONE_OF_EACH = { datacenters: 1, volumes: 3, snapshots: 1, servers: 1, lans: 2, nics: 2, securitygroups: 1, rules: 3, ipblocks: 1 }

  it('gets ready in one go: one server that boots with its keys, and a second NIC for the way out', { timeout: 240_000 }, async () => {
    await applyManifests(manifests)
    await tenant.allReady(manifests, 200_000)
    // A NIC is ready without a public IP that is made later, and has its second one as soon as it is there.
    await eventually(async () => expect(await counts()).toEqual(ONE_OF_EACH))
    expect(await behind('Instance', 'web')).toMatchObject({ vmState: 'RUNNING' })
    const { status } = await tenant.get('Nic', 'web')
    expect(status).toMatchObject({ addresses: [expect.stringMatching(/^10\.20\.1\./)], macAddress: expect.any(String) })
    // It is ready before the instance has made it; its own look finds it.
    await eventually(async () => expect(await behind('BlockStorage', 'boot')).toMatchObject({ size: 60, _userData: expect.any(String) }))
    expect(await behind('BlockStorage', 'data')).toMatchObject({ _server: (await behind('Instance', 'web')).id })
  })

  it('is not written to any more once it is as it should be', { timeout: 60_000 }, async () => {
    // What follows upon readiness (groups of the second NIC) is done first.
    await sleep(5_000)
    const before = (await admin.stats()).requests
    const last = (await admin.mutations()).length
    await sleep(10_000)
    expect((await admin.mutations()).slice(last)).toEqual([])
    const { requests } = await admin.stats()
    const count = Object.entries(requests).reduce((sum, [key, all]) => sum + all - (before[key] ?? 0), 0)
    console.log(`three passes over a tenant: ${count} requests`)
  })

  it('comes back from what others do, and changes as the spec does', { timeout: 180_000 }, async () => {
    const server = await behind('Instance', 'web')
    await admin.change(server.id, { vmState: 'SHUTOFF' })
    await eventually(async () => expect(await behind('Instance', 'web')).toMatchObject({ vmState: 'RUNNING' }), { timeoutMs: 60_000 })
    const group = await behind('SecurityGroup', 'web')
    await admin.create('rules', { parent: group.id, protocol: 'ANY' })
    await eventually(async () => expect(await counts()).toEqual(ONE_OF_EACH), { timeoutMs: 60_000 })
    await tenant.edit('BlockStorage', 'data', { spec: { sizeGB: 120 } })
    await eventually(async () => expect(await behind('BlockStorage', 'data')).toMatchObject({ size: 120 }), { timeoutMs: 60_000 })
    await tenant.edit('Instance', 'web', { spec: { powerState: 'off' } })
    await eventually(async () => expect(await behind('Instance', 'web')).toMatchObject({ vmState: 'SHUTOFF' }), { timeoutMs: 60_000 })
  })

  it('says why the cloud could not, in its words', { timeout: 120_000 }, async () => {
    await admin.fault({ method: 'POST', type: 'ipblocks', effect: 'fail-operation', message: '[VDC-5-601] no addresses left' })
    await applyManifests([tenant.of('PublicIp', 'more', { version: 'IPv4' })])
    await tenant.until('PublicIp', 'more', (one) => expect(JSON.stringify(one.status)).toContain('no addresses left'), 60_000)
    await kubectl(['delete', 'publicip/more', '-n', tenant.space, '--timeout=60s'])
  })
})
