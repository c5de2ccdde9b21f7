import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createAuthority, issue } from '../../src/x509.ts'
import { createBudget } from '../../src/provider/budget.ts'
import { simulator } from './index.ts'
import { startSimulator } from './server.ts'

let server: Server | undefined
afterEach(() => void server?.close())

const open = (settings: { readonly endpoint: string; readonly ca?: string }) =>
  simulator.connect({
    region: 'eu-1',
    cloudRegion: 'eu-1',
    settings: { characters: ['neat'], ...settings },
    credentials: { token: 'customer' },
    ...createBudget({ requestsPerSecond: 100, burst: 100 }),
  })
const context = { signal: new AbortController().signal } as never

async function connectionTo(answer: unknown) {
  const listening = createServer((_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)))
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  return open({ endpoint })
}

test.each([{ answer: {} }, { answer: { name: 'somebody else' } }, { answer: [] }])(
  'an endpoint of something else is told: $answer',
  async ({ answer }) => {
    const connection = await connectionTo(answer)
    await expect(connection.check(context)).rejects.toThrow('is no simulator of this version')
    await connection.close()
  },
)

test('over HTTPS it is known by the CA of the settings, and by no other', async () => {
  const authority = createAuthority('cloud')
  const { cert, key } = issue(authority, { commonName: 'cloud', usages: ['server'], hosts: ['127.0.0.1'] })
  const folder = mkdtempSync(join(tmpdir(), 'seca-cloud-'))
  const tls = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  writeFileSync(tls.certFile, cert)
  writeFileSync(tls.keyFile, key)
  const cloud = await startSimulator({ port: 0, host: '0.0.0.0', tls, latencyMs: 0, token: 'customer', adminToken: 'admin' })
  const endpoint = cloud.url.replace('0.0.0.0', '127.0.0.1')
  const [known, stranger] = [open({ endpoint, ca: authority.cert }), open({ endpoint, ca: createAuthority('other').cert })]
  expect(await known.check(context)).toEqual({ account: expect.any(String) })
  await expect(stranger.check(context)).rejects.toMatchObject({ failure: 'transient', message: expect.stringContaining('certificate') })
  await Promise.all([known.close(), stranger.close()])
  await cloud.stop()
})
