import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FINALIZER } from '../../src/kinds/names.ts'
import { type Manifest, to } from '../support/manifest.ts'
import { eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { inventoryOf, mutationsOf, wipe } from '../support/audit.ts'
import { conditionOf, Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

vi.setConfig({ maxConcurrency: 20 })

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await stack.cloud.clearFaults()
  await stack.cloud.quota({ 'floating-ips': null })
  await wipe(stack).finally(() => stack.stop())
})

const OPEN = { direction: 'ingress', version: 'IPv4', protocol: 'tcp', ports: { list: [22] }, sourceRef: [to('0.0.0.0/0')] }
const volume = (tenant: Tenant, name: string, spec: object = {}) =>
  tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd500'), ...spec })
const table = (tenant: Tenant): Manifest[] => [
  tenant.of('InternetGateway', 'internet', { egressOnly: false }),
  tenant.of('RouteTable', 'main.default', {
    network: 'main',
    routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('internet-gateways/internet') }],
  }),
]
const network = (tenant: Tenant): Manifest[] => [
  tenant.of('Network', 'main', { cidr: { ipv4: '0.0.0.0/16' }, skuRef: to('skus/n1k') }),
  ...table(tenant),
  tenant.of('Subnet', 'main.front', {
    network: 'main',
    cidr: { ipv4: '0.0.0.0/24' },
    zone: 'a',
    routeTableRef: to('route-tables/default'),
  }),
]
const nic = (tenant: Tenant, name: string, spec: object) =>
  tenant.of('Nic', name, { subnetRef: to('networks/main/subnets/front'), ...spec })

/** Makes a tenant with these objects, which get ready. */
async function having(make: (tenant: Tenant) => Manifest[]): Promise<Tenant> {
  const tenant = await Tenant.make(stack)
  const manifests = make(tenant)
  await tenant.apply(...manifests)
  await tenant.allReady(manifests)
  return tenant
}

/** What only creation needs is asked for once: what uses it stays as it is, and can be changed, when that goes. */
describe.concurrent('what has been created', () => {
  it.skipIf(!isSimulated)('a shared rule that is deleted keeps no other rule of the group open', async () => {
    const tenant = await having((of) => [
      of.of('SecurityGroupRule', 'out', { direction: 'egress' }),
      of.of('SecurityGroup', 'web', { rules: [OPEN], ruleRefs: [to('security-group-rules/out')] }),
    ])
    expect(JSON.stringify(await tenant.behind('SecurityGroup', 'web'))).toContain('0.0.0.0/0')
    await tenant.delete('SecurityGroupRule', 'out')
    await tenant.gone('SecurityGroupRule', 'out')
    await tenant.edit('SecurityGroup', 'web', { spec: { rules: [] } })
    await eventually(async () => expect(JSON.stringify(await tenant.behind('SecurityGroup', 'web'))).not.toContain('0.0.0.0/0'))
    const group = await tenant.until('SecurityGroup', 'web', (object) =>
      expect(conditionOf(object, 'Ready')?.message).toContain('SecurityGroupRule "out" does not exist'),
    )
    expect(group.status?.externalId).toBeDefined()
  })

  it.skipIf(!isSimulated)('a machine is switched off, although its size and its zone are not offered any more', async () => {
    const owner = new Tenant(stack)
    const region = `${owner.name}-r`
    await owner.apply(
      owner.of('Region', region, { availableZones: ['a', 'b'], cloudProvider: 'simulator' }),
      owner.of('StorageSku', `${region}.rd500`, { region, iops: 500, type: 'remote-durable', minVolumeSize: 50 }),
      owner.of('InstanceSku', `${region}.tiny`, { region, vCPU: 1, ram: 1 }),
    )
    await owner.ready('Region', region)
    const tenant = await Tenant.make(stack, { region })
    const manifests = [
      volume(tenant, 'boot'),
      tenant.of('Instance', 'vm', {
        skuRef: to('skus/tiny'),
        zone: 'a',
        bootVolume: { deviceRef: to('block-storages/boot') },
        powerState: 'on',
      }),
    ]
    await tenant.apply(...manifests)
    await tenant.allReady(manifests)
    await owner.delete('InstanceSku', `${region}.tiny`)
    await owner.edit('Region', region, { spec: { availableZones: ['b'] } })
    await tenant.edit('Instance', 'vm', { spec: { powerState: 'off' } })
    await eventually(async () => expect(await tenant.behind('Instance', 'vm')).toMatchObject({ power: 'off' }))
    await tenant.delete('Instance', 'vm')
    await tenant.gone('Instance', 'vm')
    await tenant.delete('BlockStorage', 'boot')
    await tenant.gone('BlockStorage', 'boot')
    await tenant.delete('Workspace', tenant.workspace)
    await tenant.gone('Workspace', tenant.workspace)
  })

  it('an image outlives its volume, and volumes made of it outlive the image: they stay ready, and grow', async () => {
    const tenant = await having((of) => [
      volume(of, 'golden'),
      of.of('Image', 'base', {
        region: 'eu-1',
        blockStorageRef: to(`workspaces/${of.workspace}/block-storages/golden`),
        cpuArchitecture: 'amd64',
      }),
      volume(of, 'copy', { sourceImageRef: to('images/base') }),
    ])
    await tenant.delete('BlockStorage', 'golden')
    await tenant.gone('BlockStorage', 'golden')
    await tenant.edit('Image', 'base', { metadata: { labels: { turn: 'two' } } })
    // Images of OpenStack have no labels.
    const labels = isSimulated ? { labels: { turn: 'two' } } : {}
    await eventually(async () => expect(await tenant.behind('Image', 'base')).toMatchObject(labels))
    await tenant.ready('Image', 'base')
    await tenant.delete('Image', 'base')
    await tenant.gone('Image', 'base')
    await tenant.edit('BlockStorage', 'copy', { spec: { sizeGB: 80 } })
    await eventually(async () => expect(await tenant.behind('BlockStorage', 'copy')).toMatchObject({ size_gb: 80 }))
    await tenant.ready('BlockStorage', 'copy')
  })

  it('kubectl replace, which drops our finalizer, does not drop the cloud object at its deletion', async () => {
    const tenant = await having((of) => [volume(of, 'v')])
    await kubectl(['replace', '-f', '-'], { input: JSON.stringify(volume(tenant, 'v')) })
    await tenant.until('BlockStorage', 'v', ({ metadata }) => expect(metadata.finalizers).toContain(FINALIZER))
    await tenant.delete('BlockStorage', 'v')
    await tenant.gone('BlockStorage', 'v')
    expect((await inventoryOf(stack, tenant)).filter(({ type }) => type === 'volumes')).toEqual([])
  })
})

describe.concurrent('one edit that takes several steps, or another object', () => {
  it.skipIf(!isSimulated)('a machine that is to be off and to boot from another volume is stopped first', async () => {
    const tenant = await having((of) => [
      volume(of, 'one'),
      volume(of, 'two'),
      of.of('Instance', 'vm', {
        skuRef: to('skus/ds'),
        zone: 'a',
        bootVolume: { deviceRef: to('block-storages/one') },
        powerState: 'on',
      }),
    ])
    await tenant.edit('Instance', 'vm', { spec: { powerState: 'off', bootVolume: { deviceRef: to('block-storages/two') } } })
    const { id } = await tenant.behind('BlockStorage', 'two')
    await eventually(async () => expect(await tenant.behind('Instance', 'vm')).toMatchObject({ power: 'off', boot_volume: id }))
    await tenant.ready('Instance', 'vm')
  })

  it('an address moves from one NIC to another, whichever is told first', async () => {
    const tenant = await having((of) => [
      ...network(of),
      of.of('PublicIp', 'ip', { version: 'IPv4' }),
      nic(of, 'a', { publicIpRefs: [to('public-ips/ip')] }),
      nic(of, 'b', { publicIpRefs: [] }),
    ])
    await tenant.apply(nic(tenant, 'b', { publicIpRefs: [to('public-ips/ip')] }), nic(tenant, 'a', { publicIpRefs: [] }))
    const { id } = await tenant.behind('PublicIp', 'ip')
    await eventually(async () => {
      expect(await tenant.behind('Nic', 'a')).toMatchObject({ floating_ips: [] })
      expect(await tenant.behind('Nic', 'b')).toMatchObject({ floating_ips: [id] })
    })
    await tenant.ready('Nic', 'a')
    await tenant.ready('Nic', 'b')
  })

  it('a volume moves from one machine to another', async () => {
    const vm = (of: Tenant, name: string, disks: readonly string[]) =>
      of.of('Instance', name, {
        skuRef: to('skus/ds'),
        zone: 'a',
        bootVolume: { deviceRef: to(`block-storages/${name}`) },
        dataVolumes: disks.map((disk) => ({ deviceRef: to(`block-storages/${disk}`), type: 'virtio' })),
      })
    const tenant = await having((of) => [...['a', 'b', 'data'].map((name) => volume(of, name)), vm(of, 'a', ['data']), vm(of, 'b', [])])
    await tenant.apply(vm(tenant, 'b', ['data']), vm(tenant, 'a', []))
    const { id } = await tenant.behind('BlockStorage', 'data')
    await eventually(async () => {
      expect(await tenant.behind('Instance', 'a')).toMatchObject({ data_volumes: [] })
      expect(await tenant.behind('Instance', 'b')).toMatchObject({ data_volumes: [id] })
    })
    await tenant.ready('Instance', 'a')
    await tenant.ready('Instance', 'b')
  })

  it('a block and the subnet in it go together', async () => {
    const wide = (of: Tenant, additionalCidrs: readonly object[]) =>
      of.of('Network', 'main', { cidr: { ipv4: '0.0.0.0/16' }, additionalCidrs, skuRef: to('skus/n1k') })
    const tenant = await having((of) => [
      wide(of, [{ ipv4: '172.20.0.0/16' }]),
      ...table(of),
      of.of('Subnet', 'main.more', {
        network: 'main',
        cidr: { ipv4: '172.20.1.0/24' },
        zone: 'a',
        routeTableRef: to('route-tables/default'),
      }),
    ])
    await tenant.apply(wide(tenant, []))
    await tenant.delete('Subnet', 'main.more')
    await tenant.gone('Subnet', 'main.more')
    await tenant.ready('Network', 'main')
    await eventually(async () => expect(JSON.stringify(await tenant.behind('Network', 'main'))).not.toContain('172.20.'))
  })
})

describe.skipIf(!isSimulated)('operations that fail in the cloud after they were accepted', () => {
  it('a change: said, not sent again and again, and the next one counts', async () => {
    const tenant = await having((of) => [volume(of, 'v')])
    const { id } = await tenant.behind('BlockStorage', 'v')
    await stack.cloud.fault({ method: 'PATCH', type: 'volumes', effect: 'fail-operation', times: 1, message: 'no capacity' })
    await tenant.edit('BlockStorage', 'v', { spec: { sizeGB: 80 } })
    await tenant.until('BlockStorage', 'v', (object) => expect(conditionOf(object, 'Ready')?.message).toContain('no capacity'))
    await sleep(3_000)
    const changes = async () => (await mutationsOf(stack, tenant)).filter((one) => one.id === id && one.action === 'change').length
    expect(await changes()).toBe(1)
    await tenant.edit('BlockStorage', 'v', { spec: { sizeGB: 90 } })
    const seen = await tenant.ready('BlockStorage', 'v')
    expect(seen.status).toMatchObject({ state: 'active', sizeGB: 90 })
    expect(conditionOf(seen, 'Stalled')).toBeUndefined()
    expect(await changes()).toBe(2)
  })

  it('a change, in a cloud that forgets why: no storm of changes', async () => {
    await stack.cloud.character({ forgetsErrors: true })
    try {
      const tenant = await having((of) => [volume(of, 'v')])
      await stack.cloud.fault({ method: 'PATCH', type: 'volumes', effect: 'fail-operation', times: 100_000, message: 'no capacity' })
      await tenant.edit('BlockStorage', 'v', { spec: { sizeGB: 80 } })
      await tenant.until('BlockStorage', 'v', (object) => expect(conditionOf(object, 'Ready')?.message).toContain('no capacity'))
      await sleep(8_000)
      const { id } = await tenant.behind('BlockStorage', 'v')
      const changes = (await mutationsOf(stack, tenant)).filter((one) => one.id === id && one.action === 'change').length
      expect(changes).toBeLessThan(5)
      await stack.cloud.clearFaults()
    } finally {
      await stack.cloud.character({ characters: ['neat'] })
    }
  })

  it('a machine: its id is kept, and what failed is not started', async () => {
    const tenant = await having((of) => [volume(of, 'boot')])
    await stack.cloud.fault({ method: 'POST', type: 'servers', effect: 'fail-operation', message: 'No valid host' })
    await tenant.apply(
      tenant.of('Instance', 'vm', {
        skuRef: to('skus/ds'),
        zone: 'a',
        bootVolume: { deviceRef: to('block-storages/boot') },
        powerState: 'on',
      }),
    )
    const failed = await tenant.until('Instance', 'vm', ({ status }) => expect(status?.state).toBe('error'))
    expect(conditionOf(failed, 'Ready')?.message).toContain('No valid host')
    expect(failed.status?.externalId).toMatch(/^srv-/)
    await sleep(3_000)
    expect((await mutationsOf(stack, tenant)).filter(({ type, action }) => type === 'servers' && action !== 'create')).toEqual([])
  })
})

// Alone: what others make counts, too.
it('what is over a quota says so, and is made when something else goes', async () => {
  const tenant = await having((of) => [of.of('PublicIp', 'one', { version: 'IPv4' })])
  const used = (await stack.cloud.stats()).objects['floating-ips'] ?? 0
  await stack.cloud.quota({ 'floating-ips': used })
  await tenant.apply(tenant.of('PublicIp', 'two', { version: 'IPv4' }))
  await tenant.until('PublicIp', 'two', (object) => expect(conditionOf(object, 'Ready')).toMatchObject({ reason: 'QuotaExceeded' }))
  await tenant.delete('PublicIp', 'one')
  await tenant.ready('PublicIp', 'two', 20_000)
  await stack.cloud.quota({ 'floating-ips': null })
})
