import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { KubeClient } from './client.ts'
import type { Clock } from './clock.ts'
import { Credentials, type Session } from './credentials.ts'
import type { GroupVersionResource, KubeObject } from './gvr.ts'
import { Transport } from './transport.ts'

/** Helpers of this folder's tests. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Ends the answer with this JSON. */
  json(status: number, body: unknown, headers?: Record<string, string>): void
  /** Sends watch events as lines and keeps the answer open. */
  events(...events: unknown[]): void
}

export const silentLog = pino({ level: 'silent' })

export const CONFIG_MAPS: GroupVersionResource = { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', namespaced: true }

/** Credentials that never change. */
export const fixed = (session: Session): Credentials =>
  new Credentials({ load: () => Promise.resolve(session), files: () => [], expires: false })

/** An HTTP server that answers as the handler says, and a client of it. */
export async function serve(handler: (seen: Seen) => void, options: { timeoutMs?: number; port?: number } = {}) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('error', () => undefined)
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const entry: Seen = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        body,
        request,
        response,
        json: (status, answer, headers) =>
          response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answer)),
        events: (...events) => {
          if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' })
          for (const event of events) response.write(`${JSON.stringify(event)}\n`)
        },
      }
      seen.push(entry)
      handler(entry)
    })
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const credentials = fixed({ server: `http://127.0.0.1:${port}`, tls: {}, headers: { authorization: 'Bearer canary-token' } })
  const transport = new Transport({
    credentials,
    userAgent: 'test',
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  })
  const client = new KubeClient(transport)
  const close = async () => {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { client, transport, seen, port, server, close }
}

/** Waits for a condition in real time: only ever as long as it takes. */
export async function until(condition: () => boolean, what = 'condition', timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out waiting for ${what}`)
    await sleep(2)
  }
}

/** Time that moves only when told. */
export class FakeClock implements Clock {
  #now = 0
  #sleepers: { at: number; wake: () => void }[] = []
  now(): number {
    return this.#now
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const sleeper = { at: this.#now + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        resolve()
      })
    })
  }
  get sleeping(): number {
    return this.#sleepers.length
  }
  advance(ms: number): void {
    this.#now += ms
    const due = this.#sleepers.filter(({ at }) => at <= this.#now)
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now)
    for (const { wake } of due) wake()
  }
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export function configMap(
  name: string,
  version: number,
  options: { uid?: string; namespace?: string; data?: Record<string, string>; labels?: Record<string, string> } = {},
): ConfigMap {
  const { uid = `uid-${name}`, namespace = 'ns', data, labels } = options
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, uid, resourceVersion: String(version), ...(labels && { labels }), managedFields: [{ manager: 'x' }] },
    ...(data && { data }),
  }
}
