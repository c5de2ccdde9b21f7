import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that misbehaves on demand: what networks and load balancers do to long connections. */
export async function startTcpProxy(targetPort: number) {
  const pairs = new Set<{ near: Socket; far: Socket; silent: boolean }>()
  let refusing = false
  let frozen = false
  const server = createServer((near) => {
    if (refusing) return void near.destroy()
    const far = connect(targetPort, '127.0.0.1')
    const pair = { near, far, silent: frozen }
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    near
      .on('data', (chunk) => pair.silent || far.write(chunk))
      .on('error', end)
      .on('close', end)
    far
      .on('data', (chunk) => pair.silent || near.write(chunk))
      .on('error', end)
      .on('close', end)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const drop = () => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy()
      far.destroy()
    }
  }
  return {
    port: (server.address() as AddressInfo).port,
    /** Resets every connection. */
    drop,
    /** Resets every connection and takes no new one until told. */
    refuse(on: boolean) {
      refusing = on
      if (on) drop()
    },
    /** The present connections carry nothing any more, and nobody is told; new ones work. */
    silence() {
      for (const pair of pairs) pair.silent = true
    },
    /** As `silence`, and new connections carry nothing either: an apiserver that was stopped, whose kernel goes on taking them. */
    freeze(on: boolean) {
      frozen = on
      if (on) for (const pair of pairs) pair.silent = true
    },
    get connections() {
      return pairs.size
    },
    async close() {
      drop()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
