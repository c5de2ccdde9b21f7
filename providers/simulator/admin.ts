import { SecaError } from '../../src/errors.ts'
import type * as z from 'zod'
import type { Fault, Throttle } from './cloud/faults.ts'
import type { Mutation } from './cloud/journal.ts'

export type { Mutation } from './cloud/journal.ts'

/** A cloud object as `/admin/inventory` lists it. */
export interface InventoryEntry {
  readonly id: string
  /** Collection: `volumes`, `servers`, … */
  readonly type: string
  /** `''` = untagged. */
  readonly tag: string
  readonly name: string
  readonly state: 'building' | 'ready' | 'changing' | 'deleting' | 'failed'
}

interface Inventory {
  readonly items: readonly InventoryEntry[]
  /** Tags that more than one object of a type carries. */
  readonly duplicateTags: readonly string[]
}

interface Stats {
  readonly objects: Readonly<Record<string, number>>
  /** Requests of customers by method and type: `{"GET volumes": 12}`. */
  readonly requests: Readonly<Record<string, number>>
}

type AnyObject = Readonly<Record<string, unknown>> & { readonly id: string }
type FaultOrder = z.input<typeof Fault>
type ThrottleOrder = z.input<typeof Throttle>

/** Client of the simulator's `/admin`, for tests: audits, and trouble on order. */
export class SimulatorAdmin {
  readonly #url: string
  readonly #token: string
  constructor(options: { url: string; adminToken: string }) {
    this.#url = options.url
    this.#token = options.adminToken
  }

  inventory(prefix = ''): Promise<Inventory> {
    return this.#call('GET', `inventory?prefix=${encodeURIComponent(prefix)}`)
  }
  /** Effective changes after mutation `since`, oldest first. They survive restarts. */
  async mutations(since = 0): Promise<readonly Mutation[]> {
    return (await this.#call<{ items: Mutation[] }>('GET', `mutations?since=${since}`)).items
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
    return this.#call('GET', `objects/${id}`)
  }
  /** Makes an object as a stranger would. */
  create(type: string, body: Readonly<Record<string, unknown>>): Promise<AnyObject> {
    return this.#call('POST', 'objects', { type, ...body })
  }
  /** Changes fields, tag, labels or metadata at once and unchecked. */
  change(id: string, body: Readonly<Record<string, unknown>>): Promise<AnyObject> {
    return this.#call('PATCH', `objects/${id}`, body)
  }
  /** Gone at once, whatever uses it. */
  async remove(id: string): Promise<void> {
    await this.#call('DELETE', `objects/${id}`)
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T & { message?: string }
    if (!response.ok)
      throw new SecaError(
        response.status === 404 ? 'NotFound' : 'Internal',
        `simulator admin: ${method} ${path}: ${response.status} ${answer.message ?? ''}`,
      )
    return answer
  }
}
