import type { Call, Reply } from '../../stand-in/call.ts'
import { type CloudObject, Refusal } from '../../stand-in/model.ts'
import type { IonosCloud } from './cloud.ts'
import { WIRE_TYPES } from './types.ts'
import { depthOf, paged } from './wire.ts'

/** What became of changes: `/requests`, `/requests/{id}` and its status. */
export function requestRoute(cloud: IonosCloud, { method, path: [, id, below], query }: Call): Reply {
  if (method !== 'GET') throw new Refusal(405, '300', 'Method not allowed')
  if (id === undefined) {
    const filters = Array.from(query).filter(([key]) => key.startsWith('filter.'))
    const all = Array.from(cloud.store.all('requests').values()).filter((one) =>
      filters.every(([key, value]) => isMet(cloud, one, key.slice(7), value)),
    )
    const form = (one: CloudObject) => (depthOf(query) > 0 ? whole(cloud, one) : { id: one.id, type: 'request', href: hrefOf(cloud, one) })
    return { status: 200, body: paged(all.toReversed(), query, cloud.switches.listCap, `${cloud.origin}/cloudapi/v6/requests`, form) }
  }
  const request = cloud.store.get(id)
  const isThere = request?.type === 'requests' && cloud.time >= request.createdAt + cloud.switches.requestAbsentMs
  if (!isThere) throw new Refusal(404, '309', 'Resource does not exist')
  return { status: 200, body: below === 'status' ? status(cloud, request) : whole(cloud, request) }
}

const hrefOf = (cloud: IonosCloud, { id }: CloudObject) => `${cloud.origin}/cloudapi/v6/requests/${id}`

function whole(cloud: IonosCloud, request: CloudObject) {
  const { method, url, body } = request.fields
  const metadata = {
    createdDate: new Date(request.createdAt).toISOString(),
    createdBy: 'user@example.com',
    etag: request.id,
    requestStatus: status(cloud, request),
  }
  return { id: request.id, type: 'request', href: hrefOf(cloud, request), metadata, properties: { method, headers: {}, body, url } }
}

function status(cloud: IonosCloud, request: CloudObject) {
  const is = cloud.statusOf(request)
  const { _about: about, _type: type } = request.fields
  const id = String(about).split('/').at(-1) ?? ''
  const target = { id, type: WIRE_TYPES[String(type)] ?? '', href: `${cloud.origin}/cloudapi/v6/${String(type)}/${id}` }
  const message = request.error ?? (is === 'DONE' ? 'Request has been successfully executed' : `Request is ${is.toLowerCase()}`)
  return {
    id: `${request.id}/status`,
    type: 'request-status',
    href: `${hrefOf(cloud, request)}/status`,
    metadata: { status: is, message, etag: request.id, targets: [{ target, status: is }] },
  }
}

function isMet(cloud: IonosCloud, request: CloudObject, key: string, value: string): boolean {
  if (key === 'createdAfter') return request.createdAt > Date.parse(`${value.replace(' ', 'T')}Z`)
  if (key === 'createdBefore') return request.createdAt < Date.parse(`${value.replace(' ', 'T')}Z`)
  if (key === 'requestStatus' || key === 'status') return cloud.statusOf(request) === value
  return String(request.fields[key] ?? '')
    .toLowerCase()
    .includes(value.toLowerCase())
}
