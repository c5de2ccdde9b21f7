import { createHash } from 'node:crypto'
import type { CloudObject, Fields } from '../../stand-in/model.ts'
import { sight } from '../../stand-in/sight.ts'
import type { IonosCloud } from './cloud.ts'
import { ENTITIES, WIRE_TYPES } from './types.ts'

const ROOT = '/cloudapi/v6'

/** Id as customers know it: LANs count from 1 in each data center. */
export const shownId = ({ id, type }: CloudObject): string => (type === 'lans' ? (id.split('/').at(-1) ?? '') : id)

/** Where an object is, below the root. */
export function hrefOf(cloud: IonosCloud, object: CloudObject): string {
  const parent = cloud.store.get(String(object.fields['_parent']))
  return `${parent ? hrefOf(cloud, parent) : ''}/${object.type}/${shownId(object)}`
}

const isoOf = (ms: number) => new Date(ms).toISOString()

export const reference = (cloud: IonosCloud, object: CloudObject) => ({
  id: shownId(object),
  type: WIRE_TYPES[object.type] ?? object.type,
  href: cloud.origin + ROOT + hrefOf(cloud, object),
})

/** An object as it is shown: its properties, and what lies in it as deep as was asked for. */
export function show(cloud: IonosCloud, object: CloudObject, depth = 0): Fields {
  const ref = reference(cloud, object)
  if (depth < 0) return ref
  const { createdAt, fields, type } = object
  const stamp = { createdDate: isoOf(createdAt), createdBy: 'user@example.com', createdByUserId: 'a' }
  const metadata = {
    etag: createHash('md5').update(JSON.stringify(fields)).digest('hex'),
    ...stamp,
    lastModifiedDate: isoOf(createdAt),
    lastModifiedBy: 'user@example.com',
    lastModifiedByUserId: 'a',
    state: stateOf(cloud, object),
  }
  const entities =
    depth === 0
      ? []
      : (ENTITIES[type] ?? []).map((name) => [name, collection(cloud, inside(cloud, object, name), depth - 2, ref.href, name)])
  return {
    ...ref,
    metadata,
    properties: propertiesOf(cloud, object),
    ...(entities.length === 0 ? {} : { entities: Object.fromEntries(entities) }),
  }
}

function collection(cloud: IonosCloud, objects: readonly CloudObject[], depth: number, href: string, name: string): Fields {
  return {
    id: `${href.split('/').at(-1)}/${name}`,
    type: 'collection',
    href: `${href}/${name}`,
    items: objects.map((one) => show(cloud, one, depth)),
  }
}

/** What lies in an object, or is attached to it. */
export function inside(cloud: IonosCloud, { id, fields }: CloudObject, name: string): readonly CloudObject[] {
  if (name === 'securitygroups' && Array.isArray(fields['_groups']))
    return (fields['_groups'] as readonly string[]).flatMap((group) => cloud.store.get(group) ?? [])
  const field =
    name === 'volumes' && cloud.store.get(id)?.type === 'servers'
      ? '_server'
      : name === 'nics' && cloud.store.get(id)?.type === 'lans'
        ? '_lan'
        : '_parent'
  return cloud.store.users(id).filter((one) => one.type === name && one.fields[field] === id && cloud.isVisible(one))
}

function stateOf(cloud: IonosCloud, object: CloudObject): string {
  if (cloud.openRequests(object.id).length > 0) return 'BUSY'
  return object.type === 'servers' && object.fields['vmState'] === 'SHUTOFF' ? 'INACTIVE' : 'AVAILABLE'
}

function propertiesOf(cloud: IonosCloud, object: CloudObject): Fields {
  const own = Object.fromEntries(Object.entries(object.fields).filter(([key]) => !key.startsWith('_')))
  const { type, fields } = object
  if (type === 'servers') {
    const boot = cloud.store.get(String(fields['_boot']))
    return { ...own, ...(boot ? { bootVolume: reference(cloud, boot) } : {}) }
  }
  // What can only be written.
  if (type === 'volumes') return { ...own, sshKeys: null, userData: null, imagePassword: null, bootServer: bootServerOf(cloud, object) }
  if (type === 'ipblocks') return { ...own, ipConsumers: consumersOf(cloud, own['ips'] as readonly string[]) }
  if (type === 'nics' && cloud.switches.shuffles) return { ...own, ips: (own['ips'] as readonly string[]).toReversed() }
  return own
}

const bootServerOf = (cloud: IonosCloud, { id }: CloudObject) =>
  cloud.store.users(id).find((one) => one.type === 'servers' && one.fields['_boot'] === id)?.id ?? null

/** NICs that have addresses of a block. */
function consumersOf(cloud: IonosCloud, ips: readonly string[]): readonly Fields[] {
  return Array.from(cloud.store.all('nics').values()).flatMap((nic) =>
    ((nic.fields['ips'] ?? []) as readonly string[])
      .filter((ip) => ips.includes(ip))
      .map((ip) => {
        const server = cloud.store.get(String(nic.fields['_parent']))
        const dc = cloud.store.get(String(server?.fields['_parent']))
        const names = { serverName: server?.name ?? '', datacenterName: dc?.name ?? '' }
        return { ip, mac: nic.fields['mac'], nicId: nic.id, serverId: server?.id ?? '', datacenterId: dc?.id ?? '', ...names }
      }),
  )
}

/** `offset`, `limit`, `depth` (0 = ids only) and `filter.<property>`, which asks for a part of it in any case, and finds nothing where there is no such property. */
export function listed(cloud: IonosCloud, type: string, parent: CloudObject | undefined, query: URLSearchParams, href: string): Fields {
  const view = sight(cloud, cloud.switches.listLagMs)
  const filters = Array.from(query).filter(([key]) => key.startsWith('filter.'))
  const matches = (object: CloudObject) => {
    const properties = propertiesOf(cloud, object)
    return filters.every(([key, part]) =>
      String(properties[key.slice(7)] ?? '')
        .toLowerCase()
        .includes(part.toLowerCase()),
    )
  }
  const isHere = (object: CloudObject) => parent === undefined || object.fields['_parent'] === parent.id
  const all = Array.from(view.all(type)).filter((object) => isHere(object) && cloud.isVisible(object) && matches(object))
  return paged(all, query, cloud.switches.listCap, cloud.origin + ROOT + href, (object) => show(cloud, object, depthOf(query) - 1))
}

export const depthOf = (query: URLSearchParams): number => Number(query.get('depth') ?? 0)

/** A page of a collection. */
export function paged<T>(all: readonly T[], query: URLSearchParams, cap: number, href: string, shown: (one: T) => unknown): Fields {
  const offset = Number(query.get('offset') ?? 0)
  const limit = Math.min(Number(query.get('limit') ?? 1_000), cap)
  const items = all.slice(offset, offset + limit).map(shown)
  const next = offset + limit < all.length ? { next: `${href}?offset=${offset + limit}&limit=${limit}` } : {}
  return { id: href.split('/').at(-1), type: 'collection', href, items, offset, limit, _links: { self: href, ...next } }
}
