import type { Native } from '../../../providers/openstack/native.ts'
import { OpenStackApi, type Service } from '../api.ts'
import { PASSWORD, type Ports, REGION_NAME, urlOf } from './config.ts'

/** What the catalogue calls the services. */
export const CATALOG = [
  ['identity', 'keystone', '/v3'],
  ['image', 'glance', ''],
  ['placement', 'placement', ''],
  ['compute', 'nova', '/v2.1'],
  ['network', 'neutron', ''],
  ['volumev3', 'cinder', '/v3'],
  ['block-storage', 'cinder', '/v3'],
] as const

export const administratorOf = (ports: Ports) =>
  new OpenStackApi({ authUrl: `${urlOf(ports, 'keystone')}/v3`, username: 'admin', password: PASSWORD, project: 'admin' })

/** The services' own user, the catalogue, and a project with a member. */
export async function seedIdentity(ports: Ports): Promise<void> {
  const api = administratorOf(ports)
  const post = <T = Record<string, Native>>(path: string, body: object) => api.call<T>('identity', { method: 'POST', path, body })
  const roles = new Map((await api.list('identity', '/roles')).map((role) => [String(role['name']), role.id]))
  for (const name of ['service', 'member', 'reader'])
    if (!roles.has(name)) roles.set(name, (await post('/roles', { role: { name } }))['role']?.id ?? '')
  const user = async (name: string, project: string, given: readonly string[]) => {
    const at = (await post('/projects', { project: { name: project, domain_id: 'default' } }))['project']?.id ?? ''
    const who = (await post('/users', { user: { name, domain_id: 'default', password: PASSWORD } }))['user']?.id ?? ''
    for (const role of given)
      await api.call('identity', { method: 'PUT', path: `/projects/${at}/users/${who}/roles/${roles.get(role) ?? ''}` })
  }
  await user('svc', 'service', ['admin', 'service'])
  await user('demo', 'demo', ['member'])
  // The first is there from the start.
  for (const [type, name, path] of CATALOG.slice(1)) {
    const service_id = (await post('/services', { service: { type, name } }))['service']?.id
    for (const kind of ['public', 'internal', 'admin'])
      await post('/endpoints', { endpoint: { service_id, interface: kind, url: urlOf(ports, name) + path, region_id: REGION_NAME } })
  }
}

/** Sizes without a disk of the host: they boot from volumes, as SECA's instances do. The last one fits on no host. */
const FLAVORS = [
  ['s1.tiny', 1, 1024, 0],
  ['s1.small', 2, 4096, 0],
  ['s1.medium', 4, 8192, 0],
  ['s1.large', 8, 16_384, 0],
  ['l1.small', 2, 4096, 40],
  ['x1.impossible', 4096, 16_777_216, 40],
] as const

const MIB = 1024 * 1024

/** Flavors, volume types (those of `broken` end in error), an image, and the way out. */
export async function seedResources(ports: Ports): Promise<void> {
  const api = administratorOf(ports)
  const post = <T = Record<string, Native>>(service: Service, path: string, body: object) =>
    api.call<T>(service, { method: 'POST', path, body })
  for (const [name, vcpus, ram, disk] of FLAVORS) await post('compute', '/flavors', { flavor: { name, vcpus, ram, disk } })
  for (const [name, back] of [
    ['standard', 'fake'],
    ['fast', 'fake'],
    ['broken', 'none'],
  ] as const)
    await post('volume', '/types', { volume_type: { name, extra_specs: { volume_backend_name: back } } })
  const image = await post<Native>('image', '/images', {
    name: 'debian-12',
    disk_format: 'raw',
    container_format: 'bare',
    visibility: 'public',
    min_disk: 1,
    architecture: 'x86_64',
  })
  await api.upload(`/images/${image.id}/file`, Buffer.alloc(MIB))
  // What the migrations that were left out would have put there.
  for (const ethertype of ['IPv4', 'IPv6']) {
    const rule = (more: object) => post('network', '/default-security-group-rules', { default_security_group_rule: { ethertype, ...more } })
    await rule({ direction: 'egress', used_in_default_sg: true, used_in_non_default_sg: true })
    await rule({ direction: 'ingress', remote_group_id: 'PARENT', used_in_default_sg: true, used_in_non_default_sg: false })
  }
  const outside = { name: 'public', 'router:external': true, 'provider:network_type': 'flat', 'provider:physical_network': 'public' }
  const network_id = (await post('network', '/networks', { network: outside }))['network']?.id
  for (const subnet of [
    { name: 'public4', ip_version: 4, cidr: '203.0.113.0/24', gateway_ip: '203.0.113.1' },
    { name: 'public6', ip_version: 6, cidr: '2001:db8::/64' },
  ])
    await post('network', '/subnets', { subnet: { ...subnet, network_id, enable_dhcp: false } })
}
