import { movesOf } from './balance.ts'
import { accountOfRegion, holderOf, type Member, type Table } from './table.ts'

/** What a replica knows when it looks at the table. */
export interface Outlook {
  /** Its own member in the table. */
  readonly me: string
  /** The table is open, and this replica is the leader that opened it. */
  readonly leads: boolean
  /** CloudProviders that there are. */
  readonly accounts: ReadonlySet<string>
  /** Regions that there are and that name one of those. */
  readonly bindings: ReadonlyMap<string, string>
  /** Members whose term is over for sure. */
  readonly ended: ReadonlySet<string>
}

/** What a replica has to stop working on, since others are to go on with it: next member of an account, next account of a region. */
export interface Wish {
  /** `undefined`: nobody's. */
  readonly accounts: ReadonlyMap<string, string | undefined>
  /** `''`: the leader's. */
  readonly regions: ReadonlyMap<string, string>
}

/** What is to go to others of what this replica holds. It lets go of that once nothing of its own is under way there any more. */
export function wishOf(table: Table, { me, leads, accounts, bindings }: Outlook): Wish {
  const own = table.members[me]?.accounts ?? []
  const moves = movesOf(new Map(Object.entries(table.members).map(([id, member]) => [id, member.accounts])))
  const next = (account: string) => (table.leader === '' || !accounts.has(account) ? undefined : moves.get(account))
  const isGoing = (account: string) => table.leader === '' || !accounts.has(account) || moves.has(account)
  const held = new Set(own)
  const regions = new Map<string, string>()
  for (const region of new Set([...Object.keys(table.regions), ...bindings.keys()])) {
    const [is, wanted] = [accountOfRegion(table, region), bindings.get(region) ?? '']
    if (is !== wanted && (is === '' ? leads : held.has(is))) regions.set(region, wanted)
  }
  return { accounts: new Map(own.filter(isGoing).map((account) => [account, next(account)])), regions }
}

/** The table as this replica wants it: `done` is what it has stopped working on of its wish. Whoever leads also sees to what is nobody's. */
export function nextTable(table: Table, { me, leads, accounts, bindings, ended }: Outlook, done: Wish): Table {
  const members = new Map<string, string[]>()
  for (const [id, member] of Object.entries(table.members)) {
    if (leads && ended.has(id)) continue
    members.set(id, id === me ? member.accounts.filter((account) => !done.accounts.has(account)) : [...member.accounts])
  }
  for (const [account, member] of done.accounts) if (member !== undefined) members.get(member)?.push(account)
  const regions = { ...table.regions, ...Object.fromEntries(done.regions) }
  if (leads) {
    const held = new Set([...members.values()].flat())
    const free = [...accounts].filter((account) => !held.has(account))
    for (const [account, member] of movesOf(members, free)) if (!held.has(account)) members.get(member)?.push(account)
    // Of an account that nobody held, nobody works on anything.
    for (const [region, account] of Object.entries(table.regions))
      if (holderOf(table, account) === undefined) regions[region] = bindings.get(region) ?? ''
  }
  return {
    ...table,
    members: Object.fromEntries([...members].map(([id, list]) => [id, { ...(table.members[id] as Member), accounts: list.toSorted() }])),
    regions: Object.fromEntries(Object.entries(regions).filter(([, account]) => account !== '')),
  }
}

/** The table without a member that has stopped working: its accounts are given to the others at once. */
export function withoutMember(table: Table, me: string): Table {
  const { [me]: left, ...others } = table.members
  const held = new Map(Object.entries(others).map(([id, member]) => [id, [...member.accounts]]))
  const free = left === undefined || table.leader === '' ? [] : left.accounts
  for (const [account, member] of held.size === 0 ? [] : movesOf(held, free)) if (free.includes(account)) held.get(member)?.push(account)
  return {
    ...table,
    members: Object.fromEntries(Object.entries(others).map(([id, one]) => [id, { ...one, accounts: held.get(id)?.toSorted() ?? [] }])),
  }
}
