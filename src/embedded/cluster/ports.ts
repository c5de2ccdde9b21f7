import { createServer } from 'node:net'

/** `preferred` when nobody listens there, else a free port of 127.0.0.1. */
async function freePort(preferred = 0): Promise<number> {
  return (await probe(preferred)) ?? (await probe(0)) ?? preferred
}

function probe(port: number): Promise<number | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}

/** Free ports for all names at once (so that they differ), as they were the last time where possible. */
export async function freePorts<N extends string>(names: readonly N[], last: Partial<Record<N, number>>): Promise<Record<N, number>> {
  const found: [N, number][] = []
  for (const name of names) {
    let port = await freePort(last[name])
    while (found.some(([, taken]) => taken === port)) port = await freePort()
    found.push([name, port])
  }
  return Object.fromEntries(found) as Record<N, number>
}
