import type { Call, Reply } from '../../stand-in/call.ts'
import { type CloudObject, type Fields, Refusal } from '../../stand-in/model.ts'
import { sight } from '../../stand-in/sight.ts'
import type { Cloud } from './cloud.ts'
import { show } from './show.ts'
import { TYPES, typeOf } from './types.ts'

const PAGE = 100
const notFound = () => new Refusal(404, 'not_found', 'Not Found')
const notAllowed = () => new Refusal(405, 'method_not_allowed', 'Method Not Allowed')

/** Where a path leads. */
export interface Route {
  readonly type: string
  /** Ids of what it is in, by field. */
  readonly place: Fields
  readonly id?: string
  readonly verb?: string
}

/** Reads `projects/{p}/providers/Aruba.Network/vpcs/{v}/subnets/{s}`; undefined: there is no such path. */
export function routeOf(path: readonly string[]): Route | undefined {
  const [root, project, providers, service, ...rest] = path
  if (root !== 'projects') return undefined
  if (providers === undefined) return { type: root, place: {}, ...(project === undefined ? {} : { id: project }) }
  if (providers !== 'providers') return undefined
  return below(rest, service ?? '', { project }, undefined)
}

function below([type = '', id, ...rest]: readonly string[], service: string, place: Fields, parent: string | undefined): Route | undefined {
  const known = Object.hasOwn(TYPES, type) ? typeOf(type) : undefined
  if (known === undefined || known.service !== service || known.parent?.type !== parent) return undefined
  const [next, ...more] = rest
  if (id === undefined) return { type, place }
  if (next === undefined) return { type, place, id }
  const field = Object.values(TYPES).find((one) => one.parent?.type === type)?.parent?.field
  if (field !== undefined) return below(rest, service, { ...place, [field]: id }, type)
  return more.length === 0 ? { type, place, id, verb: next } : undefined
}

/** A customer's call to the API. */
export function serveApi(cloud: Cloud, call: Call): Reply {
  const route = routeOf(call.path)
  if (route === undefined) throw notFound()
  const { type, place, id, verb } = route
  for (const [field, outer] of Object.entries(place)) inPlace(cloud, String(outer), place, field)
  if (id === undefined) return collection(cloud, call, type, place)
  if (verb !== undefined) {
    if (call.method !== 'POST') throw notAllowed()
    known(cloud, type, place, id)
    return { status: 202, body: show(cloud, cloud.act(id, verb, call.body)) }
  }
  return one(cloud, call, type, place, id)
}

/** What a path leads through has to be there. */
function inPlace(cloud: Cloud, id: string, place: Fields, field: string): void {
  const object = cloud.store.get(id)
  const type = { project: 'projects', vpc: 'vpcs', group: 'securityGroups' }[field]
  if (object?.type !== type || (field !== 'project' && object?.fields['project'] !== place['project'])) throw notFound()
}

const isIn = (object: CloudObject | undefined, type: string, place: Fields): object is CloudObject =>
  object?.type === type && Object.entries(place).every(([field, id]) => object.fields[field] === id)

function known(cloud: Cloud, type: string, place: Fields, id: string): CloudObject {
  const object = cloud.store.get(id)
  if (!isIn(object, type, place)) throw notFound()
  return object
}

function collection(cloud: Cloud, call: Call, type: string, place: Fields): Reply {
  if (call.method === 'GET') return { status: 200, body: page(cloud, call, type, place) }
  if (call.method !== 'POST') throw notAllowed()
  // As it was in the first version, it makes servers without what is sent for the second.
  if (type === 'cloudServers' && call.query.get('api-version') !== '1.1') throw new Refusal(400, 'version', 'Unsupported API version')
  return { status: 201, body: show(cloud, cloud.create(type, place, call.body)) }
}

function one(cloud: Cloud, call: Call, type: string, place: Fields, id: string): Reply {
  if (call.method === 'GET') {
    const object = sight(cloud, cloud.switches.readLagMs).find(id)
    if (isIn(object, type, place)) return { status: 200, body: show(cloud, object) }
    const grave = cloud.grave(id)
    if (!isIn(grave, type, place)) throw notFound()
    return { status: 200, body: show(cloud, grave, undefined, 'Deleted') }
  }
  if (call.method === 'PUT') {
    known(cloud, type, place, id)
    const changed = show(cloud, cloud.change(id, call.body))
    if (type === 'elasticIps') return { status: 200 }
    return { status: typeOf(type).service === 'Aruba.Storage' ? 202 : 200, body: changed }
  }
  if (call.method !== 'DELETE') throw notAllowed()
  cloud.refuseGone(id)
  known(cloud, type, place, id)
  const gone = cloud.delete(id, call.query.get('deleteBootVolumeOnCascade') !== 'false')
  if (type === 'projects') return { status: 204 }
  return { status: 202, ...(typeOf(type).service === 'Aruba.Network' ? {} : { body: show(cloud, gone) }) }
}

function page(cloud: Cloud, call: Call, type: string, place: Fields) {
  const [offset, limit] = [Number(call.query.get('offset') ?? 0), Number(call.query.get('limit') ?? PAGE)]
  const seen = [...sight(cloud, cloud.switches.listLagMs).all(type)].filter((object) => isIn(object, type, place))
  const ids = new Set(seen.map(({ id }) => id))
  const graves = cloud.graves(type).filter((object) => isIn(object, type, place) && !ids.has(object.id))
  const all = [...seen.map((object) => show(cloud, object)), ...graves.map((object) => show(cloud, object, undefined, 'Deleted'))]
  const at = (from: number) => `${call.path.join('/')}?offset=${from}&limit=${limit}`
  return {
    total: all.length,
    self: at(offset),
    prev: offset > 0 ? at(Math.max(0, offset - limit)) : null,
    next: offset + limit < all.length ? at(offset + limit) : null,
    first: at(0),
    last: at(Math.max(0, all.length - 1)),
    values: all.slice(offset, offset + limit),
  }
}

/** For faults and counts: the collection that a path is about. */
export function collectionOf(path: readonly string[]): string {
  return routeOf(path)?.type ?? path[0] ?? ''
}
