import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { TENANT_LABEL } from '../../src/kinds/names.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { eventually, type Stack, startStack } from '../support/harness.ts'
import { expectTypes, mutationsOf, wipe } from '../support/audit.ts'
import { kstatus } from '../support/kstatus.ts'
import { type Manifest, to } from '../support/manifest.ts'
import { isLegible, isSimulated } from '../support/names.ts'
import { Tenant } from '../support/tenant.ts'

vi.setConfig({ maxConcurrency: 30 })

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

const volume = (tenant: Tenant, name: string, extra: object = {}) =>
  tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd500'), ...extra })
const instance = (tenant: Tenant, name: string, extra: object = {}) =>
  tenant.of('Instance', name, { skuRef: to('skus/ds'), zone: 'a', bootVolume: { deviceRef: to('block-storages/boot') }, ...extra })
const network = (tenant: Tenant, name: string) => tenant.of('Network', name, { cidr: { ipv4: '10.9.0.0/16' }, skuRef: to('skus/n1k') })
const table = (tenant: Tenant) =>
  tenant.of('RouteTable', 'net.rt', { network: 'net', routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('10.9.0.1') }] })
const subnet = (tenant: Tenant, extra: object = {}) =>
  tenant.of('Subnet', 'net.sub', {
    network: 'net',
    cidr: { ipv4: '10.9.1.0/24' },
    zone: 'a',
    routeTableRef: to('route-tables/rt'),
    ...extra,
  })

/** Applies an object that waits, sees that it says what for, that the cloud was left alone, and that it goes on once that is there. */
async function expectWaits(tenant: Tenant, manifest: Manifest, words: string, ...missing: readonly Manifest[]): Promise<void> {
  const { kind, metadata } = manifest
  await tenant.apply(manifest)
  const object = await tenant.stuck(kind, metadata.name, 'Ready', 'ReferenceNotFound', words)
  expect(object.status).toMatchObject({ state: 'pending', observedGeneration: object.metadata.generation })
  expect(object.status?.externalId).toBeUndefined()
  expect(kstatus(object)).toBe('InProgress')
  await tenant.apply(...missing)
  await tenant.ready(kind, metadata.name)
}

describe.concurrent('an object waits for what it names, and goes on by itself', () => {
  it('SKU', async () => {
    const tenant = await Tenant.make(stack)
    const tier = tenant.name
    const sku = tenant.of('StorageSku', `eu-1.${tier}`, { region: 'eu-1', iops: 100, type: 'remote-durable', minVolumeSize: 1 })
    await expectWaits(
      tenant,
      volume(tenant, 'v', { skuRef: to(`skus/${tier}`) }),
      `spec.skuRef: StorageSku "${tier}" does not exist in region eu-1`,
      sku,
    )
    expect(await tenant.behind('BlockStorage', 'v')).toMatchObject(isSimulated ? { iops: 100, media: 'remote-durable' } : {})
    // Names of SKUs compare without case.
    await tenant.apply(volume(tenant, 'upper', { skuRef: to(`tenants/seca/skus/${tier.toUpperCase()}`) }))
    await tenant.ready('BlockStorage', 'upper')
    // Users of a SKU outlive it.
    await tenant.delete('StorageSku', `eu-1.${tier}`)
    expect(await tenant.exists('StorageSku', `eu-1.${tier}`)).toBe(false)
    expect((await tenant.get('BlockStorage', 'v')).status?.externalId).toBeDefined()
  })

  it('SKU that is for other tenants', async () => {
    const tenant = await Tenant.make(stack)
    const sku = (tenants: string[]) =>
      tenant.of('StorageSku', `eu-1.${tenant.name}-private`, {
        region: 'eu-1',
        iops: 100,
        type: 'remote-durable',
        minVolumeSize: 1,
        tenants,
      })
    await tenant.apply(sku(['somebody-else']))
    await expectWaits(
      tenant,
      volume(tenant, 'v', { skuRef: to(`skus/${tenant.name}-private`) }),
      'does not exist in region eu-1',
      sku([tenant.name]),
    )
    await tenant.delete('StorageSku', `eu-1.${tenant.name}-private`)
  })

  it.skipIf(!isSimulated)('region, zone', async () => {
    const tenant = await Tenant.make(stack, { bare: true, prefix: 'z' })
    const region = `${tenant.name}-region`
    const zones = (...availableZones: string[]) => tenant.of('Region', region, { availableZones, cloudProvider: 'simulator' })
    const { spec: sku } = await tenant.get('InstanceSku', 'eu-1.ds')
    const { spec: storage } = await tenant.get('StorageSku', 'eu-1.rd500')
    await tenant.apply(
      tenant.of('InstanceSku', `${region}.ds`, { ...sku, region }),
      tenant.of('StorageSku', `${region}.rd500`, { ...storage, region }),
    )
    await expectWaits(tenant, tenant.of('Workspace', tenant.workspace, { region }), `Region "${region}" does not exist`, zones('y'))
    await tenant.apply(volume(tenant, 'boot'))
    await expectWaits(
      tenant,
      instance(tenant, 'vm', { zone: 'z' }),
      `zone "z" does not exist in region ${region}, which has y`,
      zones('y', 'z'),
    )
    expect(await tenant.behind('Instance', 'vm')).toMatchObject({ zone: 'z', tag: expect.stringContaining(`/${region}/`) })
    await tenant.delete('Instance', 'vm')
    await tenant.delete('BlockStorage', 'boot')
    await tenant.delete('Workspace', tenant.workspace)
    await tenant.gone('Workspace', tenant.workspace)
    await tenant.delete('Region', region)
    await tenant.gone('Region', region)
    await tenant.delete('InstanceSku', `${region}.ds`)
    await tenant.delete('StorageSku', `${region}.rd500`)
  })

  it('workspace', async () => {
    const tenant = await Tenant.make(stack, { bare: true })
    await expectWaits(
      tenant,
      tenant.of('PublicIp', 'ip', { version: 'IPv4' }),
      `Workspace "${tenant.workspace}" does not exist`,
      tenant.of('Workspace', tenant.workspace, {}),
    )
  })

  it.skipIf(!isLegible)('volume, NIC, security group of an instance', async () => {
    const tenant = await Tenant.make(stack)
    await expectWaits(
      tenant,
      instance(tenant, 'vm'),
      'spec.bootVolume.deviceRef: BlockStorage "boot" does not exist',
      volume(tenant, 'boot'),
    )
    const [data, nic, group] = [to('block-storages/data'), to('nics/nic'), to('security-groups/sg')]
    await tenant.edit('Instance', 'vm', { spec: { dataVolumes: [{ deviceRef: data }], primaryNicRef: nic, securityGroupRef: group } })
    const object = await tenant.stuck('Instance', 'vm', 'Ready', 'ReferenceNotFound', 'spec.dataVolumes[0].deviceRef: BlockStorage "data"')
    for (const words of ['Nic "nic"', 'SecurityGroup "sg"']) await tenant.stuck('Instance', 'vm', 'Ready', 'ReferenceNotFound', words)
    expect(object.status?.state).toBe('updating')
    expect(kstatus(object)).toBe('InProgress')
    await tenant.apply(
      volume(tenant, 'data'),
      network(tenant, 'net'),
      table(tenant),
      subnet(tenant),
      tenant.of('Nic', 'nic', { subnetRef: to('networks/net/subnets/sub') }),
      tenant.of('SecurityGroup', 'sg', {}),
    )
    await tenant.ready('Instance', 'vm')
    const idOf = async (kind: string, name: string) => (await tenant.get(kind, name)).status?.externalId
    expect(await tenant.behind('Instance', 'vm')).toMatchObject({
      data_volumes: [await idOf('BlockStorage', 'data')],
      ports: [await idOf('Nic', 'nic')],
      ...(isSimulated ? { firewall: await idOf('SecurityGroup', 'sg') } : {}),
    })
  })

  it.skipIf(!isLegible)('network of a subnet and a route table, route table of a subnet, subnet of a NIC', async () => {
    const tenant = await Tenant.make(stack)
    const nic = tenant.of('Nic', 'nic', { subnetRef: to('subnets/sub'), addresses: ['10.9.1.9'] })
    await tenant.apply(nic)
    await tenant.stuck('Nic', 'nic', 'Ready', 'ReferenceNotFound', 'spec.subnetRef: Subnet "sub" does not exist')
    await tenant.apply(subnet(tenant))
    await tenant.stuck('Nic', 'nic', 'Ready', 'ReferenceNotReady', 'Subnet "net.sub" is pending')
    await tenant.stuck('Subnet', 'net.sub', 'Ready', 'ReferenceNotFound', 'RouteTable "rt" of Network "net" does not exist')
    await expectWaits(tenant, table(tenant), 'spec.network: Network "net" does not exist', network(tenant, 'net'))
    await tenant.ready('Nic', 'nic')
    expect((await tenant.get('Nic', 'nic')).status).toMatchObject({ addresses: ['10.9.1.9'] })
  })

  // A router without a gateway has no way out for an address.
  it.skipIf(!isLegible || !isSimulated)(
    'but a NIC does not wait for a public address that is missing: it gets it when it is there',
    async () => {
      const tenant = await Tenant.make(stack)
      await tenant.apply(network(tenant, 'net'), table(tenant), subnet(tenant))
      await tenant.apply(tenant.of('Nic', 'nic', { subnetRef: to('networks/net/subnets/sub'), publicIpRefs: [to('public-ips/late')] }))
      const alone = await tenant.ready('Nic', 'nic')
      expect(alone.status).not.toHaveProperty('publicIpRefs')
      expect(await tenant.behind('Nic', 'nic')).toMatchObject({ floating_ips: [] })
      await tenant.apply(tenant.of('PublicIp', 'late', { version: 'IPv4' }))
      const { status } = await tenant.ready('PublicIp', 'late')
      await eventually(async () => expect(await tenant.behind('Nic', 'nic')).toMatchObject({ floating_ips: [status?.externalId] }))
      await tenant.until('Nic', 'nic', ({ status: shown }) => expect(shown?.['publicIpRefs']).toEqual([to('public-ips/late')]))
      await tenant.ready('Nic', 'nic')
    },
  )

  it('image and its volume in another workspace; shared rules', async () => {
    const tenant = await Tenant.make(stack)
    const ref = `workspaces/${tenant.workspace}/block-storages/golden`
    await expectWaits(
      tenant,
      tenant.of('Image', 'img', { region: 'eu-1', blockStorageRef: to(ref), cpuArchitecture: 'amd64' }),
      'BlockStorage "golden" does not exist',
      volume(tenant, 'golden'),
    )
    await expectWaits(tenant, volume(tenant, 'copy', { sourceImageRef: to('images/later') }), 'Image "later"', {
      ...tenant.of('Image', 'later', { region: 'eu-1', blockStorageRef: to(ref), cpuArchitecture: 'arm64' }),
    })
    await expectWaits(
      tenant,
      tenant.of('SecurityGroup', 'sg', { ruleRefs: [to('security-group-rules/r')] }),
      'SecurityGroupRule "r"',
      tenant.of('SecurityGroupRule', 'r', { direction: 'ingress' }),
    )
  })

  it.skipIf(!isSimulated)('a reference that can never resolve says why, and is put right by an edit', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(volume(tenant, 'boot'))
    for (const [name, ref, words] of [
      ['elsewhere', 'workspaces/other/block-storages/boot', 'references do not leave their workspace'],
      ['abroad', 'tenants/other/workspaces/prod/block-storages/boot', 'references do not leave their tenant'],
      ['odd', 'public-ips/boot', 'does not name a BlockStorage'],
      ['nested', 'networks/net/block-storages/boot', 'a block-storage is not in networks'],
      ['dotted', 'networks/n.b/block-storages/boot', '"n.b" cannot be a name in networks'],
      ['far', { ...to('block-storages/boot'), region: 'mars' }, 'is in region mars, this object in eu-1'],
    ] as const) {
      await tenant.apply(instance(tenant, name, { bootVolume: { deviceRef: typeof ref === 'string' ? to(ref) : ref } }))
      const object = await tenant.stuck('Instance', name, 'Ready', 'InvalidReference', words)
      expect([object.status?.state, kstatus(object)]).toEqual(['error', 'Failed'])
      await tenant.edit('Instance', name, { spec: { bootVolume: { deviceRef: { ...to('block-storages/boot'), region: null } } } })
      await tenant.ready('Instance', name)
    }
  })

  it('a dependency that is not in order is named, with its state', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(volume(tenant, 'boot', { skuRef: to('skus/none') }), instance(tenant, 'vm'))
    await tenant.stuck('Instance', 'vm', 'Ready', 'ReferenceNotReady', 'BlockStorage "boot" is pending')
    // What was never made holds what it names all the same, and goes without a call to the cloud.
    await tenant.delete('BlockStorage', 'boot')
    await tenant.stuck('BlockStorage', 'boot', 'Ready', 'DeletionBlocked', 'Instance "vm"')
    await tenant.delete('Instance', 'vm')
    await tenant.gone('BlockStorage', 'boot')
    await tenant.gone('Instance', 'vm')
    expect((await mutationsOf(stack, tenant)).filter(({ type }) => type !== 'projects')).toEqual([])
  })

  it('a subnet outside its network stalls until it is changed', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.apply(network(tenant, 'net'), table(tenant), subnet(tenant, { cidr: { ipv4: '10.8.1.0/24' } }))
    const stalled = await tenant.stuck(
      'Subnet',
      'net.sub',
      'Stalled',
      'OutsideNetwork',
      '10.8.1.0/24 is not inside network "net", which has 10.9.0.0/16',
    )
    expect(kstatus(stalled)).toBe('Failed')
    expect(stalled.status?.state).toBe('error')
    await tenant.edit('Network', 'net', { spec: { additionalCidrs: [{ ipv4: '10.8.0.0/16' }] } })
    await tenant.ready('Subnet', 'net.sub')
    expect(await tenant.behind('Subnet', 'net.sub')).toMatchObject({ ipv4: '10.8.1.0/24' })
  })

  it.skipIf(!isLegible)('an object in a namespace of nobody, or of the wrong sort, says so', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    const inHome = tenant.of('PublicIp', 'misplaced', { version: 'IPv4' })
    await stack.client.create(
      { group: 'network.secapi.cloud', version: 'v1', resource: 'publicips', kind: 'PublicIp', namespaced: true },
      tenant.home,
      {
        ...inHome,
        metadata: { name: 'misplaced', namespace: tenant.home },
      },
    )
    await eventually(async () => {
      const gvr = { group: 'network.secapi.cloud', version: 'v1', resource: 'publicips', kind: 'PublicIp', namespaced: true }
      const object = await stack.client.get<{ status?: { conditions?: { message: string }[] } }>(gvr, tenant.home, 'misplaced')
      expect(object.status?.conditions?.[0]?.message).toContain('belongs into the namespace of a workspace')
    })
    await expectTypes(stack, tenant, ['projects'])
  })

  it('of two namespaces that claim a tenant the older one wins, and the other is told', async () => {
    const tenant = await Tenant.make(stack)
    await tenant.ready('Workspace', tenant.workspace)
    const name = `${tenant.home}-twin`
    await eventually(
      async () => Date.now() - Date.parse((await tenant.get('Workspace', tenant.workspace)).metadata.creationTimestamp) > 1_000,
    )
    await stack.client.create(KUBERNETES.Namespace, undefined, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { [TENANT_LABEL]: tenant.name } },
    })
    await eventually(async () => {
      const events = await stack.client.raw<{ items: { reason: string; regarding: { name: string } }[] }>(
        'GET',
        '/apis/events.k8s.io/v1/namespaces/default/events',
      )
      expect(events.items.filter(({ regarding }) => regarding.name === name).map(({ reason }) => reason)).toEqual(['ClaimLost'])
    })
    await tenant.apply(tenant.of('PublicIp', 'ip', { version: 'IPv4' }))
    await tenant.ready('PublicIp', 'ip')
  })
})
