import { beforeEach, expect, test } from 'vitest'
import { KUBERNETES } from '../kube/builtin.ts'
import { NAMESPACE, DutiesWorld } from './testing.ts'

const DAY_MS = 86_400_000
const SECRET = 'seca-api-tls'
const config = { tlsSecret: SECRET, tlsManaged: true }

let world: DutiesWorld
beforeEach(() => void (world = new DutiesWorld()))
const secret = (name = SECRET) => world.read<{ data: Record<string, string>; metadata: object }>(KUBERNETES.Secret, NAMESPACE, name)
const change = (data: Record<string, string | null>, name = SECRET) => world.server.change('Secret', NAMESPACE, name, { data })

test('it is made with its CA, whose key is in a Secret of its own, and left alone until it is due', async () => {
  expect(await world.look(config)).toEqual([`create secrets ${NAMESPACE}/${SECRET}-ca`, `create secrets ${NAMESPACE}/${SECRET}`])
  expect(Object.keys(secret()?.data ?? {}).toSorted()).toEqual(['ca.crt', 'peer.key', 'tls.crt', 'tls.key'])
  expect(secret()?.data['tls.key']).not.toBe(secret(`${SECRET}-ca`)?.data['tls.key'])
  expect(await world.look(config)).toEqual([])
  world.now += 61 * DAY_MS
  expect(await world.look(config)).toEqual([`patch secrets ${NAMESPACE}/${SECRET}`])
})

test('it is looked at once a minute while all is well, by name', async () => {
  await world.look(config)
  const before = world.server.seen.length
  await world.looks(
    config,
    Array(12).fill(() => undefined),
  )
  const seen = world.server.seen.slice(before)
  expect(seen).toHaveLength(6)
  expect(seen.map(({ verb }) => verb)).toEqual(Array(6).fill('get'))
})

test('it is made anew when it is deleted, by the same CA', async () => {
  await world.look(config)
  const before = secret(`${SECRET}-ca`)
  await world.server.client.delete(KUBERNETES.Secret, NAMESPACE, SECRET)
  expect(await world.look(config)).toEqual([`create secrets ${NAMESPACE}/${SECRET}`])
  expect(secret(`${SECRET}-ca`)).toEqual(before)
})

test.each([
  ['half written', () => change({ 'tls.key': null })],
  ['damaged', () => change({ 'tls.crt': 'bm9uZQ==' })],
  ['emptied', () => change({ 'tls.crt': null, 'tls.key': null, 'ca.crt': null })],
])('a Secret of ours that was %s is made whole, and the secret of the replicas stays', async (_what, spoil) => {
  await world.look(config)
  const peer = secret()?.data['peer.key']
  spoil()
  expect(await world.look(config)).toEqual([`patch secrets ${NAMESPACE}/${SECRET}`])
  expect(secret()?.data['peer.key']).toBe(peer)
  expect(await world.look(config)).toEqual([])
})

test('a certificate that somebody else made is never overwritten, and that is told', async () => {
  const data = { 'tls.crt': 'dGhlaXJz', 'tls.key': 'dGhlaXJz' }
  world.server.add({ apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET, namespace: NAMESPACE }, data } as never)
  expect(await world.looks(config, [() => undefined, () => undefined])).toEqual([[], [], []])
  expect(secret()?.data).toEqual(data)
  expect(world.told.map(({ message }) => message)).toEqual([expect.stringContaining('somebody else made')])
  expect(JSON.stringify(world.told)).not.toContain('dGhlaXJz')
})

test('without --tls-managed nothing is written', async () => {
  expect(await world.look({ tlsSecret: 'theirs' })).toEqual([])
})

test('of two that lead for a moment the slower one writes nothing over the other', async () => {
  await world.look(config)
  world.now += 61 * DAY_MS
  let theirs: unknown
  world.server.beforeWrite = () => {
    world.server.beforeWrite = () => undefined
    change({ 'tls.crt': 'dGhlaXJz' })
    theirs = secret()
  }
  await world.look(config)
  expect(secret()).toEqual(theirs)
  expect(world.told).toEqual([])
})

test('leadership that ends between the two Secrets leaves the second to who leads next, who makes one of the same CA', async () => {
  world.server.beforeWrite = () => (world.leads = false) as never
  expect(await world.look(config)).toEqual([`create secrets ${NAMESPACE}/${SECRET}-ca`])
  world.leads = true
  world.server.beforeWrite = () => undefined
  expect(await world.look(config)).toEqual([`create secrets ${NAMESPACE}/${SECRET}`])
})
