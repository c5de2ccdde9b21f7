import { connect, type AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { SimulatorAdmin } from '../../providers/simulator/admin.ts'
import { startSimulator } from '../../providers/simulator/server.ts'
import { createAuthority, issue } from '../../src/x509.ts'

/** A simulated cloud that pods reach: outside of their cluster, over HTTPS. */
export interface OutsideCloud {
  readonly url: string
  /** PEM of who vouches for it. */
  readonly ca: string
  readonly token: string
  readonly admin: SimulatorAdmin
  stop(): Promise<void>
}

export async function startOutsideCloud(host: string): Promise<OutsideCloud> {
  const [token, adminToken] = ['customer', 'administrator']
  const inside = await startSimulator({ port: 0, latencyMs: 20, token, adminToken })
  const authority = createAuthority('cloud')
  const server = createServer(issue(authority, { commonName: 'cloud', usages: ['server'], hosts: [host] }), (socket) => {
    const onward = connect(Number(new URL(inside.url).port), '127.0.0.1')
    for (const one of [socket, onward]) one.on('error', () => void (socket.destroy(), onward.destroy()))
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return {
    url: `https://${host}:${(server.address() as AddressInfo).port}`,
    ca: authority.cert,
    token,
    admin: new SimulatorAdmin({ url: inside.url, adminToken }),
    async stop() {
      server.close()
      await inside.stop()
    },
  }
}
