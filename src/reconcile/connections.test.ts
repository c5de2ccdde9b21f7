import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { ACTIVE, add, addNamespace, testCache } from '../cache/testing.ts'
import type { Account, CallContext, Connection, Provider } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { Connections } from './connections.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const context = { signal: new AbortController().signal }
const SPEC = { type: 'toy', credentialsSecretRef: { name: 'main' }, tenantCredentials: [{ tenant: 'rich', name: 'own' }] }
const REFUSED = new ProviderError('credentials', 'the cloud says 401')

type Secrets = Record<string, { resourceVersion: string; data: Record<string, string> }>
const secret = (token: string, resourceVersion = '1') => ({ resourceVersion, data: { token } })

/** A cloud whose accounts are named like the first letter of their tokens. */
function setUp(secrets: Secrets = { main: secret('a'), own: secret('b') }, spec: object = {}, status?: object, annotations: object = {}) {
  const cache = testCache()
  add(cache, 'Region', undefined, 'eu-2', { availableZones: ['a'], cloudProvider: 'sim' }, ACTIVE)
  const put = (more: object = {}, now: object | undefined = status, metadata: object = {}) =>
    add(cache, 'CloudProvider', undefined, 'sim', { ...SPEC, ...spec, ...more }, now, { annotations, ...metadata })
  const log: string[] = []
  const accounts: Account<unknown, { token: string }>[] = []
  const fence = { check: () => undefined }
  const bad = new Set<string>()
  const trouble: { read?: Error; check?: () => Promise<never>; list?: Error } = {}
  const lists: string[] = []
  /** Ownership tags in the clouds, by region. */
  const tags: Record<string, string[]> = {}
  const provider = {
    type: 'toy',
    capabilities: {},
    settings: z.object({}),
    credentials: z.object({ token: z.string().min(1) }),
    connect: (account: Account<unknown, { token: string }>): Connection => {
      accounts.push(account)
      const { token } = account.credentials
      log.push(`connect ${token}`)
      return {
        adapters: {},
        check: () => {
          if (trouble.check !== undefined) return trouble.check()
          return bad.has(token) ? Promise.reject(REFUSED) : Promise.resolve({ account: token.charAt(0) })
        },
        async *inventory(installation: string | undefined) {
          lists.push(`${account.region} of ${installation ?? 'all'}`)
          if (trouble.list !== undefined) throw trouble.list
          for (const tag of tags[account.region] ?? []) yield { kind: 'BlockStorage', externalId: 'v', tag }
        },
        close: () => Promise.resolve(void log.push(`close ${token}`)),
      }
    },
  } as unknown as Provider
  const clock = { now: 1_000_000 }
  const broken: string[] = []
  const connections = new Connections({
    lookup: cache,
    providers: [provider],
    operatorNamespace: 'seca-system',
    installation: 'ours',
    readSecret: (name) => {
      log.push(`read ${name}`)
      return trouble.read === undefined ? Promise.resolve(secrets[name]) : Promise.reject(trouble.read)
    },
    now: () => clock.now,
    fence: () => fence,
    onBroken: (name) => broken.push(name),
  })
  const object = put()
  const get = (tenant = 'acme', region = 'eu-1') => connections.get(region, tenant, context)
  return { connections, get, secrets, log, clock, broken, bad, trouble, tags, lists, cache, accounts, fence, put, object }
}

describe('a connection', () => {
  test('is one for all tenants that share a Secret, another for one with its own', async () => {
    const { get, log } = setUp()
    await Promise.all([get('acme'), get('other'), get('rich')])
    expect(log.toSorted()).toEqual(['connect a', 'connect b', 'read main', 'read own'])
  })

  test('regions of one account share its budget and its breaker, another account has its own', async () => {
    const { get, accounts } = setUp()
    const links = [await get('acme', 'eu-1'), await get('acme', 'eu-2'), await get('rich', 'eu-1')]
    expect(accounts.map(({ region }) => region)).toEqual(['eu-1', 'eu-2', 'eu-1'])
    expect(accounts[0]?.acquire).toBe(accounts[1]?.acquire)
    expect(accounts[0]?.acquire).not.toBe(accounts[2]?.acquire)
    const silent = () => Promise.reject(new ProviderError('transient', 'no answer'))
    for (let i = 0; i < 5; i++) await links[0]?.through(`o${i}`, context, silent).catch(() => undefined)
    const answer = (_context: CallContext) => Promise.resolve('ok')
    await expect(links[1]?.through('a', context, answer)).rejects.toMatchObject({ isHeld: true })
    await expect(links[2]?.through('a', context, answer)).resolves.toBe('ok')
  })

  test('that is renewed has used up what was used up, and the rate that the CloudProvider says now', async () => {
    const { get, accounts, put } = setUp()
    await get()
    accounts[0]?.pause?.(60_000)
    put({ requestsPerSecond: 7 }, undefined, { generation: 2 })
    await get()
    expect(accounts).toHaveLength(2)
    await expect(accounts[1]?.acquire(context)).rejects.toMatchObject({ failure: 'throttled', retryAfterMs: 60_000 })
  })

  test('that was exchanged is closed when passes that began with it are over; all are at the end', async () => {
    const { get, secrets, log, clock, connections } = setUp()
    await get()
    for (const [version, token] of [
      ['2', 'a2'],
      ['3', 'a3'],
    ] as const) {
      secrets['main'] = secret(token, version)
      clock.now += 300_000
      await get()
    }
    expect(log.filter((line) => line.startsWith('close'))).toEqual([])
    await vi.advanceTimersByTimeAsync(120_000)
    expect(log.filter((line) => line.startsWith('close'))).toEqual(['close a', 'close a2'])
    await connections.close()
    expect(log.at(-1)).toBe('close a3')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('has the fence', async () => {
    const { get, accounts, fence } = setUp()
    await get()
    expect(accounts[0]?.fence).toBe(fence)
  })

  test('of an unknown type, and of a region without cloud, says what to do', async () => {
    const { get, put } = setUp()
    await expect(get('acme', 'nowhere')).rejects.toThrow('Region "nowhere" does not exist')
    put({ type: 'atlantis' }, undefined, { generation: 2 })
    await expect(get()).rejects.toThrow('CloudProvider "sim": type "atlantis" is none of toy')
  })
})

describe('a Secret', () => {
  test('that is missing, or lacks a key, is named, and a corrected one is read within a minute', async () => {
    const { get, secrets, log, clock } = setUp({})
    await expect(get()).rejects.toThrow('Secret seca-system/main does not exist: create it with token')
    secrets['main'] = { resourceVersion: '1', data: { tokn: 'x' } }
    await expect(get()).rejects.toThrow('does not exist')
    expect(log).toEqual(['read main'])
    clock.now += 30_000
    await expect(get()).rejects.toThrow('Secret seca-system/main: key "token"')
    secrets['main'] = secret('a', '2')
    clock.now += 30_000
    expect((await get()).provider).toBe('toy')
  })

  test('that the cloud refuses stops all calls until it is another one', async () => {
    const { get, secrets, log, clock, broken, bad, connections } = setUp()
    const link = await get()
    bad.add('a')
    const named = connections.reportBroken(link, REFUSED)
    expect(named.message).toBe('Secret seca-system/main (token) is not accepted: the cloud says 401')
    expect(broken).toEqual(['sim'])
    await expect(get()).rejects.toThrow('not accepted')
    await expect(get()).rejects.toThrow('not accepted')
    expect(log).toEqual(['read main', 'connect a', 'read main'])
    secrets['main'] = secret('a2', '2')
    clock.now += 30_000
    await get()
    expect(log.slice(3)).toEqual(['read main', 'connect a2'])
  })

  test('that was exchanged is read at the first refusal of the old one: nobody waits', async () => {
    const { get, secrets, bad, connections } = setUp()
    const link = await get()
    bad.add('a')
    secrets['main'] = secret('a2', '2')
    connections.reportBroken(link, REFUSED)
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
    // What was on the road with the old one says nothing about the new one.
    connections.reportBroken(link, REFUSED)
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
  })

  test('that works again is told', async () => {
    const { get, clock, broken, bad, connections } = setUp()
    const link = await get()
    bad.add('a')
    connections.reportBroken(link, REFUSED)
    await expect(get()).rejects.toThrow('not accepted')
    bad.clear()
    clock.now += 30_000
    await get()
    expect(broken).toEqual(['sim', 'sim'])
  })

  test('that cannot be read for a moment blocks nothing that works, and is read again soon', async () => {
    const { get, secrets, log, clock, trouble } = setUp()
    const { connection } = await get()
    trouble.read = new Error('apiserver away')
    clock.now += 300_000
    expect((await get()).connection).toBe(connection)
    expect((await get()).connection).toBe(connection)
    expect(log.filter((line) => line === 'read main')).toHaveLength(2)
    delete trouble.read
    secrets['main'] = secret('a2', '2')
    clock.now += 5_000
    expect((await get()).connection).not.toBe(connection)
  })

  test('that cannot be read at the first time is asked for again soon', async () => {
    const { get, clock, trouble } = setUp()
    trouble.read = new Error('apiserver away')
    await expect(get()).rejects.toThrow('apiserver away')
    delete trouble.read
    await expect(get()).rejects.toThrow('apiserver away')
    clock.now += 5_000
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
  })

  test('whose cloud does not answer is not asked by everybody, and has its time', async () => {
    const { get, log, trouble } = setUp()
    trouble.check = () => Promise.reject(new ProviderError('transient', 'connection refused'))
    await Promise.allSettled(Array.from({ length: 400 }, () => get()))
    await expect(get()).rejects.toThrow('connection refused')
    expect(log).toEqual(['read main', 'connect a', 'close a'])
    trouble.check = () => new Promise(() => undefined)
    const told = get('rich').then(String, (error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(30_001)
    expect(await told).toBe('the cloud gave no answer within 30 s')
  })

  test('is read by a clock that nobody sets', async () => {
    const { get, clock, secrets } = setUp({})
    await expect(get()).rejects.toThrow('does not exist')
    vi.setSystemTime(Date.now() - 3_600_000)
    secrets['main'] = secret('a')
    clock.now += 30_000
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
  })

  test('of one tenant that breaks is that tenant’s trouble alone', async () => {
    const { get, connections, object } = setUp({ main: secret('a') })
    await expect(get('rich')).rejects.toThrow('Secret seca-system/own does not exist')
    await get('acme')
    const report = await connections.check(object, context)
    expect(report.problems).toEqual({ 'tenantCredentials[0]': 'Secret seca-system/own does not exist: create it with token' })
  })
})

describe('another account', () => {
  const living = { externalId: 'vol-1', ...ACTIVE }

  test('than the objects live in is refused, with what to do', async () => {
    const { get, cache, connections, object } = setUp({ main: secret('x'), own: secret('b') }, {}, { account: 'a' })
    add(cache, 'BlockStorage', 'w', 'data', {}, living)
    await expect(get()).rejects.toMatchObject({
      failure: 'credentials',
      code: 'AccountChanged',
      message: expect.stringMatching(/objects live in account a, Secret seca-system\/main \(token\) opens x: .*secapi.cloud\/account: x/),
    })
    await expect(connections.check(object, context)).rejects.toMatchObject({ code: 'AccountChanged' })
  })

  test('is refused to a tenant that has nothing yet, too, where the CloudProvider says that it is another one', async () => {
    const conditions = [{ type: 'Ready', status: 'False', reason: 'AccountChanged', lastTransitionTime: '2026-01-01T00:00:00Z' }]
    const { get, broken } = setUp({ main: secret('x'), own: secret('b') }, {}, { account: 'a', conditions })
    await expect(get('new')).rejects.toMatchObject({ failure: 'credentials', code: 'AccountChanged' })
    expect(broken).toEqual([])
  })

  test('is taken where the CloudProvider says that it is meant, once its status says so, too', async () => {
    const { get, cache, connections, object, put, broken } = setUp(
      { main: secret('x'), own: secret('b') },
      {},
      { account: 'a' },
      {
        'secapi.cloud/account': 'x',
      },
    )
    add(cache, 'BlockStorage', 'w', 'data', {}, living)
    await expect(get()).rejects.toMatchObject({ failure: 'transient', isHeld: true })
    expect(broken).toEqual(['sim'])
    const { homes } = await connections.check(object, context)
    expect(homes.account).toBe('x')
    put({}, homes)
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
  })

  test('is taken while nothing lives in the old one; a rotated Secret is the same account', async () => {
    const { connections, cache, object } = setUp({ main: secret('x'), own: secret('b') }, {}, { account: 'a' })
    add(cache, 'BlockStorage', 'w', 'data', {}, ACTIVE)
    expect((await connections.check(object, context)).homes.account).toBe('x')
    const rotated = setUp({ main: secret('a-new'), own: secret('b') }, {}, { account: 'a' })
    add(rotated.cache, 'BlockStorage', 'w', 'data', {}, living)
    await expect(rotated.get()).resolves.toMatchObject({ cloudProvider: 'sim' })
    expect((await rotated.connections.check(rotated.object, context)).homes.account).toBe('a')
  })

  test('an installation that never kept the account is taken as it is', async () => {
    const { get, cache, connections, object } = setUp()
    add(cache, 'BlockStorage', 'w', 'data', {}, living)
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
    expect((await connections.check(object, context)).homes).toEqual({ account: 'a', tenantAccounts: [{ tenant: 'rich', account: 'b' }] })
  })

  describe('of a tenant', () => {
    function rich(secrets: Secrets, status: object, spec: object = {}) {
      const world = setUp(secrets, spec, status)
      addNamespace(world.cache, 'r', { 'secapi.cloud/tenant': 'rich' })
      add(world.cache, 'Workspace', 'r', 'lab', {}, living)
      return world
    }

    test('with objects in the main one is refused, and nobody else is', async () => {
      const { get, connections, object } = rich({ main: secret('a'), own: secret('b') }, { account: 'a' })
      await expect(get('rich')).rejects.toMatchObject({ code: 'AccountChanged' })
      await expect(get('acme')).resolves.toMatchObject({ cloudProvider: 'sim' })
      const { homes, problems } = await connections.check(object, context)
      expect(homes).toEqual({ account: 'a', tenantAccounts: undefined })
      expect(problems['tenantCredentials[0]']).toContain('objects live in account a')
    })

    test('that loses its Secret is not served by the main one while its objects live in its own', async () => {
      const status = { account: 'a', tenantAccounts: [{ tenant: 'rich', account: 'b' }] }
      const { get, connections, object } = rich({ main: secret('a') }, status, { tenantCredentials: [] })
      await expect(get('rich')).rejects.toMatchObject({ code: 'AccountChanged' })
      const { homes, problems } = await connections.check(object, context)
      expect(homes).toEqual(status)
      expect(Object.values(problems)).toEqual([expect.stringContaining('objects live in account b')])
    })

    test('whose Secret is broken keeps its account; one that nobody ever saw is open', async () => {
      const status = { account: 'a', tenantAccounts: [{ tenant: 'rich', account: 'b' }] }
      const kept = rich({ main: secret('a') }, status)
      expect((await kept.connections.check(kept.object, context)).homes).toEqual(status)
      const upgraded = rich({ main: secret('a') }, {})
      const open = { account: 'a', tenantAccounts: [{ tenant: 'rich' }] }
      expect((await upgraded.connections.check(upgraded.object, context)).homes).toEqual(open)
      const mended = rich({ main: secret('a'), own: secret('b') }, open)
      expect((await mended.connections.check(mended.object, context)).homes).toEqual(status)
    })

    test('that is gone with all that lived there is forgotten', async () => {
      const status = { account: 'a', tenantAccounts: [{ tenant: 'rich', account: 'b' }] }
      const { connections, object } = setUp({ main: secret('a') }, { tenantCredentials: [] }, status)
      expect((await connections.check(object, context)).homes).toEqual({ account: 'a', tenantAccounts: undefined })
    })
  })
})

describe('an account that is nobody’s home yet', () => {
  const tagOf = (installation: string) => `${installation}/eu-1/seca.storage/v1/tenants/acme/workspaces/prod/block-storages/data`
  const IN_USE = { failure: 'credentials', code: 'AccountInUse' }

  test('and that others work in is refused to objects and CloudProvider, in whichever region they are', async () => {
    for (const region of ['eu-1', 'eu-2']) {
      const { get, connections, object, tags, lists } = setUp(undefined, { tenantCredentials: [] })
      tags[region] = [tagOf('old')]
      await expect(get('acme', region)).rejects.toMatchObject({ ...IN_USE, message: expect.stringContaining('installation old') })
      await expect(connections.check(object, context)).rejects.toMatchObject(IN_USE)
      expect(lists).toContain(`${region} of all`)
    }
  })

  test('is taken where something there is ours, where somebody wrote that it is meant, and when the others are gone', async () => {
    const restored = setUp()
    restored.tags['eu-1'] = [tagOf('old'), tagOf('ours')]
    await expect(restored.get()).resolves.toMatchObject({ cloudProvider: 'sim' })

    const { get, connections, tags, put } = setUp()
    tags['eu-1'] = [tagOf('old')]
    await expect(get()).rejects.toMatchObject(IN_USE)
    const meant = put({}, undefined, { annotations: { 'secapi.cloud/beside': 'old' } })
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
    expect((await connections.check(meant, context)).homes.account).toBe('a')
    const regretted = put()
    tags['eu-1'] = []
    expect((await connections.check(regretted, context)).homes.account).toBe('a')
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
  })

  test('is looked at once: one that objects are known to live in is not read', async () => {
    const { get, tags, lists, clock } = setUp(undefined, { tenantCredentials: [] }, { account: 'a' })
    tags['eu-1'] = [tagOf('old')]
    await get()
    clock.now += 300_000
    await get()
    expect(lists).toEqual([])
  })

  test('of a tenant is that tenant’s trouble alone', async () => {
    const { get, connections, object, tags } = setUp({ main: secret('a'), own: secret('b') }, {}, { account: 'a' })
    tags['eu-1'] = [tagOf('old')]
    const { homes, problems } = await connections.check(object, context)
    expect(homes).toEqual({ account: 'a', tenantAccounts: [{ tenant: 'rich' }] })
    expect(problems['tenantCredentials[0]']).toContain('installation old')
    await expect(get('acme')).resolves.toMatchObject({ cloudProvider: 'sim' })
    await expect(get('rich')).rejects.toMatchObject({ isHeld: true })
  })

  test('that cannot be listed for the moment is asked again, and nothing is made meanwhile', async () => {
    const { get, trouble, clock } = setUp()
    trouble.list = new ProviderError('transient', '503')
    await expect(get()).rejects.toMatchObject({ failure: 'transient' })
    delete trouble.list
    clock.now += 5_000
    await expect(get()).resolves.toMatchObject({ cloudProvider: 'sim' })
  })
})
