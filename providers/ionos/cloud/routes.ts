import type { Call, Reply } from '../../stand-in/call.ts'
import { type CloudObject, Refusal } from '../../stand-in/model.ts'
import { sight } from '../../stand-in/sight.ts'
import { plan, planAction, planChange, planDeletion, type Plan, volumeNamed } from './changes.ts'
import type { IonosCloud } from './cloud.ts'
import { labelRoute, labelsOfAll } from './labels.ts'
import { readOnlyRoute } from './read-only.ts'
import { requestRoute } from './requests.ts'
import { PLACES } from './types.ts'
import { depthOf, hrefOf, inside, listed, paged, show } from './wire.ts'

type Body = Parameters<typeof plan>[3]

const missing = (path: readonly string[]) => new Refusal(404, '309', `Resource does not exist: /${path.join('/')}`)

/** A call below `/cloudapi/v6`. */
export function route(cloud: IonosCloud, call: Call): Reply {
  const { path, method } = call
  const last = path.at(-1) ?? ''
  const special = readOnlyRoute(cloud, call) ?? (path[0] === 'requests' ? requestRoute(cloud, call) : undefined)
  if (special) return special
  if (path[0] === 'labels') return labelsOfAll(cloud, call)
  const isCollection = path.length % 2 === 1
  const type = PLACES[patternOf(isCollection ? path : path.slice(0, -1))]
  if (type !== undefined) {
    const parent = isCollection ? parentOf(cloud, path, method) : undefined
    if (isCollection) return collectionRoute(cloud, call, type, parent)
    return objectRoute(cloud, call, find(cloud, path, method))
  }
  const below = path.findLastIndex((segment) => segment === 'labels')
  if (below > 0) return labelRoute(cloud, call, find(cloud, path.slice(0, below), method), path[below + 1])
  const owner = find(cloud, path.slice(0, isCollection ? -1 : -2), method)
  if (owner.type === 'servers' && isCollection && method === 'POST' && /^(start|stop|reboot|suspend|resume)$/.test(last))
    return accepted(
      cloud,
      call,
      { targets: [owner], done: planAction(owner, last), failed: [] },
      last === 'reboot' ? 'restart' : last === 'stop' ? 'stop' : 'start',
    )
  if (owner.type === 'servers' && path.includes('volumes')) return attachmentRoute(cloud, call, owner, isCollection ? undefined : last)
  if (owner.type === 'volumes' && last === 'create-snapshot' && method === 'POST') return snapshotRoute(cloud, call, owner)
  if (['servers', 'nics'].includes(owner.type) && last === 'securitygroups') return groupsRoute(cloud, call, owner)
  if (owner.type === 'lans' && last === 'nics' && method === 'GET') {
    const all = inside(cloud, owner, 'nics')
    return {
      status: 200,
      body: paged(all, call.query, cloud.switches.listCap, hrefOf(cloud, owner), (one) => show(cloud, one, depthOf(call.query) - 1)),
    }
  }
  throw missing(path)
}

const patternOf = (path: readonly string[]) => path.map((segment, index) => (index % 2 === 0 ? segment : '*')).join('/')

function parentOf(cloud: IonosCloud, path: readonly string[], method: string): CloudObject | undefined {
  return path.length === 1 ? undefined : find(cloud, path.slice(0, -1), method)
}

/** The object at a path, as a reader sees it or, for who writes, as it is. */
function find(cloud: IonosCloud, path: readonly string[], method: string): CloudObject {
  const parent = path.length === 2 ? undefined : find(cloud, path.slice(0, -2), method)
  const [type = '', segment = ''] = path.slice(-2)
  const id = type === 'lans' ? `${parent?.id}/lans/${segment}` : segment
  const object = method === 'GET' ? sight(cloud, cloud.switches.readLagMs).find(id) : cloud.store.get(id)
  const isHere = object !== undefined && object.type === type && (parent === undefined || object.fields['_parent'] === parent.id)
  if (!isHere || !cloud.isVisible(object)) throw missing(path)
  return object
}

function accepted(
  cloud: IonosCloud,
  call: Call,
  { targets, done, failed, fails }: Plan,
  action: Parameters<IonosCloud['accept']>[0]['action'],
): Reply {
  const [first] = targets
  const url = `/cloudapi/v6/${call.path.join('/')}`
  const id = cloud.accept({ method: call.method, url, body: call.body, targets, action, done, failed, fails })
  const headers = { location: `${cloud.origin}/cloudapi/v6/requests/${id}/status` }
  const now = first && (cloud.store.get(first.id) ?? first)
  return {
    status: 202,
    headers,
    ...(call.method === 'DELETE' || action === 'restart' || !now ? {} : { body: show(cloud, now, depthOf(call.query)) }),
  }
}

function collectionRoute(cloud: IonosCloud, call: Call, type: string, parent: CloudObject | undefined): Reply {
  if (call.method === 'GET') return { status: 200, body: listed(cloud, type, parent, call.query, `/${call.path.join('/')}`) }
  if (call.method !== 'POST' || type === 'snapshots') throw notAllowed()
  return accepted(cloud, call, plan(cloud, type, parent, call.body as Body), 'create')
}

function objectRoute(cloud: IonosCloud, call: Call, object: CloudObject): Reply {
  const { method, query } = call
  if (method === 'GET') return { status: 200, body: show(cloud, object, depthOf(query)) }
  if (object.fields['_managed'] === true) throw new Refusal(403, '452', 'The resource is managed by Kubernetes')
  if (method === 'PATCH') return accepted(cloud, call, planChange(cloud, object, call.body), 'change')
  if (method === 'PUT') return accepted(cloud, call, planChange(cloud, object, (call.body as Body).properties), 'change')
  if (method !== 'DELETE') throw notAllowed()
  if (object.fields['_protected'] === true)
    throw new Refusal(403, '200', `${object.type} ${object.id} is delete-protected by a managed service`)
  return accepted(cloud, call, planDeletion(cloud, object, query.get('deleteVolumes') === 'true'), 'delete')
}

/** Volumes below a server: attached by their id alone, or made there. */
function attachmentRoute(cloud: IonosCloud, call: Call, server: CloudObject, id: string | undefined): Reply {
  const attached = inside(cloud, server, 'volumes')
  if (id === undefined && call.method === 'GET')
    return {
      status: 200,
      body: paged(attached, call.query, cloud.switches.listCap, hrefOf(cloud, server), (one) => show(cloud, one, depthOf(call.query) - 1)),
    }
  if (id === undefined && call.method === 'POST') {
    const dc = cloud.store.get(String(server.fields['_parent']))
    const { id: named } = call.body as Body
    if (named === undefined) {
      const made = plan(cloud, 'volumes', dc, call.body as Body)
      return accepted(
        cloud,
        call,
        { ...made, done: [...made.done, { id: made.targets[0]?.id ?? '', fields: { _server: server.id } }] },
        'create',
      )
    }
    const volume = volumeNamed(cloud, dc, server.id, call.body as Body)
    return accepted(cloud, call, { targets: [volume, server], done: [{ id: named, fields: { _server: server.id } }], failed: [] }, 'change')
  }
  const volume = attached.find((one) => one.id === id)
  if (volume === undefined) throw missing(call.path)
  if (call.method === 'GET') return { status: 200, body: show(cloud, volume, depthOf(call.query)) }
  if (call.method !== 'DELETE') throw notAllowed()
  const wasBoot = server.fields['_boot'] === volume.id ? [{ id: server.id, fields: { _boot: null } }] : []
  return accepted(
    cloud,
    call,
    { targets: [volume, server], done: [{ id: volume.id, fields: { _server: null } }, ...wasBoot], failed: [] },
    'change',
  )
}

function snapshotRoute(cloud: IonosCloud, call: Call, volume: CloudObject): Reply {
  const { name = '', description = '', licenceType = 'LINUX' } = call.body as Readonly<Record<string, string>>
  const fails = cloud.full('snapshots')
  const dc = cloud.store.get(String(volume.fields['_parent']))
  const fields = { name, description, licenceType, size: volume.fields['size'], location: dc?.fields['location'], _datacenter: dc?.id }
  const snapshot = cloud.draft('snapshots', fields)
  const done = [{ id: snapshot.id, stamp: '_builtAt' }]
  return accepted(cloud, call, { targets: [snapshot], done, failed: [{ id: snapshot.id, gone: true }], fails }, 'create')
}

/** Groups of a NIC or a server: the whole list is replaced. */
function groupsRoute(cloud: IonosCloud, call: Call, owner: CloudObject): Reply {
  const shown = (object: CloudObject) =>
    paged(inside(cloud, object, 'securitygroups'), call.query, cloud.switches.listCap, hrefOf(cloud, owner), (one) =>
      show(cloud, one, depthOf(call.query) - 1),
    )
  if (call.method === 'GET') return { status: 200, body: shown(owner) }
  if (call.method !== 'PUT') throw notAllowed()
  const ids = ((call.body as { items?: readonly { id: string }[] }).items ?? []).map(({ id }) => id)
  if (ids.length > 10) throw new Refusal(422, '100', 'no more than 10 security groups per resource')
  const unknown = ids.find((id) => cloud.store.get(id)?.type !== 'securitygroups')
  if (unknown !== undefined) throw new Refusal(422, '100', `security group ${unknown} does not exist`)
  return {
    ...accepted(cloud, call, { targets: [owner], done: [{ id: owner.id, fields: { _groups: ids } }], failed: [] }, 'change'),
    body: shown(owner),
  }
}

const notAllowed = () => new Refusal(405, '300', 'Method not allowed')
