import { get } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

interface Backend {
  readonly port: number
  /** Asked whether it takes connections. */
  readonly healthUrl: string
}

const PROBE_MS = 200

/** A Service in front of pods: new connections go to who is ready, one after the other; those that are open stay where they are. */
export async function startBalancer() {
  const backends = new Map<Backend, { isReady: boolean }>()
  const sockets = new Set<Socket>()
  const stop = new AbortController()
  let next = 0
  const server = createServer((near) => {
    const ready = [...backends].filter(([, { isReady }]) => isReady)
    const chosen = ready[next++ % ready.length]?.[0]
    if (chosen === undefined) return void near.resetAndDestroy()
    const far = connect(chosen.port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket)).on('error', () => (near.destroy(), far.destroy()))
    }
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const probing = (async () => {
    while (!stop.signal.aborted) {
      await Promise.all([...backends].map(async ([{ healthUrl }, state]) => (state.isReady = await isReady(healthUrl))))
      await sleep(PROBE_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  })()
  return {
    port: (server.address() as AddressInfo).port,
    add: (backend: Backend) => void backends.set(backend, { isReady: false }),
    /** How many it would choose from. */
    ready: () => [...backends.values()].filter(({ isReady }) => isReady).length,
    async close() {
      stop.abort()
      await probing
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function isReady(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${url}/readyz`, { agent: false, timeout: 1_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
}
