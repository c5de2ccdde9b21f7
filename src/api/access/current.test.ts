import { expect, test } from 'vitest'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Attempt, Caller } from '../contract.ts'
import { whileCurrent } from './current.ts'

const attempt: Attempt = {
  verb: 'get',
  kind: kindNamed('Instance') as Kind,
  region: 'eu-1',
  tenant: 'acme',
  workspace: 'prod',
  name: 'web',
}
const direct: Caller = { door: 'direct', subject: 'alice', scope: {} }
const aggregated: Caller = { door: 'aggregated', username: 'joe', groups: [], extra: {} }

test('roles that may be out of date decide nothing; Kubernetes decides for its own', async () => {
  let isCurrent = true
  const yes = { isAllowed: true, why: 'a role' } as const
  const authorizer = whileCurrent({ authorize: () => Promise.resolve(yes) }, () => isCurrent)
  const ask = (caller: Caller) => authorizer.authorize(caller, attempt, new AbortController().signal)
  expect(await ask(direct)).toEqual(yes)
  isCurrent = false
  await expect(ask(direct)).rejects.toMatchObject({ code: 'AccessUndecided', row: { status: 503 } })
  expect(await ask(aggregated)).toEqual(yes)
  isCurrent = true
  expect(await ask(direct)).toEqual(yes)
})
