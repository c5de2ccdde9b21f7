import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('a reconcile that hangs is told; many that end are not, however long they go on', async () => {
  let time = 0
  const turns = new Turns({ callTimeoutMs: 60_000, now: () => time })
  const stuck = Promise.withResolvers<void>()
  const hanging = turns.of('Nic|a/b', () => stuck.promise)
  for (let minute = 0; minute < 14; minute++) {
    await turns.of('Nic|a/c', () => Promise.resolve((time += 60_000)).then(() => undefined))
    expect(turns.trouble()).toBeUndefined()
  }
  time += 60_000
  expect(turns.trouble()).toBe('the reconcile of Nic|a/b has not ended for 15 minutes')
  stuck.resolve()
  await hanging
  expect(turns.trouble()).toBeUndefined()
})

test('a reconcile that fails has ended, and long calls are allowed to be long', async () => {
  let time = 0
  const turns = new Turns({ callTimeoutMs: 600_000, now: () => time })
  await expect(turns.of('a', () => Promise.reject(new Error('boom')))).rejects.toThrow('boom')
  const slow = Promise.withResolvers<void>()
  const going = turns.of('b', () => slow.promise)
  time = 5_999_999
  expect(turns.trouble()).toBeUndefined()
  time = 6_000_000
  expect(turns.trouble()).toBe('the reconcile of b has not ended for 100 minutes')
  slow.resolve()
  await going
})
