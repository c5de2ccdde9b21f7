import { BlockList } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { add, testCache } from '../../cache/testing.ts'
import { createAuthority, issue, type KeyPair } from '../../x509.ts'
import { MemoryServer } from '../../kube/memory-testing.ts'
import { until } from '../../kube/testing.ts'
import { readTls } from '../../mounted.ts'
import { createVolume } from '../../mounted-testing.ts'
import { createHandler } from './handler.ts'
import { startListener } from './listener.ts'
import { PeerSet } from './peers.ts'

const KEY = 'the secret of all replicas'
const SILENT = pino({ level: 'silent' })
const certificate = (authority: KeyPair) => issue(authority, { commonName: 'api', usages: ['server'], hosts: ['seca-api.seca-system.svc'] })

/** A replica with a listener of its own and a mounted certificate; `missed` are the writes that it got no answer about. */
async function replica(server: MemoryServer, identity: string, pair: KeyPair, keys: { of: readonly string[] }) {
  const volume = createVolume()
  const mount = ({ cert, key }: KeyPair) => volume.mount({ 'tls.crt': cert, 'tls.key': key })
  mount(pair)
  const tls = { certFile: volume.path('tls.crt'), keyFile: volume.path('tls.key') }
  const missed: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void (line.includes('did not confirm') && missed.push(line)) })
  const cache = testCache()
  const object = add(cache, 'BlockStorage', 'w', 'disk', {}, undefined, { uid: 'disk', resourceVersion: '1' })
  const late: { peers?: PeerSet } = {}
  const handler = createHandler({
    door: 'direct',
    app: () => Promise.resolve(new Response('none')),
    authenticator: () => Promise.reject(new Error('nobody')),
    plain: () => undefined,
    later: (query, head) => late.peers?.answer(query, head) ?? Promise.reject(new Error('too early')),
    trustedProxies: new BlockList(),
    validationStatus: 422,
    isDraining: () => false,
    log: SILENT,
  })
  const listener = await startListener({
    name: identity,
    host: '127.0.0.1',
    port: 0,
    tls,
    reloadMs: 20,
    handler,
    log: SILENT,
    beforeShown: ({ cert }) => late.peers?.show(cert) ?? Promise.resolve(),
  })
  const options = {
    client: server.client,
    cache,
    namespace: 'seca-system',
    identity,
    keys: () => keys.of,
    certificate: readTls(tls).cert,
    log,
  }
  const own = new PeerSet({ ...options, address: `https://127.0.0.1:${listener.port}` })
  late.peers = own
  const stop = new AbortController()
  const running = own.run(stop.signal)
  onTestFinished(async () => {
    await listener.stop(100)
    stop.abort()
    await running
    volume.remove()
  })
  await until(() => own.trouble() === undefined)
  const { metadata } = object
  const confirm = () => own.confirm({ kind: 'BlockStorage', key: 'w/disk', resourceVersion: metadata.resourceVersion, uid: metadata.uid })
  return { mount, confirm, missed, port: listener.port }
}

/** Announced certificates of a replica, as its Lease has them. */
const certificatesOf = (server: MemoryServer, identity: string) =>
  server
    .all({ group: 'coordination.k8s.io', version: 'v1', resource: 'leases', kind: 'Lease', namespaced: true })
    .flatMap(({ metadata }) =>
      metadata.name === `seca-api-${identity}` ? (metadata.annotations?.['secapi.cloud/api-certificates']?.match(/BEGIN/g) ?? []) : [],
    ).length

describe('two replicas whose certificates are replaced', () => {
  it('confirm each other at every moment, also when the CA is another one', async () => {
    const server = new MemoryServer()
    const [first, second] = [certificate(createAuthority('ca-1')), certificate(createAuthority('ca-2'))]
    const keys = { of: [KEY] }
    const [a, b] = [await replica(server, 'a', first, keys), await replica(server, 'b', first, keys)]
    let isOver = false
    let confirmed = 0
    const writing = (async () => {
      for (; !isOver; confirmed++) {
        await Promise.all([a.confirm(), b.confirm()])
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    await until(() => confirmed > 10)
    // The volumes of two pods follow a Secret minutes apart.
    a.mount(second)
    await until(() => certificatesOf(server, 'a') === 2)
    const told = confirmed
    await until(() => confirmed > told + 300)
    b.mount(second)
    await until(() => certificatesOf(server, 'b') === 2)
    const end = confirmed
    await until(() => confirmed > end + 300)
    isOver = true
    await writing
    // A machine that is busy with other work may not answer within a second: that says nothing about certificates.
    const missed = [a, b].flatMap((one) => one.missed.filter((line) => !line.includes('aborted')))
    expect(missed).toEqual([])
  })

  it('do so while the key that they share is replaced', async () => {
    const server = new MemoryServer()
    const pair = certificate(createAuthority('ca'))
    const [ofA, ofB] = [{ of: [KEY] }, { of: [KEY] }]
    const [a, b] = [await replica(server, 'a', pair, ofA), await replica(server, 'b', pair, ofB)]
    const both = () => Promise.all([a.confirm(), b.confirm()])
    await both()
    ofA.of = ['the next secret of all', KEY]
    await both()
    ofB.of = ['the next secret of all', KEY]
    ofA.of = ['the next secret of all']
    await both()
    expect([a.missed, b.missed]).toEqual([[], []])
    // Whoever shares none is not believed, and believes nobody.
    ofB.of = ['the secret of a stranger']
    await both()
    expect([a.missed.length, b.missed.length]).toEqual([1, 1])
  })

  it('do not believe a certificate that nobody announced', async () => {
    const server = new MemoryServer()
    const [ours, theirs] = [certificate(createAuthority('ca')), certificate(createAuthority('ca'))]
    const keys = { of: [KEY] }
    const a = await replica(server, 'a', ours, keys)
    const thief = await replica(server, 'b', theirs, { of: ['the secret of a stranger'] })
    await a.confirm()
    expect(a.missed).toHaveLength(1)
    expect(a.missed[0]).toMatch(/self-signed|unable to verify|no replica announced|CERT/i)
    expect(thief.port).toBeGreaterThan(0)
  })
})
