import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Native } from '../../providers/openstack/native.ts'
import { createProgress } from '../../src/cli/progress.ts'
import type { Desired, Other } from '../../src/provider/contract.ts'
import { tagKey } from '../../src/provider/tags.ts'
import { eventually } from '../support/harness.ts'
import { OpenStackApi, type Service } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { connectDirectly, type Direct, passwordOf } from './direct.ts'

const target = (kind: string, spec: object = {}) => ({ path: { kind, name: 's1.tiny' }, spec, status: {}, targets: {} }) as unknown as Other

/** What an operator of OpenStack meets sooner or later, adapter against services. */
describe.skipIf((await lackingForOpenStack()) !== undefined)('corners of OpenStack', () => {
  let cloud: OpenStack
  let api: OpenStackApi
  let admin: OpenStackApi
  let direct: Direct
  let network: Other

  beforeAll(async () => {
    cloud = await startOpenStack({ progress: createProgress(process.stdout) })
    api = new OpenStackApi(cloud.demo)
    admin = new OpenStackApi(cloud.admin)
    direct = login('public')
    network = await direct.make(direct.desired('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' } }))
  }, 600_000)
  afterAll(async () => {
    await direct?.connection.close()
    await cloud?.stop()
  })

  const login = (externalNetwork: string) =>
    connectDirectly({ user: cloud.demo, credentials: passwordOf(cloud.demo), settings: { externalNetwork } })
  const post = async (who: OpenStackApi, service: Service, path: string, body: object) =>
    Object.values(await who.call<Record<string, Native>>(service, { method: 'POST', path, body }))[0] as Native
  /** Another network that leads out. */
  const wayOut = async (name: string, cidr: string) => {
    const made = await post(admin, 'network', '/networks', {
      network: { name, 'router:external': true, 'provider:network_type': 'vxlan' },
    })
    await post(admin, 'network', '/subnets', { subnet: { network_id: made.id, ip_version: 4, cidr, enable_dhcp: false } })
    return made.id
  }
  /** Tables are known to be of one network by their tags. */
  const table = (name: string, routes: readonly object[] = [], targets: Desired['targets'] = {}): Desired => {
    const one = direct.desired('RouteTable', name, { routes }, { parent: network, targets })
    const tag = one.tag.replace('/routetables/', '/networks/net/route-tables/')
    return { ...one, tag, tagKey: tagKey(tag), path: { ...one.path, parent: 'net' } }
  }

  it('a second table of a network is refused before anything is made', { timeout: 120_000 }, async () => {
    const first = table('first')
    await direct.make(first)
    await expect(direct.adapter('RouteTable').create(table('second'), direct.context)).rejects.toMatchObject({
      failure: 'unsupported',
      message: expect.stringContaining('network net has route table first already'),
    })
    expect(await api.list('network', '/routers')).toHaveLength(1)
    await direct.remove(first)
  })

  it('a gateway that somebody moved to another network comes back', { timeout: 120_000 }, async () => {
    const other = await wayOut('other', '198.51.100.0/24')
    const route = { destinationCidrBlock: '0.0.0.0/0', targetRef: { resource: 'internet-gateways/internet' } }
    const wanted = table('out', [route], { 'routes[0].targetRef': target('InternetGateway', { egressOnly: false }) })
    const { externalId: id = '' } = await direct.make(wanted)
    const outside = async () =>
      (await api.call<{ router: Native }>('network', { method: 'GET', path: `/routers/${id}` })).router['external_gateway_info']
    const before = await outside()
    const body = { router: { external_gateway_info: { network_id: other } } }
    await api.call('network', { method: 'PUT', path: `/routers/${id}`, body })
    expect((await direct.observe(wanted))?.drift).toEqual(['routes'])
    await direct.settle(wanted)
    expect(await outside()).toMatchObject({ network_id: (before as { network_id: string }).network_id })
    await direct.remove(wanted)
  })

  it('public IPs: none of IPv6, and words when none is left', { timeout: 120_000 }, async () => {
    await expect(
      direct.adapter('PublicIp').create(direct.desired('PublicIp', 'six', { version: 'IPv6' }), direct.context),
    ).rejects.toMatchObject({ failure: 'unsupported', message: expect.stringContaining('public IPs of IPv4 only') })
    await wayOut('tiny', '198.51.101.0/30')
    const small = login('tiny')
    const ips = ['a', 'b'].map((name) => small.desired('PublicIp', name, { version: 'IPv4' }))
    await small.make(ips[0] as Desired)
    await expect(small.adapter('PublicIp').create(ips[1] as Desired, small.context)).rejects.toMatchObject({ failure: 'quota' })
    await small.remove(ips[0] as Desired)
    await small.connection.close()
  })

  it('labels of any key, and servers that somebody made to hold', { timeout: 300_000 }, async () => {
    const [image] = await api.list('image', '/images?name=debian-12')
    const labels = { 'example.com/team': 'blå', 'seca.tag': 'of somebody else', équipe: 'x', app: 'web' }
    const source = { ...target('Image'), externalId: image?.id }
    const boot = direct.desired(
      'BlockStorage',
      'boot',
      { sizeGB: 1, sourceImageRef: { resource: 'x' } },
      { targets: { sourceImageRef: source }, labels },
    )
    const volume = await direct.make(boot)
    const spec = { skuRef: { resource: 'x' }, bootVolume: { deviceRef: { resource: 'x' } }, powerState: 'on' }
    const targets = { skuRef: target('InstanceSku', { vCPU: 1, ram: 1 }), 'bootVolume.deviceRef': volume }
    const vm = direct.desired('Instance', 'vm', spec, { targets, labels })
    const { externalId: id = '' } = await direct.make(vm)
    const server = async () => (await api.call<{ server: Native }>('compute', { method: 'GET', path: `/servers/${id}` })).server
    expect((await server())['metadata']).toMatchObject({ 'seca.tag': vm.tag, 'example.com:2fteam': 'blå' })
    for (const [verb, status] of [
      ['pause', 'PAUSED'],
      ['suspend', 'SUSPENDED'],
      ['shelve', 'SHELVED_OFFLOADED'],
    ] as const) {
      await admin.call('compute', { method: 'POST', path: `/servers/${id}/action`, body: { [verb]: null } })
      await eventually(async () => expect(await server()).toMatchObject({ status, 'OS-EXT-STS:task_state': null }))
      expect(await direct.observe(vm)).toMatchObject({ status: { powerState: 'off' }, drift: ['powerState'] })
      await direct.settle(vm)
      expect(await server()).toMatchObject({ status: 'ACTIVE' })
    }
    await direct.remove(vm)
    await direct.remove(boot)
  })
})
