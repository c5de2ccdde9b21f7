import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { parseIp } from '../../ip.ts'
import type { Authenticate, Caller } from '../contract.ts'
import { Unauthenticated } from '../contract.ts'
import type { Authenticator } from '../identity/authn.ts'
import type { Head } from '../identity/head.ts'
import type { Share, Shares } from './shares.ts'
import type { Visit } from './visit.ts'

const MAX_KNOWN = 20_000
const NOTHING = Symbol('nothing yet')

interface Connection {
  readonly address: Share
  /** Credentials that held last: a token, or undefined where the connection itself is enough. */
  held: string | undefined | typeof NOTHING
}

const hashOf = (token: string): string => hash('sha256', token, 'base64')

/**
 * Finds out who calls, at the expense of the address that calls as long as nobody knows: credentials that do not hold, and requests
 * without any, count for their address, others for their caller. Credentials that held once do not wait for their address, which
 * may be that of a proxy with a flood behind it.
 */
export class Strangers {
  readonly #shares: Shares
  readonly #authenticator: Authenticator
  /** Hashes of tokens that held. */
  readonly #known = new LRUCache<string, true>({ max: MAX_KNOWN })
  readonly #connections = new WeakMap<object, Connection>()

  constructor(shares: Shares, authenticator: Authenticator) {
    this.#shares = shares
    this.#authenticator = authenticator
  }

  addressOf(head: Head): Share {
    return this.#connectionOf(head).address
  }

  #connectionOf({ socket }: Head): Connection {
    let connection = this.#connections.get(socket)
    if (connection === undefined) {
      connection = { address: this.#shares.of(`address:${networkOf(socket.remoteAddress ?? '')}`), held: NOTHING }
      this.#connections.set(socket, connection)
    }
    return connection
  }

  /** Throws 429; that nobody is known is told by what is answered, once the application asks. */
  async welcome(head: Head, visit: Visit): Promise<{ readonly authenticate: Authenticate; readonly isKnown: boolean }> {
    const connection = this.#connectionOf(head)
    const { address } = connection
    // Without a token, the connection is the credentials (a client certificate).
    const token = head.headers.get('authorization')?.[0]
    const isSame = connection.held === token
    const wasKnown = isSame || (token !== undefined && this.#known.has(hashOf(token)))
    if (!wasKnown) {
      const waiting = visit.arrive(address)
      if (waiting !== undefined) await waiting
    }
    let caller: Caller
    try {
      caller = await this.#authenticator(head)
    } catch (error) {
      if (!(error instanceof Unauthenticated)) {
        if (!wasKnown) address.rate.giveBack(visit.cost)
      } else if (wasKnown) {
        connection.held = NOTHING
        if (token !== undefined) this.#known.delete(hashOf(token))
        const waiting = visit.arrive(address)
        if (waiting !== undefined) await waiting
      }
      return { authenticate: () => Promise.reject(error as Error), isKnown: false }
    }
    if (!wasKnown) address.rate.giveBack(visit.cost)
    if (!isSame) {
      connection.held = token
      if (token !== undefined) this.#known.set(hashOf(token), true)
    }
    const waiting = visit.arrive(this.#shares.of(shareOf(caller)))
    if (waiting !== undefined) await waiting
    return { authenticate: () => Promise.resolve(caller), isKnown: true }
  }
}

const shareOf = (caller: Caller): string => (caller.door === 'direct' ? `subject:${caller.subject}` : `user:${caller.username}`)

/** Who has one IPv6 address has 2⁶⁴ of them. */
export function networkOf(address: string): string {
  const ip = address.includes(':') && !address.includes('.') ? parseIp(address.split('%')[0] ?? '') : undefined
  return ip === undefined ? address : `${(ip.value >> 64n).toString(16)}/64`
}
