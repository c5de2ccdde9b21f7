import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { add, testCache } from '../cache/testing.ts'
import type { InventoryItem, Provider } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { Accounts } from './accounts.ts'
import { AuditAccounts } from './audit-accounts.ts'

const item = (externalId: string): InventoryItem => ({ kind: 'BlockStorage', externalId, tag: `i/eu-1/x/tenants/t/${externalId}` })

interface Cloud {
  /** Objects by token; a function is asked each time. */
  readonly shows?: Readonly<Record<string, () => readonly InventoryItem[]>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly tenantCredentials?: readonly { readonly tenant: string; readonly name: string }[]
  readonly besides?: readonly string[]
}

/** Accounts of CloudProvider `sim`; the token in a Secret is the account's own id. */
function cluster({ shows = {}, secrets = { main: 'a' }, tenantCredentials = [], besides = [] }: Cloud) {
  const cache = testCache()
  add(cache, 'CloudProvider', undefined, 'sim', { type: 'stub', credentialsSecretRef: { name: 'main' }, tenantCredentials })
  const log: string[] = []
  const provider: Provider = {
    type: 'stub',
    capabilities: { BlockStorage: { object: 'own', updates: [], create: 'plain', lookup: 'tag', settleMs: 7, lane: 'none' } },
    settings: z.object({}),
    credentials: z.object({ token: z.string() }),
    connect({ credentials, region }) {
      const { token } = credentials as { token: string }
      log.push(`open ${token} ${region}`)
      return {
        adapters: {},
        check: () => (token === 'refused' ? Promise.reject(new ProviderError('credentials', 'no')) : Promise.resolve({ account: token })),
        async *inventory(installation) {
          await Promise.resolve()
          log.push(`list ${token} ${installation}`)
          yield* shows[token]?.() ?? []
        },
        close: () => Promise.resolve(void log.push(`close ${token}`)),
      }
    },
  }
  const accounts = new AuditAccounts({
    lookup: cache,
    providers: [provider],
    operatorNamespace: 'ops',
    accounts: new Accounts(() => 0),
    installation: 'i',
    readSecret: (name) =>
      Promise.resolve(secrets[name] === undefined ? undefined : { resourceVersion: '1', data: { token: secrets[name] } }),
    besides,
    retryMs: 0,
    onProgress: () => undefined,
  })
  return { accounts, log, read: () => accounts.read(new AbortController().signal) }
}

const ids = (found: readonly { readonly externalId: string; readonly account: string }[]) =>
  found.map(({ externalId, account }) => `${account} ${externalId}`)

describe('accounts of an audit', () => {
  it("are those of the CloudProviders' and tenants' Secrets, and of Secrets that are named besides", async () => {
    const { read } = cluster({
      secrets: { main: 'a', theirs: 'b', old: 'c' },
      tenantCredentials: [{ tenant: 'acme', name: 'theirs' }],
      besides: ['sim/old', 'other/never'],
      shows: { a: () => [item('1')], b: () => [item('2')], c: () => [item('3')] },
    })
    const { found, accounts, opened, unread } = await read()
    expect(ids(found)).toEqual(['a 1', 'b 2', 'c 3'])
    expect([...accounts]).toEqual(['a', 'b', 'c'])
    expect([...opened.keys()]).toEqual(['sim/main', 'sim/theirs', 'sim/old'])
    expect(unread).toEqual([])
  })

  it('show an object once, however many Secrets open its account', async () => {
    const { read } = cluster({
      secrets: { main: 'a', theirs: 'a' },
      tenantCredentials: [{ tenant: 'acme', name: 'theirs' }],
      shows: { a: () => [item('1')] },
    })
    expect(ids((await read()).found)).toEqual(['a 1'])
  })

  it('are connected once and closed at the end', async () => {
    const { read, accounts, log } = cluster({})
    await read()
    expect(accounts.settleMs()).toBe(7)
    await read()
    await accounts.close()
    expect(log).toEqual(['open a eu-1', 'list a i', 'list a i', 'close a'])
  })

  it('that cannot be opened or read are told, and nothing is concluded of them', async () => {
    const missing = await cluster({ secrets: {} }).read()
    expect(missing).toMatchObject({
      found: [],
      unread: [{ cloudProvider: 'sim', secret: 'main', message: expect.stringContaining('ops/main') }],
    })
    const refused = cluster({ secrets: { main: 'refused' } })
    expect((await refused.read()).unread).toHaveLength(1)
    expect(refused.log).toEqual(['open refused eu-1', 'close refused'])
    const broken = () => {
      throw new ProviderError('rejected', 'no list')
    }
    const half = await cluster({ shows: { a: broken } }).read()
    expect([...half.accounts]).toEqual([])
    expect(half.unread).toEqual([{ cloudProvider: 'sim', secret: 'main', message: 'no list' }])
  })

  it('are tried again where the cloud does not answer', async () => {
    let tries = 0
    const { read } = cluster({
      shows: {
        a: () => {
          if (++tries < 3) throw new ProviderError('transient', 'not now')
          return [item('1')]
        },
      },
    })
    const { found, unread } = await read()
    expect(ids(found)).toEqual(['a 1'])
    expect(unread).toEqual([])
  })
})
