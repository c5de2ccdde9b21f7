import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cache } from '../../src/cache/cache.ts'
import { Image } from '../../src/kinds/index.ts'
import type { Kind } from '../../src/kinds/kind.ts'
import { FINALIZER } from '../../src/kinds/names.ts'
import type { Resource } from '../../src/kinds/resource.ts'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { StaleError, Writer } from '../../src/reconcile/writer.ts'
import { adminClient } from '../support/harness.ts'

const kind: Kind = Image
const { signal } = new AbortController()
const client = adminClient()
const namespace = `writer-${randomBytes(4).toString('hex')}`
const errors: unknown[] = []

beforeAll(async () => {
  // No tenant's: controllers of other files make nothing of what is here.
  await client.create(KUBERNETES.Namespace, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
})
afterAll(async () => {
  // Controllers would keep what says that it was begun: they cannot know that no cloud has it.
  for await (const { items } of client.list<Resource>(kind.gvr, { namespace }))
    for (const { metadata } of items) {
      await client.patch(kind.gvr, namespace, metadata.name, { type: 'merge', body: { metadata: { finalizers: null } } })
      await client.delete(kind.gvr, namespace, metadata.name)
    }
  await client.delete(KUBERNETES.Namespace, undefined, namespace)
  await client.close()
})

/** A new image, and a writer that knows of it what it is given. */
async function setUp(metadata: object = {}) {
  const name = `i-${randomBytes(4).toString('hex')}`
  const body = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, ...metadata },
    spec: { blockStorageRef: { resource: 'block-storages/b' }, cpuArchitecture: 'amd64' },
  }
  const make = () => client.create<Resource>(kind.gvr, namespace, body)
  const cache = new Cache([kind], 'eu-1')
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(JSON.parse(line)) })
  const writer = new Writer(client, (of) => cache.store(of), { log })
  const seen = await make()
  const live = () => client.get<Resource>(kind.gvr, namespace, name)
  const edit = (label: string) =>
    client.patch(kind.gvr, namespace, name, { type: 'merge', body: { metadata: { labels: { edit: label } } } })
  const remove = async () => {
    await client.patch(kind.gvr, namespace, name, { type: 'merge', body: { metadata: { finalizers: null } } })
    await client.delete(kind.gvr, namespace, name)
  }
  return { seen, writer, live, edit, remove, make, name }
}
const status = (more: object = {}) => ({ state: 'creating', observedGeneration: 1, incarnation: 'mine', ...more })

describe('a real kube-apiserver', () => {
  it('takes a claim onto the version that it was decided on, and no other', async () => {
    const { seen, writer, edit, live } = await setUp()
    await edit('one')
    await expect(writer.claim(kind, seen, status(), signal)).rejects.toThrow(StaleError)
    expect((await live()).status?.incarnation).toBeUndefined()
    const claimed = await writer.claim(kind, await live(), status(), signal)
    expect(claimed).toMatchObject({
      status: { incarnation: 'mine' },
      metadata: { resourceVersion: (await live()).metadata.resourceVersion },
    })
    await expect(writer.claim(kind, seen, status({ incarnation: 'former leader' }), signal)).rejects.toThrow(StaleError)
    expect((await live()).status?.incarnation).toBe('mine')
  })

  it('lets what a call returned through a storm of edits, and the status after it', async () => {
    const { seen, writer, edit, live } = await setUp()
    const claimed = await writer.claim(kind, seen, status(), signal)
    let isStorm = true
    const storm = (async () => {
      for (let i = 0; isStorm; i++) await edit(String(i))
    })()
    const recorded = await writer.record(kind, claimed, status({ externalId: 'img-1' }))
    expect(recorded?.status).toMatchObject({ incarnation: 'mine', externalId: 'img-1' })
    isStorm = false
    await storm
    const stored = await writer.applyStatus(kind, recorded!, { ...recorded!.status, state: 'active' }, signal)
    expect(stored?.status).toMatchObject({ state: 'active', externalId: 'img-1' })
    expect((await live()).metadata.labels?.['edit']).toBeDefined()
  })

  it('lets no status through to a later object of the name', async () => {
    const { seen, writer, remove, make, live } = await setUp()
    const claimed = await writer.claim(kind, seen, status(), signal)
    await remove()
    await make()
    await expect(writer.claim(kind, claimed, status(), signal)).rejects.toThrow(StaleError)
    expect(await writer.applyStatus(kind, claimed, status({ state: 'active' }), signal)).toBeUndefined()
    expect(await writer.record(kind, claimed, status({ externalId: 'img-9' }))).toBeUndefined()
    expect((await live()).status?.incarnation).toBeUndefined()
    expect(errors).toContainEqual(expect.objectContaining({ externalId: 'img-9', reason: 'the object is gone' }))
  })

  it('keeps finalizers of others, set and taken at the same moment', async () => {
    const { seen, writer, live, name } = await setUp()
    const others = { type: 'merge', body: { metadata: { finalizers: ['backup.example.com/protect'] } } } as const
    await client.patch(kind.gvr, namespace, name, others)
    await expect(writer.addFinalizer(kind, seen, signal)).rejects.toThrow(StaleError)
    const added = await writer.addFinalizer(kind, await live(), signal)
    expect(added?.metadata.finalizers).toEqual(['backup.example.com/protect', FINALIZER])
    await client.patch(kind.gvr, namespace, name, {
      type: 'json',
      body: [{ op: 'add', path: '/metadata/finalizers/0', value: 'a.example.com/x' }],
    })
    await expect(writer.removeFinalizer(kind, added!, signal)).rejects.toThrow(StaleError)
    await writer.removeFinalizer(kind, await live(), signal)
    expect((await live()).metadata.finalizers).toEqual(['a.example.com/x', 'backup.example.com/protect'])
    await client.patch(kind.gvr, namespace, name, { type: 'merge', body: { metadata: { finalizers: null } } })
  })

  it('stores every character that a cloud may answer, and nothing is written for the same again', async () => {
    const { seen, writer } = await setUp()
    const message = 'C1 \u0092, next line \u0085, line \u2028, delete \u007f, none \ufffe, 😀 "quoted" \\ and \t tab, cut \ud83d'
    const condition = { type: 'Ready', status: 'False', reason: 'Rejected', message, lastTransitionTime: '2026-01-01T00:00:00Z' }
    const stored = await writer.applyStatus(kind, seen, status({ conditions: [condition] }), signal)
    expect(stored?.status?.conditions?.[0]?.message).toBe(message.toWellFormed())
    const again = await writer.applyStatus(kind, stored!, status({ conditions: [condition] }), signal)
    expect(again?.metadata.resourceVersion).toBe(stored?.metadata.resourceVersion)
  })
})
