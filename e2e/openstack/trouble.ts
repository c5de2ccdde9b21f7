import { setTimeout as sleep } from 'node:timers/promises'
import type { Trouble } from '../../src/provider/testkit.ts'
import { tagKey } from '../../src/provider/tags.ts'
import type { Native } from '../../providers/openstack/native.ts'
import type { OpenStackApi } from './api.ts'
import type { Fault, Faults } from './faults.ts'

const NEUTRON: Readonly<Record<string, readonly [path: string, singular: string]>> = {
  Network: ['networks', 'network'],
  Subnet: ['subnets', 'subnet'],
  RouteTable: ['routers', 'router'],
  SecurityGroup: ['security-groups', 'security_group'],
  PublicIp: ['floatingips', 'floatingip'],
  Nic: ['ports', 'port'],
}

/** What somebody else may do to objects in the cloud's own console, kind by kind. */
export function troubleOf(api: OpenStackApi): Required<Pick<Trouble, 'deleteBehind' | 'changeBehind' | 'retag'>> {
  const put = (kind: string, id: string, fields: object) => {
    const [path = '', singular = ''] = NEUTRON[kind] ?? []
    return api.call('network', { method: 'PUT', path: `/${path}/${id}`, body: { [singular]: fields } })
  }
  const get = async (kind: string, id: string): Promise<Native> => {
    const [path = '', singular = ''] = NEUTRON[kind] ?? []
    return (await api.call<Record<string, Native>>('network', { method: 'GET', path: `/${path}/${id}` }))[singular] as Native
  }
  const leaveRouter = async (subnet: string) => {
    for (const port of await api.list('network', `/ports?fixed_ips=subnet_id%3D${subnet}&device_owner=network:router_interface`))
      await api.call('network', {
        method: 'PUT',
        path: `/routers/${String(port['device_id'])}/remove_router_interface`,
        body: { subnet_id: subnet },
      })
  }
  const untilGone = async (path: string, service: 'volume' | 'compute') => {
    while (
      await api.call(service, { method: 'GET', path }).then(
        () => true,
        () => false,
      )
    )
      await sleep(200)
  }
  /** Both halves of a subnet. */
  const halves = async (id: string) => {
    const { description, network_id: network } = await get('Subnet', id)
    return api.list('network', `/subnets?network_id=${String(network)}&description=${encodeURIComponent(String(description))}`)
  }
  /** The tag alone: labels beside it stay. */
  const metadata = async (service: 'volume' | 'compute', path: string, tag: string) => {
    const at = `${path}/metadata`
    const { metadata: has } = await api.call<{ metadata: Readonly<Record<string, string>> }>(service, { method: 'GET', path: at })
    const { 'seca.tag': _tag, ...rest } = has
    await api.call(service, { method: 'PUT', path: at, body: { metadata: { ...rest, ...(tag === '' ? {} : { 'seca.tag': tag }) } } })
  }
  const patch = (id: string, body: object) =>
    api.call('image', { method: 'PATCH', path: `/images/${id}`, body, type: 'application/openstack-images-v2.1-json-patch' })
  return {
    async deleteBehind(kind, id) {
      if (kind === 'BlockStorage') return api.delete('volume', `/volumes/${id}`).then(() => untilGone(`/volumes/${id}`, 'volume'))
      if (kind === 'Image') return api.delete('image', `/images/${id}`)
      if (kind === 'Instance') return api.delete('compute', `/servers/${id}`).then(() => untilGone(`/servers/${id}`, 'compute'))
      const ids = kind === 'Subnet' ? (await halves(id)).map((half) => half.id) : [id]
      for (const one of ids) {
        if (kind === 'Subnet') await leaveRouter(one)
        await api.delete('network', `/${NEUTRON[kind]?.[0] ?? ''}/${one}`)
      }
    },
    async changeBehind(kind, id) {
      if (kind === 'BlockStorage') await api.call('volume', { method: 'DELETE', path: `/volumes/${id}/metadata/suite` })
      if (kind === 'Image') await patch(id, [{ op: 'replace', path: '/architecture', value: 's390x' }])
      if (kind === 'Instance') {
        await api.call('compute', { method: 'POST', path: `/servers/${id}/action`, body: { 'os-start': null } })
        const isOn = async () => {
          const { server } = await api.call<{ server: Native }>('compute', { method: 'GET', path: `/servers/${id}` })
          return server['status'] === 'ACTIVE' && server['OS-EXT-STS:task_state'] === null
        }
        while (!(await isOn())) await sleep(200)
      }
      if (kind === 'RouteTable') await put(kind, id, { external_gateway_info: {} })
      if (kind === 'Subnet') await leaveRouter(id)
      if (kind === 'Nic') await put(kind, id, { security_groups: [(await api.list('network', '/security-groups?name=default'))[0]?.id] })
      if (kind === 'SecurityGroup')
        for (const rule of await api.list('network', `/security-group-rules?security_group_id=${id}`))
          await api.delete('network', `/security-group-rules/${rule.id}`)
    },
    async retag(kind, id, tag) {
      if (kind === 'BlockStorage') return void (await metadata('volume', `/volumes/${id}`, tag))
      if (kind === 'Image') {
        const key = tag === '' ? [{ op: 'remove', path: '/seca_tag' }] : [{ op: 'add', path: '/seca_tag', value: tag }]
        return void (await patch(id, key))
      }
      if (kind === 'Instance') {
        await api.call('compute', { method: 'PUT', path: `/servers/${id}/tags`, body: { tags: tag === '' ? [] : [tagKey(tag)] } })
        return void (await metadata('compute', `/servers/${id}`, tag))
      }
      for (const one of kind === 'Subnet' ? (await halves(id)).map((half) => half.id) : [id])
        await put(kind, one, { description: tag === '' ? '' : `${tag} ${tagKey(tag).slice(0, 8)}` })
    },
  }
}

/** Where objects of a kind are made. */
const MAKES: Readonly<Record<string, RegExp>> = {
  BlockStorage: /\/volumes$/,
  Image: /\/volumes\/[^/]+\/action$/,
  Instance: /\/servers$/,
  ...Object.fromEntries(Object.entries(NEUTRON).map(([kind, [path]]) => [kind, new RegExp(`/${path}$`)])),
}

/** What may happen between us and the cloud. */
export function networkTrouble(faults: Faults): Required<Pick<Trouble, 'throttled' | 'silent' | 'dropNextCreate'>> {
  const during = async (fault: Fault, work: () => Promise<void>) => work().finally(faults.add(fault))
  return {
    throttled: (work) => during({ effect: { status: 429, headers: { 'retry-after': '7' } } }, work),
    silent: (work) => during({ effect: 'hang' }, work),
    async dropNextCreate(kind) {
      faults.add({ method: 'POST', path: MAKES[kind] ?? /^$/, times: 1, effect: 'lose' })
    },
  }
}
