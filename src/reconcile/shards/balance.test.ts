import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { movesOf } from './balance.ts'

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

/** Who holds what once everything has moved. */
function after(held: ReadonlyMap<string, readonly string[]>, free: readonly string[] = []): Map<string, string[]> {
  const moves = movesOf(held, free)
  const next = new Map([...held].map(([member, accounts]) => [member, accounts.filter((account) => !moves.has(account))]))
  for (const [account, member] of moves) next.get(member)?.push(account)
  return next
}
const loads = (held: ReadonlyMap<string, readonly string[]>) => [...held.values()].map((accounts) => accounts.length)
/** Members that share accounts evenly. */
const settled = (accounts: number, members: number) =>
  after(new Map(names('m', members).map((member) => [member, []])), names('a', accounts))

const counts = { accounts: fc.integer({ min: 0, max: 60 }), members: fc.integer({ min: 1, max: 8 }) }

describe('accounts are shared so that', () => {
  it('all members have as many, or one more, wherever they begin', () => {
    const any = fc.array(fc.nat(7), { maxLength: 50 })
    fc.assert(
      fc.property(any, any, counts.members, (held, free, members) => {
        const start = new Map(
          names('m', members).map((member, index) => [member, held.flatMap((at, n) => (at % members === index ? [`h-${n}`] : []))]),
        )
        const end = after(
          start,
          free.map((_, n) => `f-${n}`),
        )
        expect(Math.max(...loads(end)) - Math.min(...loads(end))).toBeLessThanOrEqual(1)
        expect([...end.values()].flat().toSorted()).toEqual([...[...start.values()].flat(), ...free.map((_, n) => `f-${n}`)].toSorted())
        expect(movesOf(end).size).toBe(0)
      }),
    )
  })

  it('one that joins gets its part of them, and nothing else moves', () => {
    fc.assert(
      fc.property(counts.accounts, counts.members, (accounts, members) => {
        const moves = movesOf(new Map([...settled(accounts, members), ['new', []]]))
        expect(moves.size).toBe(Math.floor(accounts / (members + 1)))
        expect([...moves.values()].every((member) => member === 'new')).toBe(true)
      }),
    )
  })

  it('of one that leaves only its own move', () => {
    fc.assert(
      fc.property(counts.accounts, fc.integer({ min: 2, max: 8 }), (accounts, members) => {
        const held = settled(accounts, members)
        const left = held.get('m-0') ?? []
        held.delete('m-0')
        expect([...movesOf(held, left).keys()].toSorted()).toEqual(left.toSorted())
      }),
    )
  })

  it('every replica comes to the same answer, in whatever order it reads the table', () => {
    const held = settled(20, 3).set('new', [])
    const sorted = (moves: ReadonlyMap<string, string>) => [...moves].toSorted()
    const turned = new Map([...held].toReversed().map(([member, accounts]) => [member, accounts.toReversed()]))
    expect(sorted(movesOf(turned))).toEqual(sorted(movesOf(held)))
  })

  it('with nobody there is nobody to give them to', () => {
    expect(movesOf(new Map(), ['a']).size).toBe(0)
  })
})
