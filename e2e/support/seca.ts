import { inject } from 'vitest'
import { pino } from 'pino'
import { createApp } from '../../src/api/app.ts'
import type { AppOptions, Attempt, Caller } from '../../src/api/contract.ts'
import { keepOwners } from '../../src/api/write/owners.ts'
import { Cache } from '../../src/cache/cache.ts'
import { Informers } from '../../src/cache/informers.ts'
import { KINDS } from '../../src/kinds/index.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { connect } from '../../src/kube/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { eventually, REGION } from './harness.ts'

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Envelope
}

/** A resource, a list or a problem document, as tests look at it. */
export interface Envelope {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly extensions?: Readonly<Record<string, string>>
  readonly metadata: { readonly name: string; readonly resourceVersion: number; readonly [field: string]: unknown }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status: {
    readonly state: string
    readonly conditions: readonly { readonly state: string; readonly lastTransitionAt: string }[]
    readonly [field: string]: unknown
  }
  readonly items: readonly Envelope[]
  readonly detail: string
  readonly sources: readonly { readonly pointer: string; readonly parameter: string }[]
}

export interface SendOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly as?: Caller
}

/** The API on the run's cluster, without sockets: one replica. */
export interface Replica {
  readonly cache: Cache
  readonly client: KubeClient
  /** Calls and decisions so far. */
  readonly attempts: Attempt[]
  send(method: string, path: string, options?: SendOptions): Promise<Reply>
  stop(): Promise<void>
}

export const ALICE: Caller = { door: 'direct', subject: 'alice', scope: {} }

export async function startReplica(options: { deny?: (attempt: Attempt) => boolean; peers?: AppOptions['peers'] } = {}): Promise<Replica> {
  const client = connect({ kubeconfig: inject('kubeconfig'), userAgent: 'seca-operator/e2e-api' })
  const cache = new Cache(KINDS, REGION, { digest: keepOwners })
  const log = pino({ level: 'silent' })
  const metrics = createMetrics()
  const informers = new Informers({ client, cache, log, metrics })
  const ended = new AbortController()
  const running = informers.run(ended.signal)
  await informers.whenSynced(ended.signal)
  const attempts: Attempt[] = []
  const app = createApp({
    cache,
    client,
    authorizer: {
      authorize: (_caller, attempt) => {
        attempts.push(attempt)
        return Promise.resolve({ isAllowed: options.deny?.(attempt) !== true, why: 'the test says so' })
      },
    },
    peers: options.peers ?? { confirm: () => Promise.resolve() },
    isSynced: () => informers.isSynced(),
    externalUrls: {},
    validationStatus: 422,
    log,
    metrics,
  })
  return {
    cache,
    client,
    attempts,
    async send(method, path, { body, headers = {}, as = ALICE } = {}) {
      const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
      const init = { method, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, ...content }
      const response = await app(new Request(`https://seca.test${path}`, init), as.door, () => Promise.resolve(as))
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as Envelope }
    },
    async stop() {
      ended.abort()
      await running
      await client.close()
    },
  }
}

/** Paths of one workspace's resources. */
export class Paths {
  readonly tenant: string
  readonly workspace: string
  constructor(tenant: string, workspace = 'prod') {
    this.tenant = tenant
    this.workspace = workspace
  }
  /** `seca.storage`, `block-storages/data` */
  in(api: string, rest: string): string {
    return `/providers/${api}/v1/tenants/${this.tenant}/workspaces/${this.workspace}/${rest}`
  }
  of(api: string, rest: string): string {
    return `/providers/${api}/v1/tenants/${this.tenant}/${rest}`
  }
}

/** Reads until the resource has the state; answers it. */
export async function until(replica: Pick<Replica, 'send'>, path: string, state: string): Promise<Envelope> {
  let last: Envelope | undefined
  await eventually(
    async () => {
      const reply = await replica.send('GET', path)
      last = reply.body
      if (reply.body.status?.state !== state) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body.status ?? reply.body)}`)
    },
    { everyMs: 30 },
  )
  return last!
}
