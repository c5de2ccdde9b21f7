import { installationKey } from '../../src/provider/tags.ts'
import type { Mark } from '../../src/provider/translation.ts'

/** What of the installation's key is in a name: 40 bits tell installations apart, and names stay readable. */
const OWNER = { from: 5, to: 13 }
const NAME_LIMIT = 40
const MARK = / ?\[(seca-[a-z2-7]{25})\.([a-z2-7]{8})\.([A-Za-z0-9_-]{1,64})\]$/
const COMPANION = /^\[public (seca-[a-z2-7]{25})\]$/

interface Marked {
  readonly key: string
  readonly owner: string
  readonly incarnation: string
}

/** A name is all that every object has and that is set when it is made: SECA's name first, whose it is behind. */
export function marked(name: string, { tagKey, installationKey: owner, incarnation }: Omit<Mark, 'tag'>): string {
  const bare = name.replace(MARK, '').slice(0, NAME_LIMIT).trim()
  return `${bare} [${tagKey}.${owner.slice(OWNER.from, OWNER.to)}.${incarnation}]`.trim()
}

export function markIn(name: string): Marked | undefined {
  const [, key, owner, incarnation] = MARK.exec(name) ?? []
  return key === undefined || owner === undefined || incarnation === undefined ? undefined : { key, owner, incarnation }
}

/** A name without its mark. */
export const unmarked = (name: string): string => name.replace(MARK, '')

export const isOwnedBy = ({ owner }: Marked, installation: string): boolean =>
  owner === installationKey(installation).slice(OWNER.from, OWNER.to)

/** Name of the NIC in the public LAN that a NIC has beside it. */
export const companionName = (tagKey: string): string => `[public ${tagKey}]`
export const companionOf = (name: string): string | undefined => COMPANION.exec(name)?.[1]
