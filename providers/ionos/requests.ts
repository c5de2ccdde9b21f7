import type { CallContext } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import type { HttpClient } from '../../src/provider/http.ts'
import type { Mark } from '../../src/provider/translation.ts'
import { ofRequest } from './failures.ts'
import type { Element } from './native.ts'

interface Request {
  readonly id: string
  readonly metadata?: {
    readonly createdDate?: string
    readonly requestStatus?: {
      readonly metadata?: {
        readonly status?: string
        readonly message?: string
        readonly targets?: readonly { readonly target?: Element }[]
      }
    }
  }
  readonly properties?: { readonly method?: string; readonly url?: string; readonly body?: string }
}

const MINUTE_MS = 60_000
/** Creations are looked for so far back; a large machine takes an hour and more. */
const BACK_MS = 6 * 60 * MINUTE_MS
/** What failed so recently is not tried again at once: each try is billed in time that others wait. */
const PATIENCE_MS = MINUTE_MS

const stateOf = (request: Request) => request.metadata?.requestStatus?.metadata?.status ?? ''
const ageOf = ({ metadata }: Request) => Date.now() - Date.parse(metadata?.createdDate ?? '')
const targetOf = (request: Request | undefined) => request?.metadata?.requestStatus?.metadata?.targets?.[0]?.target?.id
const isOf = ({ properties }: Request, { incarnation }: Mark) => properties?.body?.includes(incarnation) === true
const isOpen = (request: Request) => ['QUEUED', 'RUNNING'].includes(stateOf(request))

/** The log of changes, which knows of what is not to be seen yet. */
export class Requests {
  readonly #http: HttpClient
  constructor(http: HttpClient) {
    this.#http = http
  }

  /** Id of what is being made under a mark, by a call whose answer may have been lost. */
  async beingMade(path: string, mark: Mark, context: CallContext): Promise<string | undefined> {
    return targetOf((await this.#creations(path, mark.tagKey, context)).find((request) => isOpen(request) && isOf(request, mark)))
  }

  /** Id of what was asked for under a mark already. Throws why the last try failed, while that is fresh: the API says it nowhere else. */
  async askedFor(path: string, mark: Mark, context: CallContext): Promise<string | undefined> {
    const all = await this.#creations(path, mark.tagKey, context)
    const [last] = all
    // An incarnation that failed is followed by another.
    if (last === undefined || stateOf(last) !== 'FAILED') return targetOf(all.find((request) => isOf(request, mark)))
    if (ageOf(last) > PATIENCE_MS) return undefined
    const message = last.metadata?.requestStatus?.metadata?.message ?? 'the request failed'
    const options = { retryAfterMs: Math.max(1_000, PATIENCE_MS - ageOf(last)) }
    throw new ProviderError(ofRequest(message), `${message} (request ${last.id})`, options)
  }

  /** Whether a deletion is on its way: a second one would fail in the queue. */
  async isBeingDeleted(path: string, context: CallContext): Promise<boolean> {
    const found = await this.#find({ 'filter.method': 'DELETE', 'filter.url': path }, context)
    return found.some((request) => isOpen(request) && request.properties?.url?.endsWith(path) === true)
  }

  /** Newest first. */
  async #creations(path: string, tagKey: string, context: CallContext): Promise<readonly Request[]> {
    const found = await this.#find({ 'filter.method': 'POST', 'filter.url': path }, context)
    return found.filter(({ properties }) => properties?.body?.includes(tagKey) === true)
  }

  async #find(query: Readonly<Record<string, string>>, context: CallContext): Promise<readonly Request[]> {
    const createdAfter = new Date(Date.now() - BACK_MS).toISOString().slice(0, 19).replace('T', ' ')
    const all = { depth: 2, ...query, 'filter.createdAfter': createdAfter }
    const { items } = await this.#http.call<{ items: readonly Request[] }>({ method: 'GET', path: '/requests', query: all }, context)
    return items.toSorted((a, b) => ageOf(a) - ageOf(b))
  }
}
