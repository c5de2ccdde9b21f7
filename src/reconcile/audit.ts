import type { InventoryItem } from '../provider/contract.ts'
import { installationKey, parseTag } from '../provider/tags.ts'

/** A cloud object as an account's inventory has it. */
export interface Found extends InventoryItem {
  /** The account's own id. */
  readonly account: string
  readonly cloudProvider: string
  /** Name of the Secret that it was seen with, and the region of the connection. */
  readonly secret: string
  readonly region: string
  /** That region in the cloud's words. */
  readonly cloudRegion: string
}

/** A resource that a cloud object may stand behind. */
export interface Expected {
  readonly kind: string
  /** `namespace/name` */
  readonly object: string
  readonly uid: string
  /** Absent while it is not known whose it is: its namespace stands for nothing at the moment. */
  readonly tag?: string | undefined
  readonly tagKey?: string | undefined
  readonly externalId: string | undefined
  readonly incarnation: string | undefined
  /** Account that it lives in; undefined: not known. */
  readonly account: string | undefined
  /** Where that is another account than the one that its Secret opens: the latter. */
  readonly opened?: string | undefined
  /** It is on its way out. */
  readonly isLeaving: boolean
  /** Nothing is written to the cloud for it, so that what is there may carry no tag. */
  readonly isUntagged: boolean
}

/** Cluster and clouds at one time; the clouds were read first. */
export interface Look {
  readonly installation: string
  readonly found: readonly Found[]
  readonly expected: readonly Expected[]
  /** Accounts whose inventory was read to its end. */
  readonly accounts: ReadonlySet<string>
}

export const FINDINGS = ['leaked', 'missing', 'double', 'abandoned', 'unknown'] as const
export type FindingName = (typeof FINDINGS)[number]

/** One thing that is not as it should be. */
export interface Finding {
  readonly finding: FindingName
  readonly kind: string
  /** Ownership tag, or its key. */
  readonly tag: string
  readonly account: string
  readonly message: string
  /** The cloud object; absent of what has none. */
  readonly found?: Found
  /** The resource; absent of what has none. */
  readonly expected?: Expected
  /** Nothing in or about it is under way, as far as one look can tell. */
  readonly isQuiet: boolean
}

/** What two looks agree on, and what may be about to change. */
export interface Verdict {
  readonly proven: readonly Finding[]
  readonly inFlux: readonly Finding[]
}

/** What differs between cluster and clouds in one look, which proves nothing yet. */
export function compare(look: Look): Finding[] {
  const byMark = Map.groupBy(look.found, ({ tag, tagKey }) => tag ?? tagKey ?? '')
  const ids = new Set(look.found.map(placeOf))
  const of = look.expected.flatMap((expected) => {
    const matches = [expected.tag, expected.tagKey].flatMap((mark) => (mark === undefined ? [] : (byMark.get(mark) ?? [])))
    return ofResource(look, expected, matches, ids)
  })
  const marks = new Set(look.expected.flatMap(({ tag, tagKey }) => [tag, tagKey]))
  const records = new Map(look.expected.flatMap((one) => recordsOf(one).map((record) => [record, one] as const)))
  const nobodys = look.found.filter(({ tag, tagKey }) => !marks.has(tag ?? '') && !marks.has(tagKey ?? ''))
  return [...of, ...nobodys.flatMap((found) => ofObject(look, found, records))]
}

/** What both looks show in the same way, with nothing under way in either. */
export function prove(first: readonly Finding[], second: readonly Finding[]): Verdict {
  const quiet = new Set(first.filter(({ isQuiet }) => isQuiet).map(idOf))
  const proven = second.filter((one) => one.isQuiet && quiet.has(idOf(one)))
  const told = new Set(proven.map(idOf))
  const rest = new Map([...first, ...second].filter((one) => !told.has(idOf(one))).map((one) => [idOf(one), one]))
  return { proven, inFlux: [...rest.values()] }
}

/** An object that was made anew, or got another id, is another one. */
function idOf({ finding, kind, tag, account, found, expected }: Finding): string {
  return JSON.stringify([
    finding,
    kind,
    tag,
    account,
    found?.externalId,
    found?.incarnation,
    expected?.uid,
    expected?.externalId,
    expected?.incarnation,
  ])
}

function ofResource(look: Look, expected: Expected, matches: readonly Found[], ids: ReadonlySet<string>): Finding[] {
  const { kind, account, externalId, opened, object } = expected
  const { tag } = expected
  if (account === undefined || tag === undefined) return []
  const about = { kind, tag, expected, isQuiet: !expected.isLeaving }
  const hasId = externalId !== undefined && externalId !== ''
  if (opened !== undefined && !look.accounts.has(account)) {
    const message = `${object} lives in account ${account}; its Secret opens ${opened}`
    return hasId ? [{ ...about, finding: 'abandoned', account, message }] : []
  }
  const here = matches.filter((one) => one.account === account)
  const elsewhere = matches.filter((one) => one.account !== account)
  const findings = elsewhere.map((found): Finding => {
    const message = `${object} lives in account ${account}; this one was left behind`
    return { ...about, finding: 'abandoned', account: found.account, message, found, isQuiet: isQuiet(found) && here.length === 1 }
  })
  if (here.length > 1) {
    const areQuiet = here.every(isQuiet)
    for (const found of here) {
      const message = `${here.length} cloud objects carry the tag of ${object}${found.externalId === externalId ? '; this one is recorded' : ''}`
      findings.push({ ...about, finding: 'double', account, message, found, isQuiet: about.isQuiet && areQuiet })
    }
  }
  const isSeen = matches.length > 0 || expected.isUntagged || ids.has(placeOf({ account, kind, externalId }))
  if (!isSeen && hasId && look.accounts.has(account))
    findings.push({ ...about, finding: 'missing', account, message: `${object} records ${externalId}, which the cloud does not have` })
  return findings
}

function ofObject({ installation }: Look, found: Found, records: ReadonlyMap<string, Expected>): Finding[] {
  const { kind, account, tag, tagKey } = found
  const about = { kind, tag: tag ?? tagKey ?? '', account, found, isQuiet: isQuiet(found) }
  // Its namespace may have lost its labels for a moment: what is recorded is somebody's, whatever its tag says.
  const owner = recordsOf(found)
    .map((record) => records.get(record))
    .find((one) => one !== undefined)
  if (owner !== undefined)
    return [{ ...about, finding: 'unknown', message: `carries no tag of any resource, but ${owner.object} records it`, expected: owner }]
  const parsed = tag === undefined ? undefined : parseTag(tag)
  if (parsed !== undefined) {
    if (parsed.installation !== installation) return []
    return [{ ...about, finding: 'leaked', message: found.usedBy === undefined ? 'no resource' : `no resource; used by ${found.usedBy}` }]
  }
  if (tagKey !== undefined && found.installationKey === installationKey(installation))
    return [{ ...about, finding: 'leaked', message: 'no resource' }]
  return [{ ...about, finding: 'unknown', message: 'no resource has this key, and it does not tell whose it is' }]
}

const placeOf = ({ account, kind, externalId }: Pick<Expected, 'account' | 'kind' | 'externalId'>): string =>
  JSON.stringify([account, kind, externalId])

const isQuiet = ({ busy }: Found): boolean => busy === undefined

interface Recorded {
  readonly kind: string
  readonly externalId?: string | undefined
  readonly incarnation?: string | undefined
}

/** By what a resource's status knows its cloud object, besides the tag. */
function recordsOf({ kind, externalId, incarnation }: Recorded): readonly string[] {
  const named = { id: externalId, incarnation }
  return Object.entries(named).flatMap(([field, value]) => (value === undefined || value === '' ? [] : [`${kind} ${field} ${value}`]))
}
