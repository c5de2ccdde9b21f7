import { describe, expect, it } from 'vitest'
import { MEMBER_LEASES } from '../../kinds/names.ts'
import { FRESH, freeLease, holderOf, parseTable, type Table, textOf } from './table.ts'

const member = (number: number, accounts: readonly string[], identity = `pod-${number}`) => ({
  lease: MEMBER_LEASES[number] ?? '',
  identity,
  accounts: [...accounts],
})
const TABLE: Table = {
  leader: 'pod-0',
  era: 3,
  members: { 'pod-0.1': member(0, ['a', 'b']), 'pod-1.1': member(1, ['c']) },
  regions: { eu: 'a' },
}

describe('the table', () => {
  it('is read as it was written', () => expect([parseTable(textOf(TABLE)), parseTable(textOf(FRESH))]).toEqual([TABLE, FRESH]))

  it.each([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['something else', '{"leader":"x"}'],
    ['an account twice', textOf({ ...TABLE, members: { ...TABLE.members, 'pod-2.1': member(2, ['a']) } })],
  ])('is lost when it is %s: then nobody has anything', (_, text) => expect(parseTable(text)).toBeUndefined())

  it('names who has an account', () =>
    expect(['a', 'c', 'd'].map((account) => holderOf(TABLE, account))).toEqual(['pod-0.1', 'pod-1.1', undefined]))
})

describe('a Lease for a replica', () => {
  it('is the first that no other is a member by; its own counts as free', () => {
    expect([freeLease(FRESH, 'pod-9'), freeLease(TABLE, 'pod-9'), freeLease(TABLE, 'pod-0')]).toEqual(
      [0, 2, 0].map((number) => MEMBER_LEASES[number]),
    )
  })

  it('is none when all are taken', () => {
    const members = Object.fromEntries(MEMBER_LEASES.map((_, number) => [`pod-${number}.1`, member(number, [])]))
    expect(freeLease({ ...TABLE, members }, 'pod-99')).toBeUndefined()
  })
})
