import { createHash } from 'node:crypto'

/**
 * Which accounts go to which member so that all have as many, or one more: those that nobody has (`free`), and as few others as possible.
 * One that joins gets no more than its part (accounts / members), and nothing moves between the others; of one that left only its own move.
 * Every replica comes to the same answer: which accounts go, and where there is a choice whose they become, says a hash of both names
 * (rendezvous hashing).
 */
export function movesOf(held: ReadonlyMap<string, readonly string[]>, free: Iterable<string> = []): ReadonlyMap<string, string> {
  const moving = [...free]
  const total = [...held.values()].reduce((sum, accounts) => sum + accounts.length, moving.length)
  const least = Math.floor(total / held.size)
  const withOneMore = total % held.size
  const room = new Map<string, number>()
  // Who has most keeps the one more, so that it need not move.
  const byLoad = [...held].toSorted(([a, x], [b, y]) => y.length - x.length || order(a, b))
  for (const [index, [member, accounts]] of byLoad.entries()) {
    const left = least + (index < withOneMore ? 1 : 0) - accounts.length
    if (left > 0) room.set(member, left)
    else if (left < 0) moving.push(...byScore(accounts, (account) => scoreOf(member, account)).slice(left))
  }
  const moves = new Map<string, string>()
  for (const account of moving.toSorted(order)) {
    const [member] = byScore([...room.keys()], (one) => scoreOf(one, account))
    if (member === undefined) break
    moves.set(account, member)
    const left = (room.get(member) ?? 0) - 1
    if (left > 0) room.set(member, left)
    else room.delete(member)
  }
  return moves
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The same in every process, and even over all pairs. */
function scoreOf(member: string, account: string): string {
  return createHash('sha256').update(`${member}\n${account}`).digest('hex')
}

/** Highest first. */
function byScore(names: readonly string[], score: (name: string) => string): string[] {
  return names
    .map((name) => ({ name, score: score(name) }))
    .toSorted((a, b) => order(b.score, a.score))
    .map(({ name }) => name)
}
