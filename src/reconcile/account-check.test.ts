import { expect, it } from 'vitest'
import { add, testCache } from '../cache/testing.ts'
import { checkAccounts } from './account-check.ts'

const check = (opened: string, isPartial: boolean, annotations: object = {}) => {
  const cache = testCache({ isPartial })
  const spec = { type: 'toy', credentialsSecretRef: { name: 'main' } }
  const object = add(cache, 'CloudProvider', undefined, 'sim', spec, { account: 'a' }, { annotations })
  const open = (secret: string) => Promise.resolve({ account: opened, secret })
  return checkAccounts({ lookup: cache, object, open })
}

it('a home where nothing lives is exchanged, unless there are namespaces that cannot be seen', async () => {
  expect((await check('b', false)).homes.account).toBe('b')
  await expect(check('b', true)).rejects.toMatchObject({ code: 'AccountChanged' })
  expect((await check('a', true)).homes.account).toBe('a')
  expect((await check('b', true, { 'secapi.cloud/account': 'b' })).homes.account).toBe('b')
})
