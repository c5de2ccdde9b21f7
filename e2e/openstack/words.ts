import { parseTag } from '../../src/provider/tags.ts'
import type { Native } from '../../providers/openstack/native.ts'
import type { Service } from './api.ts'
import type { ServiceName } from './bed/config.ts'

/** A collection of OpenStack, under the name that tests of the engine have for its sort (the simulated cloud's). */
export interface Sort {
  readonly type: string
  readonly service: Service
  readonly host: ServiceName
  readonly path: string
  readonly list: string
  readonly singular: string
}

const neutron = (type: string, path: string, singular: string): Sort => ({
  type,
  service: 'network',
  host: 'neutron',
  path,
  list: path,
  singular,
})

export const SORTS: readonly Sort[] = [
  neutron('vpcs', '/networks', 'network'),
  neutron('segments', '/subnets', 'subnet'),
  neutron('routers', '/routers', 'router'),
  neutron('firewalls', '/security-groups', 'security_group'),
  neutron('ports', '/ports', 'port'),
  neutron('floating-ips', '/floatingips', 'floatingip'),
  { type: 'volumes', service: 'volume', host: 'cinder', path: '/volumes', list: '/volumes/detail', singular: 'volume' },
  { type: 'servers', service: 'compute', host: 'nova', path: '/servers', list: '/servers/detail', singular: 'server' },
  { type: 'templates', service: 'image', host: 'glance', path: '/images', list: '/images?visibility=private', singular: '' },
]

export const sortOf = (type: string): Sort => {
  const sort = SORTS.find((one) => one.type === type)
  if (sort === undefined) throw new Error(`OpenStack has nothing that is called ${type}`)
  return sort
}

/** Whose an object is: `''` of one that nobody marked. */
export function tagOf(object: Native): string {
  const [description = ''] = String(object['description'] ?? '').split(' ')
  const tag = String((object['metadata'] as Native | undefined)?.['seca.tag'] ?? object['seca_tag'] ?? description)
  return parseTag(tag) === undefined ? '' : tag
}

export function stateOf(object: Native): 'ready' | 'failed' | 'changing' {
  const status = String(object['status'] ?? 'ACTIVE').toLowerCase()
  if (status.startsWith('error')) return 'failed'
  const isStill = ['active', 'down', 'shutoff', 'available', 'in-use'].includes(status)
  return isStill && (object['OS-EXT-STS:task_state'] ?? null) === null ? 'ready' : 'changing'
}

const listIn = (object: Native, field: string): readonly Native[] => (object[field] ?? []) as readonly Native[]

/** Fields that tests of the engine look at, in their words. */
export function viewOf(type: string, object: Native, all: ReadonlyMap<string, readonly Native[]>): Record<string, unknown> {
  const { 'seca.tag': _tag, 'seca.incarnation': _incarnation, ...metadata } = (object['metadata'] ?? {}) as Record<string, string>
  const labels = Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith('seca.')))
  const attached = listIn(object, 'os-extended-volumes:volumes_attached').map(({ id }) => id)
  // In the order of their devices: a server boots from the first.
  const deviceOf = (id: string) =>
    String(listIn(all.get('volumes')?.find((one) => one.id === id) ?? { id }, 'attachments').at(0)?.['device'] ?? '')
  const [boot, ...data] = attached.toSorted((one, other) => (deviceOf(one) < deviceOf(other) ? -1 : 1))
  const fields: Readonly<Record<string, () => Record<string, unknown>>> = {
    volumes: () => ({ size_gb: object['size'], labels }),
    servers: () => ({
      power: object['OS-EXT-STS:power_state'] === 1 ? 'on' : 'off',
      boot_volume: boot,
      data_volumes: data,
      ports: (all.get('ports') ?? []).filter((port) => port['device_id'] === object.id).map(({ id }) => id),
      labels,
    }),
    ports: () => ({
      firewalls: object['security_groups'],
      floating_ips: (all.get('floating-ips') ?? []).filter((one) => one['port_id'] === object.id).map(({ id }) => id),
    }),
    firewalls: () => ({ rules: object['security_group_rules'] }),
    routers: () => ({ routes: object['routes'] }),
    segments: () => ({ ipv4: object['cidr'] }),
    'floating-ips': () => ({ address: object['floating_ip_address'] }),
  }
  return { id: object.id, type, name: object['name'], tag: tagOf(object), state: stateOf(object), ...fields[type]?.() }
}
