import type { Action, Cloud } from './cloud.ts'
import { type CloudObject, type Fields, Refusal } from './model.ts'

export interface Call {
  readonly method: string
  /** Path segments below `/v1` or `/admin`. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
}

export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const PAGE_DEFAULT = 100
const PAGE_LIMIT = 500

/** The customers' API, below `/v1`. */
export function customerRoute(cloud: Cloud, call: Call): Reply {
  const [type = '', id, action, ...more] = call.path
  if (type === 'account' && id === undefined && call.method === 'GET') return { status: 200, body: { name: 'default' } }
  if (!cloud.store.types.includes(type)) throw new Refusal(404, 'no_such_type', `there is no ${type} here`)
  if (more.length > 0) throw new Refusal(404, 'not_found', 'no such path')
  if (id === undefined) {
    if (call.method === 'GET') return { status: 200, body: page(cloud, type, call.query) }
    if (call.method === 'POST') {
      const { object, isNew } = cloud.create(type, call.body, 'api')
      return { status: isNew ? 202 : 200, body: cloud.show(object) }
    }
  } else if (cloud.find(id).type !== type) {
    throw new Refusal(404, 'not_found', `${id} is not among the ${type}`)
  } else if (action !== undefined) {
    if (call.method === 'POST' && isAction(action)) return { status: 202, body: cloud.show(cloud.act(id, action, call.body)) }
  } else {
    if (call.method === 'GET') return { status: 200, body: cloud.show(cloud.find(id)) }
    if (call.method === 'PATCH') return { status: 202, body: cloud.show(cloud.change(id, call.body, 'api')) }
    if (call.method === 'DELETE') return { status: 202, body: cloud.show(cloud.delete(id)) }
  }
  throw new Refusal(405, 'method_not_allowed', `${call.method} is not allowed here`)
}

function isAction(text: string): text is Action {
  return text === 'start' || text === 'stop' || text === 'restart'
}

/** Objects of a type: `tag` (exact, indexed), `tag_prefix`, `limit`, `cursor`. `next` is absent on the last page. */
function page(cloud: Cloud, type: string, query: URLSearchParams): { items: readonly Fields[]; next?: string } {
  const tag = query.get('tag')
  if (tag !== null) return { items: cloud.store.tagged(type, tag).map((object) => cloud.show(object)) }
  const limit = Math.min(Number(query.get('limit') ?? PAGE_DEFAULT), PAGE_LIMIT)
  const cursor = Number(query.get('cursor') ?? 0)
  if (!Number.isInteger(limit) || limit < 1 || !Number.isInteger(cursor))
    throw new Refusal(400, 'invalid', 'limit and cursor are whole numbers')
  const prefix = query.get('tag_prefix') ?? ''
  const found: CloudObject[] = []
  for (const object of cloud.store.all(type).values()) {
    if (object.seq <= cursor || !object.tag.startsWith(prefix)) continue
    found.push(object)
    if (found.length > limit) break
  }
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items: items.map((object) => cloud.show(object)), ...(found.length > limit && last ? { next: String(last.seq) } : {}) }
}
