import { SecaError } from '../../src/errors.ts'
import { Agent, fetch } from 'undici'
import type * as z from 'zod'
import type { Fault, Throttle } from './faults.ts'
import type { Mutation } from './mutations.ts'

export type { Mutation } from './mutations.ts'

/** A cloud object as `/admin/inventory` lists it. */
export interface InventoryEntry {
  readonly id: string
  /** Collection: `volumes`, `servers`, … */
  readonly type: string
  /** `''` = untagged. */
  readonly tag: string
  /** Where tags are short. */
  readonly key?: string
  readonly owner?: string
  readonly name: string
  readonly state: 'building' | 'ready' | 'changing' | 'deleting' | 'failed'
}

interface Inventory {
  readonly items: readonly InventoryEntry[]
  /** Tags, or keys, that more than one object of a type carries. */
  readonly duplicateTags: readonly string[]
}

interface Stats {
  readonly objects: Readonly<Record<string, number>>
  /** Requests of customers by method and type: `{"GET volumes": 12}`. */
  readonly requests: Readonly<Record<string, number>>
  /** `seq` of the newest mutation. */
  readonly lastMutation: number
}

/** Where customers see something else than is true; null = not there. */
interface Behind {
  readonly id: string
  readonly type: string
  readonly tag: string
  readonly truth: AnyObject | null
  readonly byId: AnyObject | null
  readonly listed: AnyObject | null
}

type AnyObject = Readonly<Record<string, unknown>> & { readonly id: string }
type FaultOrder = z.input<typeof Fault>
type ThrottleOrder = z.input<typeof Throttle>

/** Client of a cloud's `/admin`, for tests: audits, and trouble on order. `Order`: switches as they are asked for, `Switches`: as they are. */
export class StandInAdmin<Order, Switches> {
  readonly #url: string
  readonly #token: string
  readonly #dispatcher: Agent | undefined
  /** `ca`: PEM of the CA that vouches for it, where it serves HTTPS. */
  constructor(options: { url: string; adminToken: string; ca?: string }) {
    this.#dispatcher = options.ca === undefined ? undefined : new Agent({ connect: { ca: options.ca } })
    this.#url = options.url
    this.#token = options.adminToken
  }

  inventory(prefix = ''): Promise<Inventory> {
    return this.#call('GET', `inventory?prefix=${encodeURIComponent(prefix)}`)
  }
  /** Effective changes after mutation `since`, oldest first. They survive restarts. `endedAt` and `failed` are filled in when it has come so far. */
  async mutations(since = 0): Promise<readonly Mutation[]> {
    const found: Mutation[] = []
    for (let next: number | undefined = since; next !== undefined;) {
      const page: { items: Mutation[]; next?: number } = await this.#call('GET', `mutations?since=${next}`)
      found.push(...page.items)
      next = page.next
    }
    return found
  }
  /** What a customer could see right now, where that is not the truth: reads lag. */
  async sight(): Promise<readonly Behind[]> {
    return (await this.#call<{ items: Behind[] }>('GET', 'sight')).items
  }
  /** Changes single switches; `characters` puts those of whole characters in the place of all that were set. Answers what holds now. */
  character(order: Order): Promise<Switches> {
    return this.#call('PUT', 'character', order)
  }
  stats(): Promise<Stats> {
    return this.#call('GET', 'stats')
  }
  async fault(order: FaultOrder): Promise<void> {
    await this.#call('POST', 'faults', order)
  }
  async clearFaults(): Promise<void> {
    await this.#call('DELETE', 'faults')
  }
  /** How long operations take that begin from now on. */
  async latency(ms: number, types: Readonly<Record<string, number>> = {}): Promise<void> {
    await this.#call('PUT', 'latency', { ms, types })
  }
  /** Ends all operations under way now, stuck ones too. */
  async finish(): Promise<void> {
    await this.#call('POST', 'finish')
  }
  /** Objects allowed by type; null lifts a limit. */
  async quota(limits: Readonly<Record<string, number | null>>): Promise<void> {
    await this.#call('PUT', 'quota', limits)
  }
  /** null lifts it. */
  async throttle(order: ThrottleOrder | null): Promise<void> {
    await this.#call('PUT', 'throttle', order)
  }
  /** Tokens that customers may use from now on. */
  async tokens(tokens: readonly string[]): Promise<void> {
    await this.#call('PUT', 'tokens', { tokens })
  }
  async strict(strict: boolean): Promise<void> {
    await this.#call('PUT', 'strict', { strict })
  }
  object(id: string): Promise<AnyObject> {
    return this.#call('GET', `objects/${encodeURIComponent(id)}`)
  }
  /** Makes an object as a stranger would. */
  create(type: string, body: Readonly<Record<string, unknown>>): Promise<AnyObject> {
    return this.#call('POST', 'objects', { type, ...body })
  }
  /** Changes fields, tag, labels or metadata at once and unchecked. */
  change(id: string, body: Readonly<Record<string, unknown>>): Promise<AnyObject> {
    return this.#call('PATCH', `objects/${encodeURIComponent(id)}`, body)
  }
  /** Gone at once, whatever uses it. */
  async remove(id: string): Promise<void> {
    await this.#call('DELETE', `objects/${encodeURIComponent(id)}`)
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(this.#dispatcher === undefined ? {} : { dispatcher: this.#dispatcher }),
    })
    const answer = (await response.json()) as T & { message?: string }
    if (!response.ok)
      throw new SecaError(
        response.status === 404 ? 'NotFound' : 'Internal',
        `admin: ${method} ${path}: ${response.status} ${answer.message ?? ''}`,
      )
    return answer
  }
}
