import { expect, test } from 'vitest'
import { type Share, Shares } from './shares.ts'

interface Item {
  readonly at: number
  readonly share: Share
}

function make(caps = { account: 4, tenant: 3 }) {
  const shares = new Shares<Item>(() => true)
  let at = 0
  const push = (account: string, tenant: string, count = 1) => {
    for (let i = 0; i < count; i++) shares.push('normal', { at: at++, share: { account, tenant } })
  }
  const take = (count: number) =>
    Array.from({ length: count }, () => shares.take(caps)?.share).map((share) => share && `${share.account}/${share.tenant}`)
  return { shares, push, take }
}

test('accounts take turns, and so do their tenants', () => {
  const { push, take } = make()
  push('one', 'big', 100)
  push('one', 'small')
  push('two', 'only', 2)
  expect(take(5)).toEqual(['one/big', 'two/only', 'one/small', 'two/only', 'one/big'])
})

test('an account and a tenant have no more under way than their caps, and go on when something is done', () => {
  const { shares, push, take } = make()
  push('one', 'big', 100)
  expect(take(4)).toEqual(['one/big', 'one/big', 'one/big', undefined])
  push('one', 'small', 2)
  expect(take(2)).toEqual(['one/small', undefined])
  shares.done({ account: 'one', tenant: 'big' })
  expect(take(2)).toEqual(['one/big', undefined])
})

test('accounts without work are forgotten', () => {
  const { shares, push, take } = make()
  for (let i = 0; i < 100; i++) push(`account-${i}`, 't')
  take(100)
  for (let i = 0; i < 100; i++) shares.done({ account: `account-${i}`, tenant: 't' })
  expect([take(1), shares.size]).toEqual([[undefined], 0])
  shares.done({ account: 'never', tenant: 'heard of' })
  expect(shares.size).toBe(0)
})

test('what is cleared does not come back; what is under way still counts', () => {
  const { shares, push, take } = make({ account: 1, tenant: 1 })
  push('one', 't', 3)
  push('two', 't', 3)
  expect(take(1)).toEqual(['one/t'])
  shares.clear()
  expect([take(1), shares.size]).toEqual([[undefined], 1])
  push('one', 't')
  expect(take(1)).toEqual([undefined])
  shares.done({ account: 'one', tenant: 't' })
  expect(take(1)).toEqual(['one/t'])
})
