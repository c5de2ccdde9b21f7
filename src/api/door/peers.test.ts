import { createHmac } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createAuthority, issue } from '../../x509.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { KubeClient } from '../../kube/client.ts'
import { add, testCache } from '../../cache/testing.ts'
import { headersOf } from '../identity/head.ts'
import { PeerSet, untilHere } from './peers.ts'

const KEY = 'a secret of all replicas'
const QUERY = 'kind=BlockStorage&key=w%2Fdisk&version=1'

function start() {
  const cache = testCache()
  const peers = new PeerSet({
    client: {} as KubeClient,
    cache,
    namespace: 'seca-system',
    identity: 'a',
    address: 'https://127.0.0.1:1',
    keys: () => [KEY],
    certificate: issue(createAuthority('ca'), { commonName: 'api', usages: ['server'] }).cert,
    log: pino({ level: 'silent' }),
  })
  const ask = async (rawHeaders: readonly string[], query = QUERY) =>
    (await peers.answer(query, { headers: headersOf(rawHeaders), socket: {} as TLSSocket })).status
  return { cache, ask }
}
const sign = (time: string, query = QUERY, key = KEY) => `${time}.${createHmac('sha256', key).update(`${time}\n${query}`).digest('hex')}`

describe('another replica', () => {
  it('is believed with a signature of this minute and this question', async () => {
    const { cache, ask } = start()
    add(cache, 'BlockStorage', 'w', 'disk', {})
    const now = String(Date.now())
    expect(await ask(['x-seca-peer', sign(now)])).toBe(204)
    expect(await ask(['X-Seca-Peer', sign(now, `${QUERY}0`)])).toBe(401)
    expect(await ask(['x-seca-peer', sign(now, QUERY, 'another secret')])).toBe(401)
    expect(await ask(['x-seca-peer', sign(String(Date.now() - 31_000))])).toBe(401)
    expect(await ask(['x-seca-peer', sign(now), 'x-seca-peer', sign(now)])).toBe(401)
    expect(await ask(['x-seca-peer', sign('NaN')])).toBe(401)
  })

  it.each([
    [[]],
    [['x-seca-peer', '']],
    [['x-seca-peer', '.']],
    [['x-seca-peer', `${Date.now()}.${'ä'.repeat(64)}`]],
    [['x-seca-peer', `${Date.now()}.${'\u00ff'.repeat(32)}${'0'.repeat(32)}`]],
    [['x-seca-peer', `${Date.now()}.${'0'.repeat(64)}`]],
    [['x-seca-peer', `${Date.now()}.${'F'.repeat(64)}`]],
    [['x-seca-peer', `ä.${'0'.repeat(64)}`]],
    [['x-seca-peer', `Infinity.${'0'.repeat(64)}`]],
    [['x-seca-peer', `${Date.now()}.${'0'.repeat(30_000)}`]],
  ])('is not believed with %j', async (headers) => {
    expect(await start().ask(headers)).toBe(401)
  })

  it('is never believed with what is no signature, and nothing that it sends is an error', async () => {
    const { ask } = start()
    const text = (minLength: number, maxLength: number) =>
      fc.array(fc.nat(0xffff), { minLength, maxLength }).map((codes) => String.fromCharCode(...codes))
    const time = fc.oneof(fc.constant(String(Date.now())), text(0, 20))
    const signature = fc.oneof(
      text(64, 64),
      text(0, 70),
      fc.nat().map((one) => one.toString(16).padStart(64, '0')),
    )
    const value = fc.oneof(
      text(0, 100),
      fc.tuple(time, signature).map((parts) => parts.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 3 }), fc.string(), async (values, query) => {
        expect(
          await ask(
            values.flatMap((one) => ['x-seca-peer', one]),
            query,
          ),
        ).toBe(401)
      }),
    )
  })

  it('may ask for anything once it is believed', async () => {
    const { ask } = start()
    for (const query of ['', 'kind=Nothing', 'kind=__proto__&key=x', 'kind=Role&key=&version=NaN&gone'])
      expect([202, 204]).toContain(await ask(['x-seca-peer', sign(String(Date.now()), query)], query))
  })
})

describe('what was written is here', () => {
  const written = ({ metadata }: Resource, isDelete?: true) => ({
    kind: 'BlockStorage',
    key: 'w/disk',
    resourceVersion: metadata.resourceVersion,
    uid: metadata.uid,
    ...(isDelete && { isDelete }),
  })
  const later = (work: () => void) => void setTimeout(work, 20)

  it('with its version or a later one, of whatever object', async () => {
    const cache = testCache()
    const old = add(cache, 'BlockStorage', 'w', 'disk', {})
    const version = Number(old.metadata.resourceVersion)
    expect(await untilHere(cache, written(old))).toBe(true)
    expect(await untilHere(cache, { ...written(old), resourceVersion: String(version + 10_000) })).toBe(false)
    const next = { ...written(old), resourceVersion: String(version + 1) }
    later(() => add(cache, 'BlockStorage', 'w', 'disk', { sizeGB: 2 }))
    expect(await untilHere(cache, next)).toBe(true)
    expect(await untilHere(testCache(), next)).toBe(false)
  })

  it('when it came and went meanwhile', async () => {
    const cache = testCache()
    const object = add(cache, 'BlockStorage', 'w', 'disk', {})
    cache.store('BlockStorage').remove({ ...object, metadata: { ...object.metadata, resourceVersion: '9999' } })
    expect(await untilHere(cache, { ...written(object), resourceVersion: '9998' })).toBe(true)
    expect(await untilHere(cache, { ...written(object), uid: 'of another' })).toBe(false)
  })

  it('after a deletion: only when the object is gone, or another has its name', async () => {
    const cache = testCache()
    const object = add(cache, 'BlockStorage', 'w', 'disk', {})
    expect(await untilHere(cache, written(object, true))).toBe(false)
    // Its last version is no deletion.
    later(() => add(cache, 'BlockStorage', 'w', 'disk', { sizeGB: 2 }))
    expect(await untilHere(cache, written(object, true))).toBe(false)
    later(() => cache.store('BlockStorage').remove({ ...object, metadata: { ...object.metadata, resourceVersion: '9999' } }))
    expect(await untilHere(cache, written(object, true))).toBe(true)
    expect(cache.get('BlockStorage', 'w/disk')).toBeUndefined()
    add(cache, 'BlockStorage', 'w', 'disk', {}, undefined, { uid: 'second', resourceVersion: '10000' })
    expect(await untilHere(cache, written(object, true))).toBe(true)
  })
})
