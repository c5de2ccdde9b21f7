import { expect, test } from 'vitest'
import type { Resource } from '../kinds/resource.ts'
import { Accounts } from './accounts.ts'

const provider = (name: string): Resource =>
  ({
    apiVersion: 'operator.secapi.cloud/v1alpha1',
    kind: 'CloudProvider',
    metadata: { name, uid: name },
    spec: { type: 'simulator', requestsPerSecond: 1, burst: 3 },
  }) as unknown as Resource

/** How many of so many calls leave at once. */
async function atOnce(accounts: Accounts, name: string, secret: string): Promise<number> {
  const stop = new AbortController()
  let left = 0
  const { budget } = accounts.of(provider(name), secret)
  const calls = Array.from({ length: 5 }, () =>
    budget.acquire({ signal: stop.signal }).then(
      () => left++,
      () => undefined,
    ),
  )
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await Promise.all(calls)
  return left
}

test('a budget is full at first, but not where another process may have used it', async () => {
  expect(await atOnce(new Accounts(() => 0), 'a', 's')).toBe(3)
  expect(await atOnce(new Accounts(() => 0, true), 'a', 's')).toBe(0)
})

test('all budgets of a CloudProvider are empty when another process had it, and no other', async () => {
  let now = 0
  const accounts = new Accounts(() => now, true)
  for (const [name, secret] of [
    ['a', 's'],
    ['a', 'tenant'],
    ['ab', 's'],
  ] as const)
    accounts.of(provider(name), secret)
  now = 60_000
  accounts.begin(provider('a'))
  expect([await atOnce(accounts, 'a', 's'), await atOnce(accounts, 'a', 'tenant'), await atOnce(accounts, 'ab', 's')]).toEqual([0, 0, 3])
})
