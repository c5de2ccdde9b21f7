import type { Native } from '../../providers/openstack/native.ts'
import type { OpenStackApi, Service } from './api.ts'

const LISTS: readonly (readonly [service: Service, path: string])[] = [
  ['network', '/networks'],
  ['network', '/subnets'],
  ['network', '/routers'],
  ['network', '/ports'],
  ['network', '/floatingips'],
  ['network', '/security-groups'],
  ['volume', '/volumes/detail'],
  ['compute', '/servers/detail'],
  ['image', '/images?visibility=private'],
]

/** Everything in a project, by kind and id. */
export async function contentsOf(api: OpenStackApi): Promise<ReadonlyMap<string, Native>> {
  const project = await api.projectId()
  const found = new Map<string, Native>()
  for (const [service, path] of LISTS)
    for (const object of await api.list(service, service === 'network' ? `${path}?project_id=${project}` : path))
      found.set(`${path} ${object.id}`, object)
  return found
}

/** What somebody has in the project who knows nothing of us: a network with a router, a server with volume, port and address, and rules in the default group. */
export async function populate(api: OpenStackApi): Promise<void> {
  const post = async (service: Service, path: string, body: object) =>
    Object.values(await api.call<Record<string, Native>>(service, { method: 'POST', path, body }))[0] as Native
  const network_id = (await post('network', '/networks', { network: { name: 'old', description: 'of somebody else' } })).id
  const subnet = { name: 'old', network_id, ip_version: 4, cidr: '192.168.55.0/24' }
  const subnet_id = (await post('network', '/subnets', { subnet })).id
  const outside = (await api.list('network', '/networks?router:external=true'))[0]?.id
  const router = await post('network', '/routers', { router: { name: 'old', external_gateway_info: { network_id: outside } } })
  await api.call('network', { method: 'PUT', path: `/routers/${router.id}/add_router_interface`, body: { subnet_id } })
  const group = (await api.list('network', `/security-groups?name=default&project_id=${await api.projectId()}`))[0]?.id
  const rule = {
    security_group_id: group,
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: 'tcp',
    port_range_min: 22,
    port_range_max: 22,
  }
  await post('network', '/security-group-rules', { security_group_rule: rule })
  const port = await post('network', '/ports', { port: { name: 'old', network_id } })
  await post('network', '/floatingips', { floatingip: { floating_network_id: outside, port_id: port.id } })
  await post('volume', '/volumes', { volume: { name: 'old', size: 1 } })
}
