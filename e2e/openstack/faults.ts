import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ports, type ServiceName, SERVICES } from './bed/config.ts'

/** A request that went through. */
export interface Call {
  readonly service: ServiceName
  readonly method: string
  readonly path: string
  readonly status: number
  /** Of writes, what was sent and answered. */
  readonly body?: string
  readonly answer?: string
}

/** What happens to requests that match. */
export interface Fault {
  readonly service?: ServiceName
  readonly method?: string | readonly string[]
  readonly path?: RegExp
  /** How many pass first; none if absent. */
  readonly after?: number
  /** How many; absent: until it is taken back. */
  readonly times?: number
  readonly effect:
    | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
    | { readonly delayMs: number }
    /** Nothing is sent on; the service did it, and nobody hears of it; nobody ever answers. */
    | 'cut'
    | 'lose'
    | 'hang'
}

/** Somebody between a client and all services, who counts, and breaks what he is told to. The catalogue has to name its ports. */
export class Faults {
  readonly calls: Call[] = []
  readonly #faults = new Set<{ readonly fault: Fault; before: number; left: number }>()
  readonly #servers = new Map<ServiceName, Server>()
  #upstream: Ports | undefined

  /** Opens a port for each service; nothing gets through before {@link lead}. */
  async open(): Promise<Ports> {
    const ports = await Promise.all(
      SERVICES.map(async (service) => {
        const server = createServer((incoming, answer) => void this.#pass(service, incoming, answer).catch(() => answer.destroy()))
        this.#servers.set(service, server)
        await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
        return [service, (server.address() as AddressInfo).port] as const
      }),
    )
    return Object.fromEntries(ports) as Ports
  }

  /** Where the services are. */
  lead(upstream: Ports): void {
    this.#upstream = upstream
  }

  /** Answers how to take it back. */
  add(fault: Fault): () => void {
    const entry = { fault, before: fault.after ?? 0, left: fault.times ?? Infinity }
    this.#faults.add(entry)
    return () => void this.#faults.delete(entry)
  }

  /** Nobody listens at any of the ports, until {@link back}. */
  async away(): Promise<void> {
    for (const server of this.#servers.values()) {
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      await closed
    }
  }

  async back(ports: Ports): Promise<void> {
    for (const [service, server] of this.#servers) await new Promise<void>((done) => server.listen(ports[service], '127.0.0.1', done))
  }

  clear(): void {
    this.#faults.clear()
  }

  async close(): Promise<void> {
    await this.away()
  }

  #effectFor(service: ServiceName, { method = '', url = '' }: IncomingMessage): Fault['effect'] | undefined {
    for (const entry of this.#faults) {
      const { fault } = entry
      const isIt =
        (fault.service ?? service) === service && [fault.method ?? method].flat().includes(method) && (fault.path?.test(url) ?? true)
      if (!isIt || entry.before-- > 0) continue
      if (--entry.left <= 0) this.#faults.delete(entry)
      return fault.effect
    }
    return undefined
  }

  async #pass(service: ServiceName, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const effect = this.#effectFor(service, incoming)
    const { method = '', url: path = '' } = incoming
    if (effect === 'cut') return void answer.destroy()
    if (effect === 'hang') return
    if (typeof effect === 'object' && 'status' in effect) {
      this.calls.push({ service, method, path, status: effect.status })
      answer.writeHead(effect.status, { 'content-type': 'application/json', ...effect.headers })
      return void answer.end(JSON.stringify(effect.body ?? { error: { message: 'injected' } }))
    }
    if (typeof effect === 'object') await sleep(effect.delayMs)
    const { status, headers, body } = await this.#forward(service, incoming, Buffer.concat(chunks))
    const written = method === 'GET' ? {} : { body: Buffer.concat(chunks).toString(), answer: body.toString() }
    this.calls.push({ service, method, path, status, ...written })
    if (effect === 'lose') return void answer.destroy()
    answer.writeHead(status, headers)
    answer.end(body)
  }

  #forward(service: ServiceName, { method, url: path, headers }: IncomingMessage, body: Buffer) {
    const port = this.#upstream?.[service]
    return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
      const onward = request({ host: '127.0.0.1', port, method, path, headers }, async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk as Buffer)
        resolve({ status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(chunks) })
      })
      onward.once('error', reject)
      onward.end(body)
    })
  }
}
