import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RESTART_REQUESTED } from '../../src/kinds/names.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { applyManifests, eventually, kubectl } from '../support/harness.ts'
import { everything, type Manifest, to } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'
import type { Native } from '../../providers/openstack/native.ts'
import { OpenStackApi, type Service } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { type Fault, Faults } from './faults.ts'
import { contentsOf, populate } from './others.ts'
import { startOpenStackStack } from './stack.ts'

const lacking = await lackingForOpenStack()

describe.skipIf(lacking !== undefined)('a tenant on OpenStack', () => {
  let cloud: OpenStack
  let stack: Awaited<ReturnType<typeof startOpenStackStack>>
  let api: OpenStackApi
  let admin: OpenStackApi
  let tenant: Tenant
  let manifests: Manifest[]
  let before: ReadonlyMap<string, Native>
  const faults = new Faults()

  beforeAll(async () => {
    cloud = await startOpenStack({ progress: createProgress(process.stdout), announced: await faults.open() })
    faults.lead(cloud.ports)
    api = new OpenStackApi(cloud.demo)
    admin = new OpenStackApi(cloud.admin)
    await populate(api)
    await eventually(async () => expect((await api.list('volume', '/volumes/detail'))[0]?.['status']).toBe('available'))
    before = await contentsOf(api)
    stack = await startOpenStackStack({
      region: cloud.region,
      user: cloud.demo,
      settings: { flavors: { d2xs: 'x1.impossible' } },
      flags: ['--drift-interval=3s', '--call-timeout=15s'],
    })
    tenant = await Tenant.make(stack as never, { bare: true })
    manifests = everything(tenant, tenant.workspace)
  }, 600_000)
  afterAll(async () => {
    await stack?.stop()
    await cloud?.stop()
    await faults.close()
  })

  const idOf = async (kind: string, name: string) => String((await tenant.get(kind, name)).status?.externalId)
  const native = async (service: Service, path: string) =>
    Object.values(await api.call<Record<string, Native>>(service, { method: 'GET', path }))[0] as Native
  const server = async (name: string) => native('compute', `/servers/${await idOf('Instance', name)}`)
  const machine = (name: string) => [
    tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd2k'), sourceImageRef: to('images/base') }),
    tenant.of('Nic', name, { subnetRef: to('networks/main/subnets/front') }),
    tenant.of('Instance', name, {
      skuRef: to('skus/ds'),
      zone: 'a',
      bootVolume: { deviceRef: to(`block-storages/${name}`) },
      primaryNicRef: to(`nics/${name}`),
    }),
  ]
  const remove = async (names: readonly string[]) => {
    for (const kind of ['instance.compute.secapi.cloud', 'nic', 'blockstorage'])
      await kubectl(['delete', ...names.map((name) => `${kind}/${name}`), '-n', tenant.space, '--timeout=90s'])
  }
  const ours = async () => [...(await contentsOf(api)).entries()].filter(([key]) => !before.has(key))

  it('gets ready in one go, and status tells what OpenStack says', { timeout: 300_000 }, async () => {
    await applyManifests(manifests)
    await tenant.allReady(manifests, 240_000)
    const port = await native('network', `/ports/${await idOf('Nic', 'web')}`)
    const { status } = await tenant.get('Nic', 'web')
    expect(status).toMatchObject({ macAddress: port['mac_address'] })
    expect((port['fixed_ips'] as { ip_address: string }[]).map(({ ip_address: one }) => one).toSorted()).toEqual(
      (status?.['addresses'] as string[]).toSorted(),
    )
    expect(await server('web')).toMatchObject({ status: 'ACTIVE', flavor: { original_name: 's1.medium' } })
    const [floating] = await api.list('network', `/floatingips?port_id=${port.id}`)
    await tenant.until('PublicIp', 'web', (one) => expect(one.status).toMatchObject({ ipAddress: floating?.['floating_ip_address'] }))
    const rules = await api.list('network', `/security-group-rules?security_group_id=${await idOf('SecurityGroup', 'web')}`)
    expect(
      rules.map((rule) => [rule['direction'], rule['ethertype'], rule['protocol'], rule['port_range_min']].join(' ')).toSorted(),
    ).toEqual(['egress IPv4  ', 'egress IPv6  ', 'ingress IPv4 tcp 443', 'ingress IPv4 tcp 80'])
    expect(await native('volume', `/volumes/${await idOf('BlockStorage', 'data')}`)).toMatchObject({ status: 'in-use', size: 100 })
  })

  it('is not touched any more once it is as it should be', { timeout: 120_000 }, async () => {
    const revisions = async () =>
      (await ours()).map(([key, one]) => `${key} ${String(one['revision_number'] ?? one['updated_at'] ?? one['updated'])}`)
    const first = await revisions()
    const from = faults.calls.length
    await sleep(10_000)
    const calls = faults.calls.slice(from)
    expect(calls.filter(({ method }) => method !== 'GET')).toEqual([])
    // Three passes over all kinds: each is a page or two, whatever is in it.
    expect(calls.length).toBeLessThan(150)
    console.log(`three passes over a tenant: ${calls.length} requests`)
    expect(await revisions()).toEqual(first)
  })

  it('changes as the spec does: a volume grows while it is attached, a server restarts and stops', { timeout: 240_000 }, async () => {
    await tenant.edit('BlockStorage', 'data', { spec: { sizeGB: 120 } })
    await eventually(async () =>
      expect(await native('volume', `/volumes/${await idOf('BlockStorage', 'data')}`)).toMatchObject({ size: 120, status: 'in-use' }),
    )
    await tenant.annotate('Instance', 'web', { [RESTART_REQUESTED]: 'one' })
    const actions = async () =>
      (await api.list('compute', `/servers/${await idOf('Instance', 'web')}/os-instance-actions`)).map(({ action }) => action)
    await eventually(async () => expect((await actions()).filter((one) => one === 'reboot')).toHaveLength(1))
    await tenant.ready('Instance', 'web')
    await tenant.edit('Instance', 'web', { spec: { dataVolumes: [] } })
    await eventually(async () =>
      expect(await native('volume', `/volumes/${await idOf('BlockStorage', 'data')}`)).toMatchObject({ status: 'available' }),
    )
    await tenant.edit('SecurityGroup', 'web', { spec: { rules: [{ direction: 'ingress', protocol: 'icmp' }] } })
    await eventually(async () => {
      const rules = await api.list('network', `/security-group-rules?security_group_id=${await idOf('SecurityGroup', 'web')}`)
      expect(
        rules
          .filter(({ direction }) => direction === 'ingress')
          .map(({ protocol }) => protocol)
          .toSorted(),
      ).toEqual(['icmp', 'ipv6-icmp'])
    })
    const out = { destinationCidrBlock: '0.0.0.0/0', targetRef: to('internet-gateways/internet') }
    await tenant.edit('RouteTable', 'main.default', {
      spec: { routes: [out, { destinationCidrBlock: '192.0.2.0/24', targetRef: to('nics/web') }] },
    })
    await eventually(async () =>
      expect((await native('network', `/routers/${await idOf('RouteTable', 'main.default')}`))['routes']).toHaveLength(1),
    )
    const since = async () => Date.parse(String((await tenant.get('Instance', 'web')).status?.['powerStateSince']))
    const on = await since()
    await tenant.edit('Instance', 'web', { spec: { powerState: 'off' } })
    await tenant.until('Instance', 'web', ({ status }) => status?.['powerState'] === 'off')
    expect(await since()).toBeGreaterThan(on)
    expect(Math.abs(Date.parse(String((await server('web'))['updated'])) - (await since()))).toBeLessThanOrEqual(1_000)
    expect(await server('web')).toMatchObject({ status: 'SHUTOFF' })
    await tenant.edit('Instance', 'web', {
      spec: { powerState: 'on', dataVolumes: [{ deviceRef: to('block-storages/data'), type: 'virtio' }] },
    })
    await tenant.ready('Instance', 'web', 90_000)
  })

  it('is put right when somebody changes it behind our back', { timeout: 240_000 }, async () => {
    const id = await idOf('Instance', 'web')
    const port = await idOf('Nic', 'web')
    const group = await idOf('SecurityGroup', 'web')
    await api.delete('compute', `/servers/${id}/os-interface/${port}`)
    // Nova does one thing at a time.
    await eventually(() =>
      api.call('compute', { method: 'POST', path: `/servers/${id}/action`, body: { 'os-stop': null } }).then(() => true),
    )
    for (const rule of await api.list('network', `/security-group-rules?security_group_id=${group}&direction=ingress`))
      await api.delete('network', `/security-group-rules/${rule.id}`)
    const [floating] = await api.list(
      'network',
      `/floatingips?description=${encodeURIComponent(String((await native('network', `/floatingips/${await idOf('PublicIp', 'web')}`))['description']))}`,
    )
    await api.call('network', { method: 'PUT', path: `/floatingips/${floating?.id ?? ''}`, body: { floatingip: { port_id: null } } })
    await eventually(
      async () => {
        expect(await native('network', `/ports/${port}`)).toMatchObject({ device_id: id })
        expect(await native('network', `/floatingips/${floating?.id ?? ''}`)).toMatchObject({ port_id: port })
        expect(await api.list('network', `/security-group-rules?security_group_id=${group}&direction=ingress`)).toHaveLength(2)
        expect(await server('web')).toMatchObject({ status: 'ACTIVE' })
      },
      { timeoutMs: 120_000, everyMs: 1_000 },
    )
  })

  it('says what OpenStack says when there is no host, and when a quota is used up', { timeout: 240_000 }, async () => {
    const volume = (name: string) => tenant.of('BlockStorage', name, { sizeGB: 60, skuRef: to('skus/rd2k') })
    const instance = (name: string, sku: string) =>
      tenant.of('Instance', name, { skuRef: to(`skus/${sku}`), zone: 'a', bootVolume: { deviceRef: to(`block-storages/${name}`) } })
    await applyManifests([volume('huge'), instance('huge', 'd2xs')])
    await tenant.stuck('Instance', 'huge', 'Stalled', 'Rejected', 'No valid host was found', 90_000)
    await tenant.apply(tenant.of('BlockStorage', 'one-more', { sizeGB: 60, skuRef: to('skus/rd2k') }))
    await tenant.ready('BlockStorage', 'one-more')
    const project = await api.projectId()
    const quota = (instances: number) =>
      admin.call('compute', { method: 'PUT', path: `/os-quota-sets/${project}`, body: { quota_set: { instances, force: true } } })
    await quota(1)
    await applyManifests([instance('one-more', 'ds')])
    await tenant.until('Instance', 'one-more', ({ status }) =>
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
        reason: 'QuotaExceeded',
        message: expect.stringContaining('Quota exceeded'),
      }),
    )
    expect((await tenant.get('Nic', 'web')).status?.state).toBe('active')
    await quota(-1)
    await kubectl([
      'delete',
      'instance.compute.secapi.cloud/huge',
      'instance.compute.secapi.cloud/one-more',
      '-n',
      tenant.space,
      '--timeout=60s',
    ])
    await kubectl(['delete', 'blockstorage/huge', 'blockstorage/one-more', '-n', tenant.space, '--timeout=60s'])
  })

  it('is made exactly once, however often the controllers are killed', { timeout: 300_000 }, async () => {
    const names = ['k1', 'k2', 'k3']
    await applyManifests(names.flatMap(machine))
    for (const pause of [700, 1_900, 3_100]) {
      await sleep(pause)
      await stack.kill('controllers')
      await stack.restart('controllers')
    }
    for (const name of names) await tenant.ready('Instance', name, 120_000)
    const made = (await ours()).map(([, one]) => `${String(one['name'])}`).filter((name) => names.includes(name))
    // A volume, a port and a server each.
    expect(made.toSorted()).toEqual(names.flatMap((name) => [name, name, name]))
    await remove(names)
  })

  it('is made exactly once through refusals, failures and answers that are lost', { timeout: 300_000 }, async () => {
    const trouble: readonly Fault[] = [
      { method: 'POST', path: /\/(volumes|ports|servers)$/, times: 2, effect: 'lose' },
      { method: 'POST', path: /\/(volumes|ports|servers)$/, times: 1, effect: 'cut' },
      { method: 'GET', times: 4, effect: { status: 503 } },
      { method: 'GET', times: 2, effect: { status: 429, headers: { 'retry-after': '1' } } },
      { method: 'GET', times: 3, effect: { delayMs: 2_000 } },
    ]
    for (const fault of trouble) faults.add(fault)
    const names = ['t1', 't2']
    await applyManifests(names.flatMap(machine))
    for (const name of names) await tenant.ready('Instance', name, 180_000)
    const made = (await ours()).map(([, one]) => String(one['name'])).filter((name) => names.includes(name))
    expect(made.toSorted()).toEqual(names.flatMap((name) => [name, name, name]))
    await remove(names)
  })

  it('goes without a trace, and what others had is as it was, byte for byte', { timeout: 300_000 }, async () => {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
    await kubectl(['delete', '-f', '-', '--timeout=200s'], { input })
    const after = await contentsOf(api)
    expect([...after].filter(([key]) => !before.has(key)).map(([key]) => key)).toEqual([])
    for (const [key, object] of before) expect(after.get(key), key).toEqual(object)
  })
})
