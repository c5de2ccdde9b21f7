import { expect, test } from 'vitest'
import type { Desired } from '../src/provider/contract.ts'
import { cloudProvider } from './cloud-provider.ts'
import type { Tools } from '../src/reconcile/controller.ts'

const context = { signal: new AbortController().signal }

function observe(problems: Readonly<Record<string, string>>) {
  const tools = {
    view: { lookup: { get: () => ({}) } },
    services: { checkAccount: () => Promise.resolve({ homes: { account: 'a', tenantAccounts: undefined }, problems }) },
  } as unknown as Tools
  return cloudProvider.adapter?.(tools).observe({ path: { name: 'sim' } } as Desired, context)
}

test('says which account it is', async () => {
  expect(await observe({})).toEqual({ externalId: '', status: { account: 'a' }, drift: [], items: {} })
})

test('tells of a tenant’s Secret that is broken, stays in order all the same, and looks again soon', async () => {
  const seen = await observe({ 'tenantCredentials[3]': 'Secret x does not exist' })
  expect(seen).toMatchObject({ drift: [], items: { 'tenantCredentials[3]': { state: 'error', message: 'Secret x does not exist' } } })
  expect(seen?.failed).toBeUndefined()
  expect(seen?.againMs).toBeLessThan(60_000)
})
