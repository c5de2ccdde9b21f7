import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminOf, type ArubaAdmin, startArubaCloud } from '../../providers/aruba/cloud/server.ts'
import { switchesOf } from '../../providers/aruba/cloud/switches.ts'
import { TOKEN_PATH } from '../../providers/aruba/cloud/tokens.ts'
import type { StandIn } from '../../providers/stand-in/server.ts'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { RESTART_REQUESTED } from '../../src/kinds/names.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { Region } from '../../src/kinds/region/region.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { applyObject } from '../../src/processes/install.ts'
import { applyManifests, eventually, kubectl, startStack } from '../support/harness.ts'
import { everything, type Manifest, to } from '../support/manifest.ts'
import { OPERATOR_NAMESPACE, REGION } from '../support/names.ts'
import { Tenant } from '../support/tenant.ts'

/** What an administrator provides for an account: credentials, a region bound to it, and the SKUs of the examples. */
async function provide(client: KubeClient, url: string): Promise<void> {
  await applyObject(client, KUBERNETES.Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'aruba', namespace: OPERATOR_NAMESPACE },
    stringData: { clientId: 'key', clientSecret: 'client-secret' },
  })
  await applyObject(client, CloudProvider.gvr, {
    apiVersion: CloudProvider.apiVersion,
    kind: CloudProvider.kind,
    metadata: { name: 'aruba' },
    spec: {
      type: 'aruba',
      credentialsSecretRef: { name: 'aruba' },
      settings: {
        endpoint: url,
        tokenUrl: `${url}/${TOKEN_PATH.join('/')}`,
        settleMs: 1_000,
        flavors: { dm: 'CSO4A16', ds: 'CSO2A4' },
      },
      requestsPerSecond: 1_000,
    },
  })
  await applyObject(client, Region.gvr, {
    apiVersion: Region.apiVersion,
    kind: Region.kind,
    metadata: { name: REGION },
    spec: {
      availableZones: ['a', 'b', 'c'],
      cloudProvider: 'aruba',
      cloud: { region: 'ITBG-Bergamo', zones: { a: 'ITBG-1', b: 'ITBG-2', c: 'ITBG-3' } },
    },
  })
  for (const { kind, object } of catalogue(REGION)) await applyObject(client, kind.gvr, object)
}

/** What of it this cloud can do: it has no IPv6. */
const withoutIpv6 = (manifest: Manifest): Manifest => {
  const { cidr } = (manifest.spec ?? {}) as { cidr?: { ipv4: string } }
  return cidr === undefined ? manifest : { ...manifest, spec: { ...manifest.spec, cidr: { ipv4: cidr.ipv4 } } }
}

describe('a tenant on the stand-in of Aruba Cloud, which is awkward and lags', () => {
  let cloud: StandIn
  let admin: ArubaAdmin
  let stack: Awaited<ReturnType<typeof startStack>>
  let tenant: Tenant
  let manifests: Manifest[]

  beforeAll(async () => {
    const setting = { port: 0, latencyMs: 100, token: 'client-secret', adminToken: 'admin' }
    cloud = await startArubaCloud({ ...setting, switches: { ...switchesOf(['lagging', 'awkward']), readLagMs: 200, listLagMs: 400 } })
    admin = adminOf(cloud.url, 'admin')
    stack = await startStack({
      cloudOf: { cloud: undefined as never, cloudUrl: '' },
      isBare: true,
      isIdle: true,
      flags: ['--drift-interval=3s'],
    })
    await provide(stack.client, cloud.url)
    await stack.restart('controllers')
    tenant = await Tenant.make(stack as never, { bare: true })
    manifests = everything(tenant, tenant.workspace).map(withoutIpv6)
  }, 120_000)
  afterAll(async () => {
    await stack?.stop()
    await cloud?.stop()
  })

  const all = async (type: string) => (await admin.inventory()).items.filter((one) => one.type === type)
  const native = async (kind: string, name: string) => {
    const { status } = await tenant.get(kind, name)
    const id = String(status?.externalId).split('/').at(-1) ?? ''
    return (await admin.object(id)) as unknown as { fields: Record<string, unknown>; status: { state: string } }
  }

  it('gets ready in one go, and status tells what the cloud says', { timeout: 180_000 }, async () => {
    await applyManifests(manifests)
    await tenant.allReady(manifests, 150_000)
    const server = await native('Instance', 'web')
    expect([
      server.status.state,
      (server.fields['dataVolumes'] as string[]).length,
      (server.fields['elasticIps'] as string[]).length,
    ]).toEqual(['Running', 1, 1])
    expect(await native('BlockStorage', 'boot')).toMatchObject({
      status: { state: 'Used' },
      fields: { dataCenter: 'ITBG-1', bootable: true },
    })
    expect((await all('keyPairs')).length).toBe(1)
    const [{ ip }] = server.fields['interfaces'] as [{ ip: string }]
    await tenant.until('Nic', 'web', ({ status }) => expect(status?.['addresses']).toEqual([ip]))
    await tenant.until('PublicIp', 'web', ({ status }) => expect(status?.['ipAddress']).toMatch(/^203\.0\.113\./))
    expect((await admin.inventory()).duplicateTags).toEqual([])
  })

  it('is not touched any more once it is as it should be', { timeout: 60_000 }, async () => {
    await sleep(2_000)
    const { lastMutation } = await admin.stats()
    await sleep(8_000)
    expect((await admin.mutations(lastMutation)).map(({ action, type }) => `${action} ${type}`)).toEqual([])
  })

  it('changes as the spec does: a volume grows, a server restarts, rules are replaced', { timeout: 120_000 }, async () => {
    await tenant.edit('BlockStorage', 'data', { spec: { sizeGB: 120 } })
    await eventually(async () => expect((await native('BlockStorage', 'data')).fields).toMatchObject({ sizeGb: 120 }))
    const { lastMutation } = await admin.stats()
    await tenant.annotate('Instance', 'web', { [RESTART_REQUESTED]: 'one' })
    const actions = async () =>
      (await admin.mutations(lastMutation))
        .filter(({ type, action }) => type === 'cloudServers' && action !== 'change')
        .map(({ action }) => action)
    await eventually(async () => expect(await actions()).toEqual(['stop', 'start']))
    await tenant.ready('Instance', 'web')
    await tenant.edit('Instance', 'web', { spec: { dataVolumes: [] } })
    await eventually(async () => expect((await native('BlockStorage', 'data')).status.state).toBe('NotUsed'))
    await tenant.edit('SecurityGroup', 'web', { spec: { rules: [{ direction: 'ingress', protocol: 'icmp' }] } })
    await eventually(async () => {
      const rules = await Promise.all((await all('securityRules')).map(({ id }) => admin.object(id)))
      const words = rules.map((rule) => (rule as unknown as { fields: Record<string, string> }).fields['protocol'])
      expect(words.toSorted()).toEqual(['ANY', 'ICMP'])
    })
    expect(await actions()).toEqual(['stop', 'start'])
  })

  it('has one server, whatever becomes of the answer that made it', { timeout: 120_000 }, async () => {
    const before = (await all('cloudServers')).length
    await admin.fault({ method: 'POST', type: 'cloudServers', effect: 'cut' })
    await tenant.apply(
      tenant.of('BlockStorage', 'second', { sizeGB: 60, skuRef: to('skus/rd2k'), sourceImageRef: to('images/base') }),
      tenant.of('Nic', 'second', { subnetRef: to('networks/main/subnets/front'), securityGroupRefs: [to('security-groups/web')] }),
      tenant.of('Instance', 'second', {
        skuRef: to('skus/ds'),
        zone: 'b',
        bootVolume: { deviceRef: to('block-storages/second') },
        primaryNicRef: to('nics/second'),
      }),
    )
    await tenant.ready('Instance', 'second')
    await eventually(async () => expect((await native('Instance', 'second')).status.state).toBe('Stopped'))
    expect((await all('cloudServers')).length).toBe(before + 1)
  })

  it('is told what this cloud cannot do, and why', { timeout: 60_000 }, async () => {
    await tenant.apply(tenant.of('PublicIp', 'six', { version: 'IPv6' }))
    await tenant.until('PublicIp', 'six', ({ status }) => expect(JSON.stringify(status?.conditions)).toContain('this cloud has no IPv6'))
    await kubectl(['delete', 'publicip/six', '-n', tenant.space, '--timeout=30s'])
  })

  it('goes without a rest, images before their volumes', { timeout: 240_000 }, async () => {
    const kinds =
      'instance.compute.secapi.cloud nic securitygroup securitygrouprule publicip blockstorage subnet routetable internetgateway network'
    for (const kind of kinds.split(' ')) await kubectl(['delete', kind, '--all', '-n', tenant.space, '--wait=false'])
    await eventually(async () => expect((await all('blockStorages')).length).toBe(1), { timeoutMs: 90_000 })
    await tenant.until('BlockStorage', 'golden', ({ status }) => expect(JSON.stringify(status?.conditions)).toContain('an image of it'))
    await kubectl(['delete', 'image/base', '-n', tenant.home, '--timeout=60s'])
    await kubectl(['delete', 'workspace.workspace.secapi.cloud', tenant.workspace, '-n', tenant.home, '--timeout=90s'])
    await eventually(async () => expect((await admin.inventory()).items.map(({ type, name }) => `${type} ${name}`)).toEqual([]))
  })
})
