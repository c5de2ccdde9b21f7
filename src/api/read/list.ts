import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Resource } from '../../kinds/resource.ts'
import { keyOf } from '../../resolve/names.ts'
import { parseAccept, type Visibility } from './accept.ts'
import { Answer } from '../contract.ts'
import type { Context } from '../context.ts'
import { labelsOf, rendered } from '../render/envelope.ts'
import { listMetadata } from '../render/metadata.ts'
import { lowerBound } from '../../cache/order.ts'
import { parseLimit, parseSkipToken, single, skipToken } from './paging.ts'
import { parseSelector, type Selector } from './selector.ts'
import { turns } from '../turns.ts'
import { Effort } from './effort.ts'
import { builtIns, isHere, type Target } from '../path/target.ts'

/** What a LIST asks for. */
interface Query {
  readonly limit: number
  readonly after: string | undefined
  readonly selector: Selector | undefined
  readonly visibility: Visibility
}

/** A page, rendered. */
interface Page {
  /** Of a long page, what was rendered before the pauses, encoded: a string of it all would have to be made, and encoded, at once. */
  readonly before: readonly Buffer[]
  readonly items: string
  readonly skipToken: string | undefined
}

const compress = promisify(gzip)
/** Smaller answers are sent as they are. */
const COMPRESS_FROM = 16_384

/** A page of more text ends early: the next one goes on where it ended. */
const MAX_PAGE = 16 * 1_048_576
/** Steps, about nanoseconds, after which others may come to turn: a multiple of what a look at the clock costs. */
const PAUSE_AFTER = 200_000
/** What reaching, checking and taking one object costs, in the same steps. */
const PER_OBJECT = 1_000

/** LIST (contract §6.4): from memory, by name. A collection whose parent does not exist is empty. `owner`: whose turns it takes. */
export async function list(context: Context, target: Target, request: Request, owner: string): Promise<Answer> {
  const query = parseQuery(request)
  const { before, items, skipToken } = await turns.run(owner, pageOf(context, target, query))
  const end = `${items}],"metadata":${JSON.stringify(listMetadata(target, skipToken))}}`
  const body = before.length === 0 ? `{"items":[${end}` : Buffer.concat([Buffer.from('{"items":['), ...before, Buffer.from(end)])
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  if (body.length < COMPRESS_FROM) return new Answer(body, { headers })
  headers['vary'] = 'accept-encoding'
  if (!acceptsGzip(request.headers.get('accept-encoding'))) return new Answer(body, { headers })
  headers['content-encoding'] = 'gzip'
  return new Answer(await compress(body, { level: 1 }), { headers, made: body.length })
}

function parseQuery(request: Request): Query {
  const { url, headers } = request
  const at = url.indexOf('?')
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
  const labels = single(query, 'labels')
  return {
    limit: parseLimit(single(query, 'limit')),
    after: parseSkipToken(single(query, 'skipToken')),
    selector: labels === undefined || labels === '' ? undefined : parseSelector(labels),
    visibility: parseAccept(headers.get('accept')),
  }
}

/** The matching objects after the cursor, one more than fits deciding whether there is a next page. Pauses at times. */
function* pageOf(context: Context, target: Target, query: Query): Generator<void, Page> {
  const { limit, selector, visibility } = query
  const effort = new Effort()
  const before: Buffer[] = []
  const items: string[] = []
  let { after } = query
  let [count, size, last] = [0, 0, '']
  /** After the ones that were put aside comes a comma, if anything does. */
  const rest = () => (before.length > 0 && items.length > 0 ? ',' : '') + items.join(',')
  for (let isMore = true; isMore;) {
    isMore = false
    let steps = 0
    // Others write during a pause, so the names are looked up anew after each.
    for (const object of objectsOf(context, target, after)) {
      const name = object.metadata.name.slice(target.prefix.length)
      if (isVisible(object, visibility) && selector?.(labelsOf(target, object), effort) !== false) {
        if (count === limit || size > MAX_PAGE) return { before, items: rest(), skipToken: skipToken(last) }
        const item = rendered(target, object, context)
        items.push(item)
        count++
        last = name
        size += item.length
        steps += item.length
      }
      steps += PER_OBJECT + effort.next()
      after = name
      if (steps < PAUSE_AFTER) continue
      isMore = true
      break
    }
    if (!isMore) break
    if (items.length > 0) before.push(Buffer.from(rest()))
    items.length = 0
    yield
  }
  return { before, items: rest(), skipToken: undefined }
}

function isVisible({ metadata }: Resource, visibility: Visibility): boolean {
  return visibility === 'all' || (metadata.deletionTimestamp !== undefined) === (visibility === 'deleted')
}

/** Objects of the collection whose SECA name is after the cursor, by name. */
function* objectsOf({ cache, order }: Context, target: Target, after: string | undefined): Generator<Resource> {
  const { surface, namespace, prefix } = target
  if (surface.kind.scope !== 'cluster' && namespace === undefined) return
  const names = order.names(surface.kind, namespace)
  const extra = [...(builtIns(cache, target)?.values() ?? [])].filter(({ metadata }) => after === undefined || metadata.name > after)
  const start = prefix + (after ?? '')
  for (let index = lowerBound(names, start); index < names.length; index++) {
    const name = names[index] ?? ''
    if (!name.startsWith(prefix)) break
    if (after !== undefined && name === start) continue
    const object = cache.get(surface.kind.kind, keyOf(namespace, name))
    if (object === undefined || !isHere(cache, target, object)) continue
    for (let next = extra[0]; next !== undefined && next.metadata.name < name; next = extra[0]) {
      extra.shift()
      yield next
    }
    yield object
  }
  yield* extra
}

function acceptsGzip(header: string | null): boolean {
  if (header === null) return false
  return header.split(',').some((part) => {
    const [coding = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    return (coding === 'gzip' || coding === '*') && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}
