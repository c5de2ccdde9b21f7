import { pino } from 'pino'
import type { Cache } from '../cache/cache.ts'
import type { KubeClient } from '../kube/client.ts'
import { createMetrics } from '../observe/metrics.ts'
import { createApp } from './app.ts'
import type { AppOptions, Attempt, Caller, Door } from './contract.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly bytes: Uint8Array
  // Tests look into it freely.
  readonly json: Readonly<Record<string, unknown>>
}

export interface TestApp {
  call(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string>; door?: Door; subject?: string },
  ): Promise<Answer>
  /** Every decision that was asked for. */
  readonly attempts: Attempt[]
}

const CALLER: Caller = { door: 'direct', subject: 'alice', scope: {} }

/** For tests: the application with an authorizer that allows everything unless told otherwise, called without a socket. */
export function testApp(
  cache: Cache,
  overrides: Partial<AppOptions> & { readonly now?: () => number; readonly deny?: (attempt: Attempt) => boolean } = {},
): TestApp {
  const { deny, ...options } = overrides
  const attempts: Attempt[] = []
  const app = createApp({
    cache,
    client: {} as KubeClient,
    authorizer: {
      authorize: (_caller, attempt) => {
        attempts.push(attempt)
        return Promise.resolve({ isAllowed: deny?.(attempt) !== true, why: 'the test says so' })
      },
    },
    peers: { confirm: () => Promise.resolve() },
    isSynced: () => true,
    externalUrls: {},
    validationStatus: 422,
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    ...options,
  })
  return {
    attempts,
    async call(method, path, { body, headers = {}, door = 'direct', subject = 'alice' } = {}) {
      const hasBody = body !== undefined
      const init = {
        method,
        headers: { ...(hasBody ? { 'content-type': 'application/json' } : {}), ...headers },
        ...(hasBody ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
      }
      const response = await app(new Request(`https://seca.test${path}`, init), door, () =>
        Promise.resolve({ ...CALLER, door, subject } as Caller),
      )
      const bytes = new Uint8Array(await response.arrayBuffer())
      const text = new TextDecoder().decode(bytes)
      const isJson = (response.headers.get('content-type') ?? '').includes('json') && !response.headers.has('content-encoding')
      return { status: response.status, headers: response.headers, text, bytes, json: isJson && text !== '' ? JSON.parse(text) : {} }
    },
  }
}
