import * as z from 'zod'
import { MEMBER_LEASES } from '../../kinds/names.ts'

/** One term of one replica: from when it took its Lease until it lost or gave back that. */
const Member = z.strictObject({
  /** Name of its Lease. */
  lease: z.string(),
  /** Holder of that Lease. */
  identity: z.string(),
  /** CloudProviders in whose accounts it may act, while it holds its Lease for sure. */
  accounts: z.array(z.string()),
})
export type Member = Readonly<z.output<typeof Member>>

const TableSchema = z.strictObject({
  /** Identity of the leader under whom the accounts were given out; `''`: none are, and who has some gives them back. */
  leader: z.string(),
  /** Counts up with every leader: what an earlier one still wanted to write does not fit any more. */
  era: z.int(),
  /** Made anew: whoever held something in a lost table may still act, for as long as a Lease lasts. */
  isFresh: z.literal(true).optional(),
  members: z.record(z.string(), Member),
  /** In whose account the objects of a region are worked on; a region that is not here is the leader's. */
  regions: z.record(z.string(), z.string()),
})

/**
 * Who works for which cloud account (architecture §4 "Shards"): one object that is only ever replaced by its version, so that all its
 * states follow each other, and no account has two holders in any of them.
 */
export interface Table {
  readonly leader: string
  readonly era: number
  readonly isFresh?: true | undefined
  readonly members: Readonly<Record<string, Member>>
  readonly regions: Readonly<Record<string, string>>
}

/** Reads what {@link textOf} wrote; undefined when it is no table, or gives one account to two. */
export function parseTable(text: string | undefined): Table | undefined {
  if (text === undefined) return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const { data } = TableSchema.safeParse(json)
  if (data === undefined) return undefined
  const accounts = Object.values(data.members).flatMap((member) => member.accounts)
  return new Set(accounts).size === accounts.length ? data : undefined
}

export const textOf = (table: Table): string => JSON.stringify(table)

/** A table for an installation that has none, or whose is lost. */
export const FRESH: Table = { leader: '', era: 0, isFresh: true, members: {}, regions: {} }

/** The first Lease that no other replica is a member by; undefined: all are taken. */
export const freeLease = ({ members }: Table, identity: string): string | undefined =>
  MEMBER_LEASES.find((name) => !Object.values(members).some((member) => member.lease === name && member.identity !== identity))

/** Which member holds an account. */
export function holderOf({ members }: Table, account: string): string | undefined {
  return Object.keys(members).find((id) => members[id]?.accounts.includes(account))
}

/** The account that a region's objects are worked on in; `''`: the leader's. */
export const accountOfRegion = ({ regions }: Table, region: string): string =>
  Object.hasOwn(regions, region) ? (regions[region] ?? '') : ''
