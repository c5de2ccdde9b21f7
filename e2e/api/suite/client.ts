import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, call, type CallOptions } from '../../support/api.ts'

/**
 * How long the Go SDK waits for a state: `delay`, a look, then pauses of `interval` that halve from look to look. So all its patience is
 * delay + 2 × interval, however many attempts it has.
 */
export interface Patience {
  readonly delayMs: number
  readonly intervalMs: number
  readonly maxAttempts: number
  /** What the next pause is of the last one: 0.5 in the SDK. */
  readonly factor: number
}

/**
 * The ecosystem's reference control plane is tested with delay 0 and interval 1 s: `SECA_SUITE_IMPATIENT=1 npm run e2e -- suite` is as
 * impatient. By default the machine may be busy with other tests.
 */
export const PATIENCE: Patience =
  process.env['SECA_SUITE_IMPATIENT'] === '1'
    ? { delayMs: 0, intervalMs: 1_000, maxAttempts: 10, factor: 0.5 }
    : { delayMs: 0, intervalMs: 500, maxAttempts: 40, factor: 1 }

/** Looks until `accept` answers something; what was seen last when patience ends. */
export async function observe<T>(
  patience: Patience,
  look: () => Promise<Answer>,
  accept: (answer: Answer) => T | undefined,
): Promise<{ found: T; last: Answer } | { found?: undefined; last: Answer }> {
  await sleep(patience.delayMs)
  for (let attempt = 1, pause = patience.intervalMs; ; attempt++, pause *= patience.factor) {
    const last = await look()
    const found = accept(last)
    if (found !== undefined) return { found, last }
    if (attempt >= patience.maxAttempts) return { last }
    await sleep(pause)
  }
}

/** A client of one door: knows the URLs of the global APIs, and finds the regional ones in the region, as the SDK does. */
export class SuiteClient {
  readonly #urls: Map<string, string>
  readonly #token: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 })

  private constructor(urls: Map<string, string>, token: string) {
    this.#urls = urls
    this.#token = token
  }

  static async connect(door: { global: (api: string) => string; token: string }, region: string): Promise<SuiteClient> {
    const urls = new Map(['seca.region', 'seca.authorization'].map((api) => [api, door.global(api)]))
    const client = new SuiteClient(urls, door.token)
    const answer = await client.send('seca.region', `/v1/regions/${region}`)
    const { providers } = answer.json<{ spec: { providers: { name: string; url: string }[] } }>().spec
    for (const { name, url } of providers) urls.set(name, url)
    return client
  }

  /** One request to an API; `path` begins with the version. */
  send(api: string, path: string, options: Pick<CallOptions, 'method' | 'body' | 'headers'> = {}): Promise<Answer> {
    const { headers, ...rest } = options
    const all = { accept: 'application/json', ...headers }
    return call(`${this.#urls.get(api)}${path}`, { ...rest, headers: all, token: this.#token, agent: this.#agent })
  }

  close(): void {
    this.#agent.destroy()
  }
}
