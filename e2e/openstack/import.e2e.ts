import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Native } from '../../providers/openstack/native.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { CloudProvider } from '../../src/kinds/operator/cloud-provider.ts'
import { DRIFT_POLICY } from '../../src/kinds/names.ts'
import { applyManifests, eventually, kubectl } from '../support/harness.ts'
import { Tenant } from '../support/tenant.ts'
import { runImport } from '../support/import-cli.ts'
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

  it('writes manifests of all that is there, and says what they do not', { timeout: 120_000 }, async () => {
    const { out, said, code } = await runImport(tenant)
    expect(code, said).toBe(0)
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
        'Image',
      ]),
    )
    expect(said).toContain('default security group, which nobody takes over')
    expect(said).toContain('the volume that it was made of is not known')
    expect(said).toContain(`add it to spec.adoption.tenants`)
    // Of the rules, the one from the default group goes: without a source it would let in everybody.
    const web = manifests.find(({ kind, metadata }) => kind === 'SecurityGroup' && metadata.name === 'web-servers')
    const sources = (web?.spec as { rules: readonly { direction: string; sourceRef?: object }[] }).rules.flatMap((rule) =>
      rule.direction === 'ingress' ? [rule.sourceRef] : [],
    )
    expect(sources).toEqual(expect.arrayContaining([[{ resource: '10.0.0.0/8' }], [{ resource: 'security-groups/web-servers' }]]))
    expect(sources).toHaveLength(2)
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
    // So is the rule from that group.
    expect(differs.toSorted()).toEqual(['Nic differs in tag, securityGroupRefs', 'SecurityGroup differs in tag, rules'])
    const after = await contentsOf(api)
    expect([...after.keys()]).toEqual([...before.keys()])
    for (const [key, object] of before) expect(after.get(key), key).toEqual(object)
  })

  it('enforced, they get their tags and nothing else', { timeout: 240_000 }, async () => {
    // The image is borrowed, and the other two would be changed.
    const isLeft = ({ kind, metadata: { name } }: Manifest) =>
      kind === 'Image' || (kind === 'Nic' && name === 'old') || (kind === 'SecurityGroup' && name === 'web-servers')
    for (const { kind, metadata } of manifests.filter((one) => one.metadata.annotations?.[DRIFT_POLICY] !== undefined && !isLeft(one)))
      await tenant.annotate(kind, metadata.name, { [DRIFT_POLICY]: null })
    await eventually(
      async () => {
        for (const one of manifests) {
          const { kind, metadata } = one
          if (kind === 'Namespace' || isLeft(one)) continue
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
  const standard = (await api.list('network', `/security-groups?name=default&project_id=${await api.projectId()}`))[0]?.id
  for (const source of [{ remote_ip_prefix: '10.0.0.0/8' }, { remote_group_id: group.id }, { remote_group_id: standard }])
    await post('network', '/security-group-rules', { security_group_rule: { ...rule, ...source } })
  const golden = { name: 'golden', disk_format: 'raw', container_format: 'bare', visibility: 'private' }
  const own = await api.call<Native>('image', { method: 'POST', path: '/images', body: golden })
  await api.upload(`/images/${own.id}/file`, Buffer.alloc(1024 * 1024))
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
