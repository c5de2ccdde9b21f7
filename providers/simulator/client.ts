import type { Account, CallContext } from '../../src/provider/contract.ts'
import { type FailureClass } from '../../src/provider/errors.ts'
import { HttpClient, orMissing } from '../../src/provider/http.ts'

/** An object as the simulated cloud shows it. */
export interface CloudObject {
  readonly id: string
  readonly tag: string
  readonly metadata: Readonly<Record<string, string>>
  readonly state: 'building' | 'ready' | 'changing' | 'deleting' | 'failed'
  readonly error?: string
  /** What is under way. */
  readonly operation?: string
  readonly [field: string]: unknown
}

interface Page {
  readonly items: readonly CloudObject[]
  readonly next?: string
}

const PAGE_SIZE = 500
/** What refusals mean in this cloud: some heal with time, one when something else goes. */
const MEANINGS: Readonly<Record<string, FailureClass>> = {
  busy: 'waiting',
  wrong_power_state: 'waiting',
  locked: 'waiting',
  not_now: 'waiting',
  quota_exceeded: 'quota',
}

/** Calls of the simulated cloud's API. */
export class SimulatorClient {
  readonly #http: HttpClient

  constructor(account: Account<{ endpoint: string }, { token: string }>) {
    const { token } = account.credentials
    this.#http = new HttpClient({
      baseUrl: `${account.settings.endpoint.replace(/\/+$/, '')}/v1`,
      account,
      headers: () => ({ authorization: `Bearer ${token}` }),
      secrets: [token],
      classify,
    })
  }

  async check(context: CallContext): Promise<{ readonly account: string }> {
    const { name } = await this.#http.call<{ name: string }>({ method: 'GET', path: '/account' }, context)
    return { account: name }
  }

  async tagged(type: string, tag: string, context: CallContext): Promise<readonly CloudObject[]> {
    return (await this.#http.call<Page>({ method: 'GET', path: `/${type}`, query: { tag } }, context)).items
  }

  find(type: string, id: string, context: CallContext): Promise<CloudObject | undefined> {
    return orMissing(this.#http.call<CloudObject>({ method: 'GET', path: `/${type}/${encodeURIComponent(id)}` }, context))
  }

  create(type: string, body: Readonly<Record<string, unknown>>, context: CallContext): Promise<CloudObject> {
    return this.#http.call({ method: 'POST', path: `/${type}`, body }, context)
  }

  async change(type: string, id: string, body: Readonly<Record<string, unknown>>, context: CallContext): Promise<void> {
    await this.#http.call({ method: 'PATCH', path: `/${type}/${id}`, body }, context)
  }

  async act(
    id: string,
    action: 'start' | 'stop' | 'restart',
    body: Readonly<Record<string, unknown>>,
    context: CallContext,
  ): Promise<void> {
    await this.#http.call({ method: 'POST', path: `/servers/${id}/${action}`, body }, context)
  }

  async delete(type: string, id: string, context: CallContext): Promise<void> {
    await orMissing(this.#http.call({ method: 'DELETE', path: `/${type}/${id}` }, context))
  }

  async *list(type: string, tagPrefix: string, context: CallContext): AsyncGenerator<CloudObject> {
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const query = { tag_prefix: tagPrefix, limit: PAGE_SIZE, cursor: cursor || undefined }
      const page: Page = await this.#http.call<Page>({ method: 'GET', path: `/${type}`, query }, context)
      yield* page.items
      cursor = page.next
    }
  }

  close(): Promise<void> {
    return this.#http.close()
  }
}

function classify(_status: number, body: unknown): FailureClass | undefined {
  const code = (body as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? MEANINGS[code] : undefined
}
