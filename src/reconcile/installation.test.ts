import { describe, expect, it } from 'vitest'
import { KUBERNETES } from '../kube/builtin.ts'
import { MemoryServer } from '../kube/memory-testing.ts'
import { installationId } from './installation.ts'

const signal = new AbortController().signal
const configMap = (data?: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'seca-installation', namespace: 'ops' },
  data,
})
const stored = (server: MemoryServer) => server.read<{ data?: { id?: string } }>(KUBERNETES.ConfigMap, 'ops', 'seca-installation')?.data?.id
const idOf = (server: MemoryServer, given?: string) => installationId(server.client, 'ops', given, signal)

describe('the id of an installation', () => {
  it('is made once and kept', async () => {
    const server = new MemoryServer()
    const id = await idOf(server)
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect([stored(server), await idOf(server), await idOf(server, id)]).toEqual([id, id, id])
    expect(await idOf(new MemoryServer())).not.toBe(id)
  })

  it('is the given one where there is none', async () => {
    const server = new MemoryServer()
    expect([await idOf(server, 'old'), stored(server), await idOf(server)]).toEqual(['old', 'old', 'old'])
  })

  it('that is another than the given one is told, and stays', async () => {
    const server = new MemoryServer()
    server.add(configMap({ id: 'ours' }))
    await expect(idOf(server, 'theirs')).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringMatching(/id is ours, the configuration says theirs.*ops\/seca-installation/) as unknown,
    })
    expect(stored(server)).toBe('ours')
  })

  it('that somebody else makes at the same moment is taken', async () => {
    const server = new MemoryServer()
    server.fault = { before: ({ method }) => void (method === 'POST' && server.add(configMap({ id: 'first' }))) }
    expect(await idOf(server)).toBe('first')
    const given = new MemoryServer()
    given.fault = { before: ({ method }) => void (method === 'POST' && given.add(configMap({ id: 'first' }))) }
    await expect(idOf(given, 'second')).rejects.toMatchObject({ code: 'InvalidConfiguration' })
  })

  it('is not made up where the cluster does not answer', async () => {
    for (const method of ['GET', 'POST']) {
      const server = new MemoryServer()
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
    const server = new MemoryServer()
    const [one, other] = await Promise.all([idOf(server), idOf(server)])
    expect([one, other]).toEqual([stored(server), stored(server)])
  })
})
