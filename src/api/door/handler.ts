import type { ServerResponse } from 'node:http'
import type { BlockList } from 'node:net'
import { isIPv6 } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { asError, SecaError } from '../../errors.ts'
import type { Log } from '../../observe/log.ts'
import type { Authenticator } from '../identity/authn.ts'
import { Answer, type Application, type Door } from '../contract.ts'
import { type Head, headersOf } from '../identity/head.ts'
import { hasBody, type Incoming, readBody } from './body.ts'
import { costOf, costOfAnswer, costOfBody } from './cost.ts'
import { flawOf, pathOf, TIMES } from './limits.ts'
import { problem } from '../problem.ts'
import { DoorRequest, isHost, originOf, VisibleHeaders } from './request.ts'
import { type Outgoing, send } from './send.ts'
import { Shares } from './shares.ts'
import { Strangers } from './strangers.ts'
import { Visit } from './visit.ts'

export type Handler = (incoming: Incoming, outgoing: Outgoing) => void

/** An answer that needs neither identity nor application: health, discovery. */
export interface Plain {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface DoorOptions {
  readonly door: Door
  readonly app: Application
  readonly authenticator: Authenticator
  /** Asked before everything else. */
  readonly plain: (line: { path: string; method: string; head: Head }) => Plain | undefined
  /** Answers other replicas ({@link PEER_PATH}). */
  readonly later?: (query: string, head: Head) => Promise<Plain>
  /** Further headers (lower case) that only the front proxy may send; they never reach the application. */
  readonly identityHeaders?: () => readonly string[]
  /** Addresses whose X-Forwarded-Host is believed. */
  readonly trustedProxies: BlockList
  readonly validationStatus: 412 | 422
  /** What each caller may use; of one process, whatever its doors. */
  readonly shares?: Shares
  /** Connections are to be closed after their answer. */
  readonly isDraining: () => boolean
  readonly log: Log
}

/** Where replicas ask each other; on the direct door, with a signature of their own. */
export const PEER_PATH = '/.seca/peer'

const STRIPPED = /^(?:x-remote-|x-forwarded-|forwarded$|authorization$|impersonate-|proxy-)/
const NONE = new Uint8Array()

/** One listener's way from a request to the application (architecture §6). */
export function createHandler(options: DoorOptions): Handler {
  const { door, app, authenticator, validationStatus, log, shares = new Shares() } = options
  const strangers = new Strangers(shares, authenticator)

  const respond = async (incoming: Incoming, head: Head, visit: Visit): Promise<Answer> => {
    const { method = '', url = '' } = incoming
    const origin = originOf(head, forwardedHost(head, options.trustedProxies))
    const { authenticate, isKnown } = await strangers.welcome(head, visit)
    // Nobody keeps the body of somebody unknown; the application says what is wrong before it would look at it.
    const body = isKnown && hasBody(incoming) ? await readBody(incoming, visit) : NONE
    visit.charge(costOfBody(incoming, body.length))
    const waiting = visit.turn()
    if (waiting !== undefined) await waiting
    if (visit.isOver) throw new SecaError('InvalidRequest', 'the client has gone')
    const request = new DoorRequest(method, origin + url, new VisibleHeaders(head.headers, isHidden), body)
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new SecaError('NotReady', 'the answer took too long; try again')), TIMES.requestMs)
    try {
      const response = await Promise.race([app(request as unknown as Request, door, authenticate), late])
      // A redirect would take the client's credentials along (CVE-2022-3172).
      if (response.status >= 300 && response.status < 400 && response.status !== 304) throw new Error('the application redirects')
      const answer = response instanceof Answer ? response : await copyOf(response)
      visit.charge(costOfAnswer(answer.made))
      return answer
    } finally {
      clearTimeout(timer)
      visit.finish()
    }
  }
  const isHidden = (name: string) => STRIPPED.test(name) || (options.identityHeaders?.().some((prefix) => name.startsWith(prefix)) ?? false)
  const failed = (thrown: unknown, path: string): Answer => {
    const answer = problem(thrown, path, validationStatus)
    if (answer.status === 500) log.error({ err: asError(thrown), door }, 'request failed')
    return new Answer(answer.body, answer)
  }

  return (incoming, outgoing) => {
    const headers = headersOf(incoming.rawHeaders)
    const { url = '', method = '' } = incoming
    const path = pathOf(url)
    if (options.isDraining() && incoming.httpVersionMajor === 1) (outgoing as ServerResponse).shouldKeepAlive = false
    const answer = (result: Answer) => answerWith(incoming, outgoing, result)
    const flaw = flawOf({ method, url, headers, version: 'stream' in incoming ? undefined : incoming.httpVersion })
    if (flaw !== undefined) return answer(failed(flaw, path))
    const head: Head = { headers, socket: incoming.socket as TLSSocket }
    const plain = options.plain({ path, method, head })
    if (plain !== undefined) return answer(new Answer(plain.body, plain))
    if (options.later !== undefined && path === PEER_PATH) {
      void options.later(url.slice(PEER_PATH.length + 1), head).then(
        (result) => answer(new Answer(result.body, result)),
        (error: unknown) => answer(failed(error, PEER_PATH)),
      )
      return
    }
    const visit = new Visit(shares, strangers.addressOf(head), costOf(incoming))
    // Until the answer has left: who does not read what it asked for uses its own share.
    outgoing.on('close', () => visit.end())
    void respond(incoming, head, visit).then(answer, (error: unknown) => answer(failed(error, path)))
  }
}

/** Answers without reading what may still come of the body; Node drops it. */
function answerWith(incoming: Incoming, outgoing: Outgoing, answer: Answer): void {
  if (outgoing.destroyed) return
  const { status, fields, body } = answer
  const isEmpty = status === 304 || status === 204
  const isHead = incoming.method === 'HEAD'
  const length = isEmpty || (isHead && 'content-length' in fields) ? undefined : { 'content-length': String(answer.length) }
  ;(outgoing as ServerResponse).writeHead(status, { ...fields, ...length })
  send(outgoing, isHead || isEmpty ? '' : (body ?? ''))
}

async function copyOf(response: Response): Promise<Answer> {
  const { status, headers } = response
  return new Answer(new Uint8Array(await response.arrayBuffer()), { status, headers: Object.fromEntries(headers) })
}

/** The host that a listed proxy says the client used. */
function forwardedHost({ headers, socket }: Head, trusted: BlockList): string | undefined {
  const values = headers.get('x-forwarded-host')
  const address = socket.remoteAddress
  if (values === undefined || address === undefined || !trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return undefined
  const host = values[0]?.split(',')[0]?.trim()
  return host !== undefined && isHost(host) ? host : undefined
}
