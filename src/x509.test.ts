import { createServer } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createAuthority, issue } from './x509.ts'

describe('certificates', () => {
  const authority = createAuthority('test-ca')

  it('are signed by their authority and say who they are for', () => {
    const leaf = issue(authority, {
      commonName: 'ann',
      organizations: ['one', 'two'],
      usages: ['client', 'server'],
      hosts: ['127.0.0.1', 'localhost', '2001:db8::7'],
    })
    const [parent, child] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)]
    expect(parent.ca).toBe(true)
    expect(child.ca).toBe(false)
    expect(child.verify(parent.publicKey)).toBe(true)
    expect(child.checkIssued(parent)).toBe(true)
    expect(child.subject).toBe('O=one\nO=two\nCN=ann')
    expect(child.subjectAltName).toBe('IP Address:127.0.0.1, DNS:localhost, IP Address:2001:DB8:0:0:0:0:0:7')
    expect(child.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'])
    expect(child.validToDate.getTime() - Date.now()).toBeGreaterThan(9 * 365 * 86_400_000)
  })

  it('carry a mutual TLS connection, and one of another authority is refused', async () => {
    const server = issue(authority, { commonName: 'server', usages: ['server'], hosts: ['127.0.0.1'] })
    const client = issue(authority, { commonName: 'client', usages: ['client'] })
    const stranger = issue(createAuthority('test-ca'), { commonName: 'client', usages: ['client'] })
    const listener = createServer({ ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: false }, (socket) =>
      socket.end(`${socket.authorized}`),
    ).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const ask = async (identity: { cert: string; key: string }) => {
      const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, ...identity })
      const [answer] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      return answer.toString()
    }
    expect(await ask(client)).toBe('true')
    expect(await ask(stranger)).toBe('false')
    listener.close()
  })
})
