import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { KINDS } from '../kinds/index.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import { MemoryServer } from '../kube/memory-testing.ts'
import { FakeClock, until } from '../kube/testing.ts'
import type { Log } from '../observe/log.ts'
import { installationId, keepInstallation, storedInstallation } from './installation.ts'

const signal = new AbortController().signal
const configMap = (data?: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'seca-installation', namespace: 'ops' },
  data,
})
const stored = (server: MemoryServer) =>
  (server.read(KUBERNETES.ConfigMap, 'ops', 'seca-installation') as { data?: { id?: string } } | undefined)?.data?.id
/** A cluster, as far as its id goes. */
function cluster(name = 'here'): MemoryServer {
  const server = new MemoryServer()
  server.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: `uid of ${name}` } })
  return server
}
const homeOf = ({ client }: MemoryServer) => ({ client, namespace: 'ops', kinds: KINDS })
const idOf = (server: MemoryServer, given?: string) => installationId(homeOf(server), given, signal)
/** The cluster has one volume, with this status. */
function holding(server: MemoryServer, status: object | undefined): MemoryServer {
  vi.spyOn(server.client, 'list').mockImplementation(async function* ({ resource }) {
    const volume = { kind: 'BlockStorage', metadata: { namespace: 'w', name: 'data' }, ...(status && { status }) }
    yield { items: (resource === 'blockstorages' ? [volume] : []) as never[], resourceVersion: '1' }
  })
  return server
}

describe('the id of an installation', () => {
  it('is made once and kept', async () => {
    const server = cluster()
    const id = await idOf(server)
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect([stored(server), await idOf(server), await idOf(server, id)]).toEqual([id, id, id])
    expect(await idOf(cluster())).not.toBe(id)
  })

  it('is the given one where there is none', async () => {
    const server = cluster()
    expect([await idOf(server, 'old'), stored(server), await idOf(server)]).toEqual(['old', 'old', 'old'])
  })

  it('that is another than the given one is told, and stays', async () => {
    const server = cluster()
    server.add(configMap({ id: 'ours' }))
    await expect(idOf(server, 'theirs')).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringMatching(/id is ours, the configuration says theirs.*ops\/seca-installation/) as unknown,
    })
    expect(stored(server)).toBe('ours')
  })

  it('that somebody else makes at the same moment is taken', async () => {
    const server = cluster()
    server.fault = { before: ({ method }) => void (method === 'POST' && server.add(configMap({ id: 'first' }))) }
    expect(await idOf(server)).toBe('first')
    const given = cluster()
    given.fault = { before: ({ method }) => void (method === 'POST' && given.add(configMap({ id: 'first' }))) }
    await expect(idOf(given, 'second')).rejects.toMatchObject({ code: 'InvalidConfiguration' })
  })

  it('is not made up where the cluster does not answer', async () => {
    for (const method of ['GET', 'POST']) {
      const server = cluster()
      server.fault = {
        before: (request) => {
          if (request.method === method) throw new Error('no answer')
        },
      }
      await expect(idOf(server)).rejects.toThrow('no answer')
      expect(stored(server)).toBeUndefined()
    }
  })

  it('two that start at once have the same', async () => {
    const server = cluster()
    const [one, other] = await Promise.all([idOf(server), idOf(server)])
    expect([one, other]).toEqual([stored(server), stored(server)])
  })
})

describe('no new id', () => {
  it.each([
    ['an id', { externalId: 'vol-1' }],
    ['an incarnation, and perhaps a cloud object', { incarnation: 'n' }],
  ])('is made while an object has %s', async (_, status) => {
    const server = holding(cluster(), status)
    await expect(idOf(server)).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringMatching(
        /ops\/seca-installation has no installation id, but BlockStorage w\/data .*--installation-id/,
      ) as unknown,
    })
    expect(stored(server)).toBeUndefined()
    expect(await idOf(server, 'old')).toBe('old')
  })

  it('is made for a ConfigMap that lost it, unless nothing was made yet', async () => {
    const server = holding(cluster(), { externalId: 'vol-1' })
    server.add(configMap({ note: 'ours' }))
    await expect(idOf(server)).rejects.toMatchObject({ code: 'InvalidConfiguration' })
    const young = holding(cluster(), undefined)
    young.add(configMap({ note: 'ours' }))
    expect(await idOf(young)).toBe(stored(young))
    expect(young.read(KUBERNETES.ConfigMap, 'ops', 'seca-installation')).toMatchObject({ data: { note: 'ours' } })
  })

  it.each(['', 'a/b', '-x', 'é', 'x'.repeat(64)])('that is no part of a tag is taken: %j', async (id) => {
    const server = cluster()
    await expect(idOf(server, id)).rejects.toMatchObject({ code: 'InvalidConfiguration' })
    expect(stored(server)).toBeUndefined()
    server.add(configMap({ id }))
    await expect(idOf(server)).rejects.toThrow(/ConfigMap ops\/seca-installation.*put the old one back/)
    expect(stored(server)).toBe(id)
  })

  it('of two that find a ConfigMap without one is lost', async () => {
    const server = cluster()
    server.add(configMap())
    const [one, other] = await Promise.all([idOf(server), idOf(server)])
    expect([one, other]).toEqual([stored(server), stored(server)])
  })
})

describe('an id from another cluster', () => {
  const copied = { id: 'old', cluster: 'uid of there' }
  const told = {
    code: 'InvalidConfiguration',
    message: expect.stringMatching(/from another cluster.*installation old.*"cluster":null.*delete configmap/) as unknown,
  }
  const data = (server: MemoryServer) => (server.read(KUBERNETES.ConfigMap, 'ops', 'seca-installation') as { data?: object }).data

  it('is not used by itself, neither for work nor for an audit', async () => {
    const server = cluster()
    server.add(configMap(copied))
    await expect(idOf(server)).rejects.toMatchObject(told)
    await expect(storedInstallation(homeOf(server), signal)).rejects.toMatchObject(told)
    expect(data(server)).toEqual(copied)
  })

  it('is taken over where somebody says so, and is this cluster’s from then on', async () => {
    const given = cluster()
    given.add(configMap(copied))
    expect(await idOf(given, 'old')).toBe('old')
    const cleared = cluster()
    cleared.add(configMap({ id: 'old' }))
    expect(await storedInstallation(homeOf(cleared), signal)).toBe('old')
    expect(await idOf(cleared)).toBe('old')
    for (const server of [given, cleared]) {
      expect(data(server)).toEqual({ id: 'old', cluster: 'uid of here' })
      expect([await idOf(server), await storedInstallation(homeOf(server), signal)]).toEqual(['old', 'old'])
    }
  })
})

describe('while running', () => {
  async function start() {
    const server = cluster()
    const id = await idOf(server)
    const clock = new FakeClock()
    const stop = new AbortController()
    const warned: string[] = []
    const log = { warn: (_: unknown, message: string) => void warned.push(message) } as unknown as Log
    const done = keepInstallation({ ...homeOf(server), id, log, clock }, stop.signal)
    onTestFinished(() => stop.abort())
    const look = async () => {
      const before = server.seen.length
      clock.advance(60_000)
      await until(() => server.seen.length > before && clock.sleeping === 1, 'a look')
    }
    return { server, id, look, warned, done, stop, clock }
  }

  it('the id is put back when its ConfigMap goes, or loses it', async () => {
    const { server, id, look, warned, stop, done } = await start()
    await server.client.delete(KUBERNETES.ConfigMap, 'ops', 'seca-installation')
    await look()
    expect(stored(server)).toBe(id)
    await server.client.patch(KUBERNETES.ConfigMap, 'ops', 'seca-installation', { type: 'merge', body: { data: null } })
    await look()
    expect(stored(server)).toBe(id)
    expect(warned).toHaveLength(2)
    stop.abort()
    expect(await done).toBeUndefined()
  })

  it('the ConfigMap is looked at once a minute, and nothing is written while it is there', async () => {
    const { server, look, warned } = await start()
    server.seen.length = 0
    await look()
    await look()
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'GET'])
    expect(warned).toEqual([])
  })

  it('an apiserver that is away is waited for', async () => {
    const { server, id, look, warned } = await start()
    await server.client.delete(KUBERNETES.ConfigMap, 'ops', 'seca-installation')
    server.fault = {
      before: () => {
        throw new Error('no answer')
      },
    }
    await look()
    server.fault = {}
    await look()
    expect([stored(server), warned.length]).toEqual([id, 2])
  })

  it('another id ends it, for the next start to say which is right', async () => {
    const { server, done, id, clock } = await start()
    const ended = done.catch((error: Error) => error.message)
    await server.client.patch(KUBERNETES.ConfigMap, 'ops', 'seca-installation', { type: 'merge', body: { data: { id: 'theirs' } } })
    clock.advance(60_000)
    expect(await ended).toMatch(`id is theirs, this process works with ${id}`)
    expect(stored(server)).toBe('theirs')
  })
})
