import { createHash } from 'node:crypto'
import type { Desired } from './contract.ts'
import { ProviderError } from './errors.ts'

/** Clouds that have tags at all take this much (architecture §4). */
export const TAG_LIMIT = 255

interface Tag {
  /** Id of the installation that owns the cloud object. */
  readonly installation: string
  readonly region: string
  /** SECA path; `~<sha256>` of it where the tag would have been longer than {@link TAG_LIMIT}. */
  readonly path: string
}

const HASHED = /^~[0-9a-f]{64}$/
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** The ownership tag `<installation>/<region>/<SECA path>`. The same input gives the same tag in every version. */
export function buildTag(tag: Tag): string {
  if (!SEGMENT.test(tag.installation) || !SEGMENT.test(tag.region))
    throw new RangeError(`no ownership tag can be made of installation "${tag.installation}" and region "${tag.region}"`)
  const prefix = `${tag.installation}/${tag.region}/`
  if (prefix.length + tag.path.length <= TAG_LIMIT) return prefix + tag.path
  return `${prefix}~${createHash('sha256').update(tag.path).digest('hex')}`
}

/** Takes a tag apart; `undefined` = not one of this operator's. */
export function parseTag(text: string): (Tag & { readonly isHashed: boolean }) | undefined {
  const [installation = '', region = '', ...rest] = text.split('/')
  const path = rest.join('/')
  const isHashed = HASHED.test(path)
  if (!SEGMENT.test(installation) || !SEGMENT.test(region) || !(isHashed || path.includes('/tenants/'))) return undefined
  return { installation, region, path, isHashed }
}

/** Prefix of all tags of an installation, for inventories. */
export function tagPrefix(installation: string): string {
  return `${installation}/`
}

/** A cloud object, as far as ownership goes. */
interface Claimable {
  readonly id: string
  /** Ownership tag; `undefined` or empty = untagged. */
  readonly tag: string | undefined
}

type Claim<T> = { readonly object: T; /** Found by id, untagged: `update` has to tag it. */ readonly isUntagged: boolean } | undefined

/**
 * Picks the one cloud object that is `desired`'s out of what was found by its tag or by its id. Throws `foreign` when more than one
 * carries the tag, or when the object named by `externalId` is somebody else's: nothing may be written then (architecture §4).
 */
export function claim<T extends Claimable>(matches: readonly T[], desired: Pick<Desired, 'tag' | 'externalId' | 'mayAdopt'>): Claim<T> {
  const tagged = matches.filter((match) => match.tag === desired.tag)
  const [mine] = tagged
  if (tagged.length > 1) {
    const ids = tagged
      .map((match) => match.id)
      .toSorted()
      .join(', ')
    throw new ProviderError('foreign', `${tagged.length} cloud objects carry the tag ${desired.tag}: ${ids}. Delete or untag all but one.`)
  }
  if (mine) return { object: mine, isUntagged: false }
  const named = matches.find((match) => match.id === desired.externalId)
  if (!named) return undefined
  if (named.tag) {
    const owner = parseTag(named.tag)
    const whose = owner ? `is owned by ${owner.path} of installation ${owner.installation}` : 'carries a tag of somebody else'
    throw new ProviderError('foreign', `${named.id} ${whose}. Name another cloud object, or remove its tag first.`)
  }
  if (desired.mayAdopt) return { object: named, isUntagged: true }
  const hint = `Allow it with CloudProvider.spec.adoption, or tag it ${desired.tag} yourself.`
  throw new ProviderError('foreign', `${named.id} exists but is not tagged as ours. ${hint}`)
}
