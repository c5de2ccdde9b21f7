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
/** What an installation or region has to look like to be part of a tag. */
export const TAG_SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** The ownership tag `<installation>/<region>/<SECA path>`. The same input gives the same tag in every version. */
export function buildTag(tag: Tag): string {
  if (!TAG_SEGMENT.test(tag.installation) || !TAG_SEGMENT.test(tag.region))
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
  if (!TAG_SEGMENT.test(installation) || !TAG_SEGMENT.test(region) || !(isHashed || path.includes('/tenants/'))) return undefined
  return { installation, region, path, isHashed }
}

/** Prefix of all tags of an installation, for inventories. */
export function tagPrefix(installation: string): string {
  return `${installation}/`
}

/** Digits of {@link keyFor}: lower case letters and digits that every cloud takes in names and tags. */
const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567'
const KEY_DIGITS = 25
const KEY = /^seca-[a-z2-7]{25}$/

/** 125 bits of a text's digest: with its prefix of five characters at most 30, whatever the text. */
function keyFor(prefix: string, text: string): string {
  const bits = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
  const digits = Array.from({ length: KEY_DIGITS }, (_one, place) => DIGITS[Number((bits >> BigInt(5 * place)) & 31n)])
  return prefix + digits.join('')
}

/** Short form of an ownership tag, for clouds whose tags or names do not hold it: 30 characters of `[a-z0-9-]`. */
export function tagKey(tag: string): string {
  return keyFor('seca-', tag)
}

/** Whether a text is a {@link tagKey}; whose, it does not tell. */
export function isTagKey(text: string): boolean {
  return KEY.test(text)
}

/** Short form of an installation's id, by which an inventory tells whose a {@link tagKey} is. */
export function installationKey(installation: string): string {
  return keyFor('seci-', installation)
}

/** A cloud object, as far as ownership goes. */
interface Claimable {
  readonly id: string
  /** Ownership tag, or its key where the cloud holds no more; `undefined` or empty = untagged. */
  readonly tag: string | undefined
  /** Nonce that it was made with, where the cloud keeps it. */
  readonly incarnation?: string | undefined
  /** Something else in the cloud uses it. */
  readonly isUsed?: boolean
}

interface Claimed<T> {
  readonly object: T
  /** Found by id, untagged: `update` has to tag it. */
  readonly isUntagged: boolean
  /** Others with the same tag and incarnation that nothing uses: made by a call whose answer was lost. */
  readonly twins: readonly string[]
}

type Owned = Pick<Desired, 'tag' | 'tagKey' | 'externalId' | 'incarnation' | 'mayAdopt'>

/**
 * Picks the one cloud object that is `desired`'s out of what was found by its tag or by its id. Of several with its tag the recorded one wins,
 * where the others are twins that nothing uses. Throws `foreign` when it cannot be told which is right, or when the object named by
 * `externalId` is somebody else's: nothing may be written then (architecture §4).
 */
export function claim<T extends Claimable>(matches: readonly T[], desired: Owned): Claimed<T> | undefined {
  const tagged = matches.filter(({ tag }) => tag === desired.tag || tag === desired.tagKey)
  if (tagged.length > 1) return among(tagged, desired)
  const [mine] = tagged
  if (mine) return { object: mine, isUntagged: false, twins: [] }
  const named = matches.find((match) => match.id === desired.externalId)
  if (!named) return undefined
  if (named.tag) {
    const owner = parseTag(named.tag)
    const whose = owner ? `is owned by ${owner.path} of installation ${owner.installation}` : 'carries a tag of somebody else'
    const own = parseTag(desired.tag)
    if (owner !== undefined && own !== undefined && owner.path === own.path && owner.region === own.region)
      throw new ProviderError(
        'foreign',
        `${named.id} is this resource's, of installation ${owner.installation}; this cluster works as ${own.installation}. ` +
          'Where it was restored, give it the old id in ConfigMap seca-installation; else remove the tag from the cloud object first.',
      )
    throw new ProviderError('foreign', `${named.id} ${whose}. Name another cloud object, or remove its tag first.`)
  }
  if (desired.mayAdopt) return { object: named, isUntagged: true, twins: [] }
  const hint = `Allow it with CloudProvider.spec.adoption, or tag it ${desired.tag} yourself.`
  throw new ProviderError('foreign', `${named.id} exists but is not tagged as ours. ${hint}`)
}

/** Where no id was recorded, one that is in use wins, else the first in order: every process has to choose the same. */
function among<T extends Claimable>(tagged: readonly T[], desired: Owned): Claimed<T> {
  const sorted = tagged.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const recorded = sorted.find(({ id }) => id === desired.externalId)
  const object = recorded ?? sorted.find(({ isUsed }) => isUsed === true) ?? sorted[0]
  const others = sorted.filter((one) => one !== object)
  const areTwins = others.every((one) => one.incarnation === desired.incarnation && one.incarnation !== '' && one.isUsed !== true)
  if (object !== undefined && areTwins) return { object, isUntagged: false, twins: others.map(({ id }) => id) }
  const ids = sorted.map(({ id }) => id).join(', ')
  throw new ProviderError('foreign', `${sorted.length} cloud objects carry the tag ${desired.tag}: ${ids}. Delete or untag all but one.`)
}
