import { deadline } from '../deadline.ts'
import { asError } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import { act } from './write/actions.ts'
import { parseAccept } from './read/accept.ts'
import type { Context } from './context.ts'
import { Answer, type Application, type AppOptions, type Attempt, type Authenticate, type Caller, type Door } from './contract.ts'
import { Documents } from './documents.ts'
import { Edges } from '../cache/edges.ts'
import { rendered } from './render/envelope.ts'
import { list } from './read/list.ts'
import { Order } from '../cache/order.ts'
import { isForeignManager } from './write/owners.ts'
import { problem, Refusal } from './problem.ts'
import { put } from './write/put.ts'
import { regionSpec } from './render/regions.ts'
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

/** The SECA API, behind either door (architecture §6). The cache should keep owners: `new Cache(kinds, region, { digest: keepOwners })`. */
export function createApp(options: AppOptions & { readonly now?: () => number }): Application {
  const { cache, client, authorizer, peers, log, metrics, isSynced, externalUrls, validationStatus } = options
  const context: Context = {
    cache,
    client,
    authorizer,
    peers,
    log,
    graph: new Edges(cache, 'holding').graph,
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
    let response: Answer
    try {
      const matched = matchRoute(door, pathname)
      kind = matched?.route.surface.kind
      response = matched === undefined ? documentOf(call) : await serve(call, matched, authenticate)
    } catch (thrown) {
      response = failure(thrown, call)
    }
    metrics.apiRequests.inc({ door, method: METHODS.has(method) ? method : 'other', kind: kind?.kind ?? 'none', code: response.status })
    metrics.apiTime.observe({ door, method: METHODS.has(method) ? method : 'other' }, (performance.now() - started) / 1000)
    return method === 'HEAD' ? withoutBody(response) : response
  }

  function documentOf({ pathname, method, door, base }: Call): Answer {
    const found = documents.serve(pathname, door, base)
    if (method !== 'GET' && method !== 'HEAD') throw notAllowed(['GET', 'HEAD'])
    return found
  }

  async function serve(call: Call, matched: Matched, authenticate: Authenticate): Promise<Answer> {
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

  function failure(thrown: unknown, { pathname, method }: Call): Answer {
    const { status, headers, body } = problem(isTimeout(thrown) ? timedOut(thrown) : thrown, pathname, validationStatus)
    if (status >= 500) log[status === 500 ? 'error' : 'warn']({ err: asError(thrown), method, path: pathname, status }, 'request failed')
    return new Answer(body, { status, headers })
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

function get(context: Context, target: Target, request: Request): Answer {
  parseAccept(request.headers.get('accept'))
  const object = find(context.cache, target)
  if (object === undefined) throw notFound(target)
  return new Answer(rendered(target, object, context), { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
}

/** Methods that a place takes. */
function methodsOf({ route: { surface, place } }: Matched): readonly Method[] {
  if (place === 'action') return ['POST']
  return place === 'collection' || surface.isReadOnly ? ['GET', 'HEAD'] : ['GET', 'HEAD', 'PUT', 'DELETE']
}

function checkMethod(method: Method, matched: Matched): void {
  const allowed = methodsOf(matched)
  if (!allowed.includes(method)) throw notAllowed(allowed)
}

const notAllowed = (allowed: readonly Method[]) =>
  new Refusal('MethodNotAllowed', `this takes ${allowed.join(', ')}`, { headers: { allow: allowed.join(', ') } })

function originOf(url: string): string {
  const end = url.indexOf('/', url.indexOf('://') + 3)
  return end < 0 ? url : url.slice(0, end)
}

function pathOf(url: string, from: number): string {
  const end = url.indexOf('?', from)
  return end < 0 ? url.slice(from) : url.slice(from, end)
}

/** The answer to HEAD: all that GET would say, but the body. */
function withoutBody({ status, fields, length, made }: Answer): Answer {
  return new Answer(null, { status, headers: { ...fields, 'content-length': String(length) }, made })
}
