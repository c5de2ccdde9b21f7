import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request to the cloud of one account, as it came by. */
export interface Call {
  readonly account: string
  readonly method: string
  /** Identity of the replica that made it. */
  readonly caller: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Stands between controllers and a cloud, with a door for each account, and notes who came through which. Changes nothing. */
export async function startRecorder(cloudUrl: string) {
  const { hostname, port } = new URL(cloudUrl)
  const onward = new Agent({ keepAlive: true })
  const calls: Call[] = []
  const doors: ReturnType<typeof createServer>[] = []
  return {
    calls,
    /** URL of the cloud's API for one account. */
    async door(account: string): Promise<string> {
      const server = createServer((come, answer) => {
        const { method = '', url: path = '', headers } = come
        calls.push({ account, method, caller: /\((.+)\)/.exec(headers['user-agent'] ?? '')?.[1] ?? '', at: Date.now() })
        const far = request({ hostname, port, path, method, headers, agent: onward }, (reply) => {
          answer.writeHead(reply.statusCode ?? 502, reply.headers)
          reply.pipe(answer)
        })
        far.on('error', () => answer.destroy())
        answer.on('close', () => void (answer.writableEnded || far.destroy()))
        come.pipe(far)
      })
      // Longer than a process is stopped for: what it does first then may not end at a connection that is closed.
      server.keepAliveTimeout = 120_000
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      doors.push(server)
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    async stop(): Promise<void> {
      onward.destroy()
      await Promise.all(
        doors.map((server) => {
          server.closeAllConnections()
          return new Promise((resolve) => server.close(resolve))
        }),
      )
    },
  }
}
