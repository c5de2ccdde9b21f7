import type { Call, Reply } from '../../stand-in/call.ts'
import { sight } from '../../stand-in/sight.ts'
import { CATALOGUE, PUBLIC_TEMPLATES } from './catalogue.ts'
import { publicFacts } from './characters.ts'
import type { Action, Cloud } from './cloud.ts'
import { type CloudObject, type Fields, Refusal } from '../../stand-in/model.ts'
import { parentOf } from './parts.ts'
import { show } from './sight.ts'

const PAGE_DEFAULT = 100
const PAGE_LIMIT = 500

/** The customers' API, below `/v1`. */
export function customerRoute(cloud: Cloud, call: Call): Reply {
  const [type = '', id, below, ...more] = call.path
  if (id === undefined && call.method === 'GET') {
    if (type === 'account') return { status: 200, body: { name: cloud.account, character: publicFacts(cloud.switches) } }
    if (type === 'catalogue') return { status: 200, body: CATALOGUE }
  }
  cloud.type(type)
  if (id !== undefined && below !== undefined && parentOf(cloud, below) === type) return partRoute(cloud, call, id, below, more)
  if (more.length > 0) throw new Refusal(404, 'not_found', 'no such path')
  if (parentOf(cloud, type) !== undefined && call.method !== 'GET')
    throw new Refusal(405, 'method_not_allowed', `${type} are made, changed and deleted in their ${parentOf(cloud, type)}`)
  if (id === undefined) return collectionRoute(cloud, call, type)
  return objectRoute(cloud, call, type, id, below)
}

function collectionRoute(cloud: Cloud, call: Call, type: string): Reply {
  if (call.method === 'GET') return { status: 200, body: page(cloud, type, call.query) }
  if (call.method !== 'POST') throw notAllowed(call)
  const { object, isNew } = cloud.create(type, call.body, 'api')
  return { status: isNew ? 202 : 200, body: show(cloud, object) }
}

function objectRoute(cloud: Cloud, call: Call, type: string, id: string, action?: string): Reply {
  const view = sight(cloud, cloud.switches.readLagMs)
  const object = call.method === 'GET' ? (view.find(id) ?? PUBLIC_TEMPLATES.get(id)) : cloud.find(id)
  if (!object) throw new Refusal(404, 'not_found', `${id} does not exist`)
  if (object.type !== type) throw new Refusal(404, 'not_found', `${id} is not among the ${type}`)
  if (action !== undefined) {
    if (call.method === 'POST' && isAction(action)) return { status: 202, body: show(cloud, cloud.act(id, action, call.body)) }
  } else {
    if (call.method === 'GET') return { status: 200, body: show(cloud, object, view.find) }
    if (call.method === 'PATCH') return { status: 202, body: show(cloud, cloud.change(id, call.body, 'api')) }
    const withVolumes = cloud.switches.parts && call.query.get('delete_volumes') === 'true'
    if (call.method === 'DELETE') return { status: 202, body: show(cloud, cloud.delete(id, withVolumes)) }
  }
  throw notAllowed(call)
}

/** What lives in a server: `/servers/<id>/ports`, `/servers/<id>/ports/<id>`. */
function partRoute(cloud: Cloud, call: Call, parent: string, type: string, [id, ...more]: readonly string[]): Reply {
  if (more.length > 0) throw new Refusal(404, 'not_found', 'no such path')
  const lagMs = id === undefined ? cloud.switches.listLagMs : cloud.switches.readLagMs
  const find = (one: string) => (call.method === 'GET' ? sight(cloud, lagMs).find(one) : cloud.find(one))
  if (find(parent)?.type !== parentOf(cloud, type)) throw new Refusal(404, 'not_found', `${parent} does not exist`)
  if (id !== undefined) {
    if (find(id)?.fields['server'] !== parent) throw new Refusal(404, 'not_found', `${id} is not in ${parent}`)
    return objectRoute(cloud, call, type, id)
  }
  if (call.method === 'GET') return { status: 200, body: page(cloud, type, call.query, (object) => object.fields['server'] === parent) }
  if (call.method !== 'POST') throw notAllowed(call)
  cloud.refuseBusy(cloud.find(parent))
  return collectionRoute(cloud, { ...call, body: { ...(call.body as object), server: parent } }, type)
}

function notAllowed({ method }: Call): Refusal {
  return new Refusal(405, 'method_not_allowed', `${method} is not allowed here`)
}

function isAction(text: string): text is Action {
  return text === 'start' || text === 'stop' || text === 'restart'
}

/** Objects of a type: `tag` or `key` (exact, indexed), `tag_prefix`, `owner`, `public`, `limit`, `cursor`. `next` is absent on the last page. */
function page(
  cloud: Cloud,
  type: string,
  query: URLSearchParams,
  isIn: (object: CloudObject) => boolean = () => true,
): { items: readonly Fields[]; next?: string } {
  const view = sight(cloud, cloud.switches.listLagMs)
  const by = cloud.switches.shortTags ? 'key' : 'tag'
  const owner = query.get('owner')
  const shown = (object: CloudObject) => show(cloud, object, view.find)
  for (const other of cloud.switches.shortTags ? ['tag', 'tag_prefix'] : ['key', 'owner'])
    if (query.has(other)) throw new Refusal(422, 'invalid', `${other}: this cloud has no such thing`)
  const mark = query.get(by)
  if (mark !== null) return { items: view.marked(type, by, mark).filter(isIn).map(shown) }
  const limit = Math.min(Number(query.get('limit') ?? PAGE_DEFAULT), PAGE_LIMIT)
  const cursor = Number(query.get('cursor') ?? 0)
  if (!Number.isInteger(limit) || limit < 1 || !Number.isInteger(cursor))
    throw new Refusal(400, 'invalid', 'limit and cursor are whole numbers')
  const prefix = query.get('tag_prefix') ?? ''
  const isPublic = type === 'templates' && query.get('public') === 'true'
  const found: CloudObject[] = []
  for (const object of isPublic ? PUBLIC_TEMPLATES.values() : view.all(type)) {
    if (object.seq <= cursor || !object.tag.startsWith(prefix) || !isIn(object) || (owner !== null && object.owner !== owner)) continue
    found.push(object)
    if (found.length > limit) break
  }
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items: items.map(shown), ...(found.length > limit && last ? { next: String(last.seq) } : {}) }
}
