import { deadline } from '../deadline.ts'
import { asError } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import { act } from './write/actions.ts'
import { parseAccept } from './read/accept.ts'
import type { Context } from './context.ts'
import type { Application, AppOptions, Attempt, Authenticate, Caller, Door } from './contract.ts'
import { docsPage } from './reference/docs.ts'
import { Edges } from '../cache/edges.ts'
import { rendered } from './render/envelope.ts'
import { list } from './read/list.ts'
import { openApi } from './reference/openapi.ts'
import { Order } from '../cache/order.ts'
import { isForeignManager } from './write/owners.ts'
import { problem, Refusal } from './problem.ts'
import { put } from './write/put.ts'
import { regionSpec, wellknown } from './render/regions.ts'
import { remove } from './write/remove.ts'
import { type Matched, matchRoute } from './path/routes.ts'
import { SURFACES } from './path/surface.ts'
import { attemptOf, find, locate, type Target } from './path/target.ts'
import { ownerOf } from './turns.ts'
import { WriteQueue } from './write-queue.ts'
import { notFound } from './write/version.ts'

type Method = 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'POST'

interface Call {
  readonly request: Request
  readonly pathname: string
  readonly method: string
  readonly door: Door
  /** Base URL as this client sees it. */
  readonly base: string
}

/** Reads need no signal: they wait for nothing but the authorizer, which has its own limits. */
const NEVER = new AbortController().signal
/** Longest time that a write may take, retries included. */
const WRITE_MS = 30_000

/** The SECA API, behind either door (DESIGN §6). The cache should keep owners: `new Cache(kinds, region, { digest: keepOwners })`. */
export function createApp(options: AppOptions & { readonly now?: () => number }): Application {
  const { cache, client, authorizer, peers, log, metrics, isSynced, externalUrls, validationStatus } = options
  const context: Context = {
    cache,
    client,
    authorizer,
    peers,
    log,
    graph: new Edges(cache).graph,
    order: new Order(
      cache,
      SURFACES.map(({ kind }) => kind),
    ),
    writes: new WriteQueue(),
    isProtectedManager: options.isProtectedManager ?? isForeignManager,
    now: options.now ?? Date.now,
  }
  const documents = new Documents()

  return async (request, door, authenticate) => {
    const started = performance.now()
    const { url, method } = request
    const origin = originOf(url)
    const pathname = pathOf(url, origin.length)
    const call: Call = { request, pathname, method, door, base: externalUrls[door] ?? origin }
    let kind: Kind | undefined
    let response: Response
    try {
      const matched = matchRoute(door, pathname)
      kind = matched?.route.surface.kind
      response = matched === undefined ? await documents.serve(call) : await serve(call, matched, authenticate)
    } catch (thrown) {
      response = failure(thrown, call)
    }
    metrics.apiRequests.inc({ door, method: METHODS.has(method) ? method : 'other', kind: kind?.kind ?? 'none', code: response.status })
    metrics.apiTime.observe({ door, method: METHODS.has(method) ? method : 'other' }, (performance.now() - started) / 1000)
    return method === 'HEAD' ? withoutBody(response) : response
  }

  async function serve(call: Call, matched: Matched, authenticate: Authenticate): Promise<Response> {
    const { request, method, door, base } = call
    checkMethod(method as Method, matched)
    if (!isSynced()) throw new Refusal('NotReady', 'the API server has not read the cluster yet; try again')
    const caller = await authenticate()
    const target = locate(cache, matched, method === 'PUT')
    const { place, surface } = matched.route
    if (method === 'GET' || method === 'HEAD') {
      const isList = place === 'collection'
      await authorize(caller, attemptOf(target, isList ? 'list' : 'get'), NEVER)
      const scoped = surface.hasTenant ? context : { ...context, dynamicSpec: regionSpec(door, base, cache.defaultRegion) }
      return isList ? list(scoped, target, request, ownerOf(caller)) : get(scoped, target, request)
    }
    parseAccept(request.headers.get('accept'))
    return withDeadline((signal) => write(call, matched, caller, target, signal))
  }

  async function write(call: Call, { route: { place, action } }: Matched, caller: Caller, target: Target, signal: AbortSignal) {
    const { request, method, base } = call
    const allow = (isUpdate: boolean) => authorize(caller, attemptOf(target, 'put', { isUpdate }), signal)
    const writing = { context, target, caller, signal, allow, location: pathOf(base, originOf(base).length) + call.pathname }
    if (place === 'action') {
      await authorize(caller, attemptOf(target, 'post', { action: action ?? '' }), signal)
      return act(writing, action ?? '', request)
    }
    if (method === 'DELETE') {
      await authorize(caller, attemptOf(target, 'delete'), signal)
      return remove(writing, request)
    }
    return put(writing, request)
  }

  async function authorize(caller: Caller, attempt: Attempt, signal: AbortSignal): Promise<void> {
    const decision = await authorizer.authorize(caller, attempt, signal)
    if (!decision.isAllowed) throw new Refusal('Forbidden', `you may not ${attempt.action ?? attempt.verb} this: ${decision.why}`)
  }

  function failure(thrown: unknown, { pathname, method }: Call): Response {
    const { status, headers, body } = problem(isTimeout(thrown) ? timedOut(thrown) : thrown, pathname, validationStatus)
    if (status >= 500) log[status === 500 ? 'error' : 'warn']({ err: asError(thrown), method, path: pathname, status }, 'request failed')
    return new Response(body, { status, headers })
  }
}

/** Not the request's own signal: what was begun is finished, even when the client has gone. */
async function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = deadline(NEVER, WRITE_MS)
  try {
    return await work(limit.signal)
  } finally {
    limit.end()
  }
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'POST'])

const isTimeout = (thrown: unknown): boolean =>
  thrown instanceof DOMException && (thrown.name === 'TimeoutError' || thrown.name === 'AbortError')
const timedOut = (cause: unknown) => new Refusal('NotReady', 'the cluster did not answer in time; try again', { cause })

function get(context: Context, target: Target, request: Request): Response {
  parseAccept(request.headers.get('accept'))
  const object = find(context.cache, target)
  if (object === undefined) throw notFound(target)
  return new Response(rendered(target, object, context), { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
}

/** Methods that a place takes. */
export function methodsOf({ route: { surface, place } }: Matched): readonly Method[] {
  if (place === 'action') return ['POST']
  return place === 'collection' || surface.isReadOnly ? ['GET', 'HEAD'] : ['GET', 'HEAD', 'PUT', 'DELETE']
}

function checkMethod(method: Method, matched: Matched): void {
  const allowed = methodsOf(matched)
  if (!allowed.includes(method)) throw notAllowed(allowed)
}

const notAllowed = (allowed: readonly Method[]) =>
  new Refusal('MethodNotAllowed', `this takes ${allowed.join(', ')}`, { headers: { allow: allowed.join(', ') } })

/** What everybody may read: discovery, the OpenAPI document and its rendering. */
class Documents {
  readonly #openApi = new Map<string, string>()
  readonly #docs = new Map<string, { body: string; policy: string }>()

  async serve({ pathname, method, door, base }: Call): Promise<Response> {
    const found = this.#find(pathname, door, base)
    if (found === undefined) throw new Refusal('NotFound', 'nothing is here; see /docs')
    if (method !== 'GET' && method !== 'HEAD') throw notAllowed(['GET', 'HEAD'])
    // They hold the host that this client used: nothing for a cache that others share.
    return new Response(found.body, { headers: { ...found.headers, 'cache-control': 'no-store' } })
  }

  #find(pathname: string, door: Door, base: string): { body: string; headers: Record<string, string> } | undefined {
    switch (pathname) {
      case '/.wellknown/secapi':
        return { body: JSON.stringify(wellknown(door, base)), headers: { 'content-type': 'application/json' } }
      case '/openapi':
      case '/openapi.json':
        return { body: this.#document(door, base), headers: { 'content-type': 'application/json' } }
      case '/docs': {
        const { body, policy } = this.#page(door, base)
        return {
          body,
          headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, 'x-content-type-options': 'nosniff' },
        }
      }
      default:
        return undefined
    }
  }

  #document(door: Door, base: string): string {
    return remembered(this.#openApi, `${door} ${base}`, () => JSON.stringify(openApi(door, base)))
  }
  #page(door: Door, base: string) {
    return remembered(this.#docs, `${door} ${base}`, () => docsPage(openApi(door, base)))
  }
}

/** Base URLs come from clients where none is configured, so only a few are remembered. */
function remembered<T>(memory: Map<string, T>, key: string, make: () => T): T {
  const known = memory.get(key)
  if (known !== undefined) return known
  if (memory.size >= 8) memory.clear()
  const made = make()
  memory.set(key, made)
  return made
}

function originOf(url: string): string {
  const end = url.indexOf('/', url.indexOf('://') + 3)
  return end < 0 ? url : url.slice(0, end)
}

function pathOf(url: string, from: number): string {
  const end = url.indexOf('?', from)
  return end < 0 ? url.slice(from) : url.slice(from, end)
}

/** The answer to HEAD: all that GET would say, but the body. */
async function withoutBody(response: Response): Promise<Response> {
  const headers = new Headers(response.headers)
  headers.set('content-length', String((await response.arrayBuffer()).byteLength))
  return new Response(null, { status: response.status, headers })
}
