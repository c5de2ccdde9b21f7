import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Native } from '../../providers/openstack/native.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { DRIFT_POLICY } from '../../src/kinds/names.ts'
import { applyManifests, eventually, kubectl } from '../support/harness.ts'
import { Tenant } from '../support/tenant.ts'
import type { Manifest } from '../support/manifest.ts'
import { OpenStackApi } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { contentsOf, populate } from './others.ts'
import { startOpenStackStack } from './stack.ts'

/** What adoption changes of an object, service by service: tag, labels, and when that was. */
const MARKS = ['description', 'metadata', 'tags', 'revision_number', 'updated_at', 'updated', 'seca_tag', 'seca_incarnation']
const plain = (object: Native | undefined) => Object.fromEntries(Object.entries(object ?? {}).filter(([key]) => !MARKS.includes(key)))

describe.skipIf((await lackingForOpenStack()) !== undefined)('moving in', () => {
  let cloud: OpenStack
  let stack: Awaited<ReturnType<typeof startOpenStackStack>>
  let api: OpenStackApi
  let tenant: Tenant
  let before: ReadonlyMap<string, Native>
  let manifests: Manifest[]

  beforeAll(async () => {
    cloud = await startOpenStack({ progress: createProgress(process.stdout) })
    api = new OpenStackApi(cloud.demo)
    await populate(api)
    await populateMachine(api)
    stack = await startOpenStackStack({ region: cloud.region, user: cloud.demo, flags: ['--drift-interval=3s'] })
    tenant = new Tenant(stack as never)
    await tenant.namespaces()
    await kubectl(['label', 'namespace', tenant.space, 'secapi.cloud/tenant-', 'secapi.cloud/workspace-'])
    for (const type of ['standard', 'fast'])
      await tenant.apply({
        apiVersion: 'storage.secapi.cloud/v1',
        kind: 'StorageSku',
        metadata: { name: `eu-1.${type}` },
        spec: { region: 'eu-1', iops: 500, type: 'remote-durable', minVolumeSize: 1 },
      })
    await tenant.apply({
      apiVersion: 'compute.secapi.cloud/v1',
      kind: 'InstanceSku',
      metadata: { name: 'eu-1.s1.tiny' },
      spec: { region: 'eu-1', vCPU: 1, ram: 1 },
    })
    before = await contentsOf(api)
  }, 600_000)
  afterAll(async () => {
    await stack?.stop()
    await cloud?.stop()
  })

  const run = () =>
    new Promise<{ readonly out: string; readonly said: string }>((resolve, reject) => {
      const main = join(import.meta.dirname, '../../src/main.ts')
      const flags = ['--region=eu-1', `--tenant=${tenant.name}`, `--workspace=${tenant.workspace}`, `--kubeconfig=${inject('kubeconfig')}`]
      execFile(process.execPath, [main, 'import', ...flags], (error, out, said) =>
        error === null ? resolve({ out, said }) : reject(new Error(said)),
      )
    })

  it('writes manifests of all that is there, and says what they do not', { timeout: 120_000 }, async () => {
    const { out, said } = await run()
    manifests = parseAllDocuments(out).map((one) => one.toJS() as Manifest)
    const kinds = manifests.map(({ kind }) => kind)
    expect(new Set(kinds)).toEqual(
      new Set([
        'Namespace',
        'Workspace',
        'BlockStorage',
        'Instance',
        'Network',
        'InternetGateway',
        'RouteTable',
        'Subnet',
        'SecurityGroup',
        'PublicIp',
        'Nic',
      ]),
    )
    expect(said).toContain('default security group, which nobody takes over')
    expect(said).toContain(`add it to spec.adoption.tenants`)
    expect(await contentsOf(api)).toEqual(before)
  })

  it('they are taken over, and nothing is touched while they are only looked at', { timeout: 240_000 }, async () => {
    await stack.client.patch(CloudProvider.gvr, undefined, 'openstack', {
      type: 'merge',
      body: { spec: { adoption: { tenants: [tenant.name] } } },
    })
    await applyManifests(manifests)
    const kept = manifests.filter(({ kind }) => kind !== 'Namespace')
    await tenant.allReady(kept, 120_000)
    // What somebody has in the default group is told, and not changed.
    const differs: string[] = []
    for (const { kind, metadata } of kept) {
      const { status } = await tenant.get(kind, metadata.name)
      const sync = status?.conditions?.find(({ type }) => type === 'Synced')
      if (sync?.status !== 'True' && sync?.message !== 'differs in tag') differs.push(`${kind} ${sync?.message}`)
    }
    expect(differs).toEqual(['Nic differs in tag, securityGroupRefs'])
    const after = await contentsOf(api)
    expect([...after.keys()]).toEqual([...before.keys()])
    for (const [key, object] of before) expect(after.get(key), key).toEqual(object)
  })

  it('enforced, they get their tags and nothing else', { timeout: 240_000 }, async () => {
    for (const { kind, metadata } of manifests.filter((one) => one.metadata.annotations?.[DRIFT_POLICY] !== undefined))
      if (!(kind === 'Nic' && metadata.name === 'old')) await tenant.annotate(kind, metadata.name, { [DRIFT_POLICY]: null })
    await eventually(
      async () => {
        for (const { kind, metadata } of manifests) {
          if (kind === 'Namespace' || (kind === 'Nic' && metadata.name === 'old')) continue
          const { status } = await tenant.get(kind, metadata.name)
          expect([kind, metadata.name, status?.conditions?.find(({ type }) => type === 'Synced')?.status]).toEqual([
            kind,
            metadata.name,
            'True',
          ])
        }
      },
      { timeoutMs: 120_000 },
    )
    const after = await contentsOf(api)
    expect([...after.keys()]).toEqual([...before.keys()])
    for (const [key, object] of before) expect([key, plain(after.get(key))]).toEqual([key, plain(object)])
  })
})

/** A server with a volume to boot from and one for data, in a group of its own. */
async function populateMachine(api: OpenStackApi): Promise<void> {
  const post = async (service: 'network' | 'volume' | 'compute', path: string, body: object) =>
    Object.values(await api.call<Record<string, Native>>(service, { method: 'POST', path, body }))[0] as Native
  const group = await post('network', '/security-groups', { security_group: { name: 'Web servers' } })
  const rule = {
    security_group_id: group.id,
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: 'tcp',
    port_range_min: 80,
    port_range_max: 90,
  }
  await post('network', '/security-group-rules', { security_group_rule: { ...rule, remote_ip_prefix: '10.0.0.0/8' } })
  const [network] = await api.list('network', '/networks?name=old')
  const port = await post('network', '/ports', { port: { name: 'vm', network_id: network?.id, security_groups: [group.id] } })
  const [image] = await api.list('image', '/images?name=debian-12')
  const boot = await post('volume', '/volumes', { volume: { name: 'vm boot', size: 2, imageRef: image?.id, volume_type: 'fast' } })
  const data = await post('volume', '/volumes', { volume: { name: 'vm data', size: 3 } })
  const isThere = async (id: string) =>
    (await api.call<{ volume: Native }>('volume', { method: 'GET', path: `/volumes/${id}` })).volume['status'] === 'available'
  await eventually(async () => (await isThere(boot.id)) && (await isThere(data.id)))
  const [flavor] = (await api.list('compute', '/flavors')).filter(({ name }) => name === 's1.tiny')
  const disk = (uuid: string, boot_index: number) => ({ uuid, boot_index, source_type: 'volume', destination_type: 'volume' })
  const server = await post('compute', '/servers', {
    server: {
      name: 'vm',
      flavorRef: flavor?.id,
      networks: [{ port: port.id }],
      block_device_mapping_v2: [disk(boot.id, 0), disk(data.id, -1)],
    },
  })
  await eventually(
    async () =>
      (await api.call<{ server: Native }>('compute', { method: 'GET', path: `/servers/${server.id}` })).server['status'] === 'ACTIVE',
  )
}
