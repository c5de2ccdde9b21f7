import { expect, test } from 'vitest'
import * as z from 'zod'
import { add, testCache } from '../cache/testing.ts'
import type { Account, Connection, Provider } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { Connections } from './connections.ts'

const context = { signal: new AbortController().signal }

function setUp(secrets: Record<string, { resourceVersion: string; data: Record<string, string> }>) {
  const cache = testCache()
  add(cache, 'CloudProvider', undefined, 'sim', {
    type: 'toy',
    credentialsSecretRef: { name: 'main' },
    tenantCredentials: [{ tenant: 'rich', name: 'own' }],
  })
  const log: string[] = []
  const accounts: Account<unknown, { token: string }>[] = []
  const fence = { check: () => undefined }
  const provider = {
    type: 'toy',
    capabilities: {},
    settings: z.object({}),
    credentials: z.object({ token: z.string().min(1) }),
    connect: (account: Account<unknown, { token: string }>): Connection => {
      accounts.push(account)
      log.push(`connect ${account.credentials.token}`)
      return {
        adapters: {},
        check: () =>
          account.credentials.token === 'bad' ? Promise.reject(new ProviderError('credentials', 'the cloud says 401')) : Promise.resolve(),
        inventory: async function* () {},
        close: () => Promise.resolve(void log.push(`close ${account.credentials.token}`)),
      }
    },
  } as unknown as Provider
  const clock = { now: 1_000_000 }
  const broken: string[] = []
  const connections = new Connections({
    lookup: cache,
    providers: [provider],
    operatorNamespace: 'seca-system',
    readSecret: (name) => {
      log.push(`read ${name}`)
      return Promise.resolve(secrets[name])
    },
    now: () => clock.now,
    fence,
    onBroken: (name) => broken.push(name),
  })
  return { connections, log, clock, broken, cache, accounts, fence }
}

test('one connection for all tenants that share a Secret, another for one with its own', async () => {
  const { connections, log } = setUp({
    main: { resourceVersion: '1', data: { token: 'a' } },
    own: { resourceVersion: '1', data: { token: 'b' } },
  })
  await Promise.all([
    connections.get('eu-1', 'acme', context),
    connections.get('eu-1', 'other', context),
    connections.get('eu-1', 'rich', context),
  ])
  expect(log.toSorted()).toEqual(['connect a', 'connect b', 'read main', 'read own'])
})

test('a missing Secret or key is named, and read again once a minute only', async () => {
  const secrets: Record<string, { resourceVersion: string; data: Record<string, string> }> = {}
  const { connections, log, clock } = setUp(secrets)
  await expect(connections.get('eu-1', 'acme', context)).rejects.toThrow('Secret seca-system/main does not exist: create it with token')
  secrets['main'] = { resourceVersion: '1', data: { tokn: 'x' } }
  await expect(connections.get('eu-1', 'acme', context)).rejects.toThrow('does not exist')
  expect(log).toEqual(['read main'])
  clock.now += 61_000
  await expect(connections.get('eu-1', 'acme', context)).rejects.toThrow('Secret seca-system/main: key "token"')
  secrets['main'] = { resourceVersion: '2', data: { token: 'good' } }
  clock.now += 61_000
  expect((await connections.get('eu-1', 'acme', context)).provider).toBe('toy')
})

test('credentials that stop working stop all calls until the Secret changes', async () => {
  const secrets = { main: { resourceVersion: '1', data: { token: 'bad' } } }
  const { connections, log, clock, broken } = setUp(secrets)
  const link = await connections.get('eu-1', 'acme', context)
  const named = connections.reportBroken(link, new ProviderError('credentials', 'the cloud says 401'))
  expect(named.message).toBe('Secret seca-system/main (token) is not accepted: the cloud says 401')
  expect(broken).toEqual(['sim'])
  await expect(connections.get('eu-1', 'acme', context)).rejects.toThrow('not accepted')
  clock.now += 61_000
  await expect(connections.get('eu-1', 'acme', context)).rejects.toThrow('not accepted')
  secrets.main = { resourceVersion: '2', data: { token: 'good' } }
  clock.now += 61_000
  await connections.get('eu-1', 'acme', context)
  expect(log.filter((line) => line.startsWith('connect'))).toEqual(['connect bad', 'connect good'])
})

test('an unknown type, and a region without cloud, say what to do', async () => {
  const { connections, cache } = setUp({ main: { resourceVersion: '1', data: { token: 'a' } } })
  await expect(connections.get('nowhere', 'acme', context)).rejects.toThrow('Region "nowhere" does not exist')
  add(cache, 'CloudProvider', undefined, 'sim', { type: 'atlantis', credentialsSecretRef: { name: 'main' } }, undefined, { generation: 2 })
  await expect(connections.get('eu-1', 'acme', context)).rejects.toThrow('CloudProvider "sim": type "atlantis" is none of toy')
})

test('every account gets the fence, and a budget by the clock that nobody sets', async () => {
  const { connections, accounts, fence, clock } = setUp({ main: { resourceVersion: '1', data: { token: 'a' } } })
  await connections.get('eu-1', 'acme', context)
  const [account] = accounts
  expect(account?.fence).toBe(fence)
  account?.pause?.(60_000)
  await expect(account?.acquire(context)).rejects.toMatchObject({ failure: 'throttled' })
  clock.now += 60_000
  await expect(account?.acquire(context)).resolves.toBeUndefined()
})
