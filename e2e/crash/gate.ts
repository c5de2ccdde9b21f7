import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Dispatcher, Pool } from 'undici'

/** A request on its way through a gate. */
export interface Crossing {
  readonly method: string
  /** With query. */
  readonly path: string
  readonly body: string
}

/** What becomes of a request, or of its answer: it goes on, or its connection ends and nobody ever learns. */
export type Verdict = 'on' | 'lost'

interface GateOptions {
  /** Origin of the server behind it; absent: as {@link Gate.lead} says, and nothing gets through before. */
  readonly target?: string
  readonly ca?: Buffer
  /** Asked with a whole request, before it reaches the server, and may take its time. */
  readonly onRequest: (crossing: Crossing) => Promise<Verdict>
  /** The same with the status of the server's answer, before that goes back. */
  readonly onAnswer: (crossing: Crossing, status: number) => Promise<Verdict>
}

/** An HTTP proxy in front of one server, which knows each request before the server does and each answer before the caller. */
export class Gate {
  readonly #options: GateOptions
  #pool: Pool | undefined
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((request, response) => void this.#serve(request, response).catch(() => response.destroy()))

  private constructor(options: GateOptions) {
    this.#options = options
    if (options.target !== undefined) this.lead(options.target)
    this.#server.keepAliveTimeout = 60_000
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async open(options: GateOptions): Promise<Gate> {
    const gate = new Gate(options)
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve))
    return gate
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Where the server is, of which nobody knew when the gate was opened. */
  lead(target: string): void {
    const { ca } = this.#options
    this.#pool = new Pool(target, { ...(ca === undefined ? {} : { connect: { ca } }), headersTimeout: 0, bodyTimeout: 0 })
  }

  /** Resets every connection of callers; what reached the server is done there all the same. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    await this.#pool?.destroy()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const crossing = { method: request.method ?? 'GET', path: request.url ?? '/', body: await textOf(request) }
    if ((await this.#options.onRequest(crossing)) === 'lost') return void response.destroy()
    // A caller that went away while the request was held up never sent it, as far as the server can know.
    if (response.destroyed) return
    if (this.#pool === undefined) return void response.destroy()
    const answer = await this.#pool.request({
      method: crossing.method as Dispatcher.HttpMethod,
      path: crossing.path,
      headers: kept(request.headers),
      body: crossing.body === '' ? null : crossing.body,
    })
    if (/[?&]watch=/.test(crossing.path)) {
      response.writeHead(answer.statusCode, kept(answer.headers))
      response.flushHeaders()
      response.once('close', () => answer.body.destroy())
      answer.body.on('error', () => response.destroy())
      return void answer.body.pipe(response)
    }
    const body = Buffer.from(await answer.body.arrayBuffer())
    if ((await this.#options.onAnswer(crossing, answer.statusCode)) === 'lost') return void response.destroy()
    response.writeHead(answer.statusCode, { ...kept(answer.headers), 'content-length': body.length })
    response.end(body)
  }
}

/** Headers without those of one connection. */
function kept<T extends object>(headers: T): Record<string, string | string[]> {
  const own = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect'])
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => value !== undefined && !own.has(name)))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
