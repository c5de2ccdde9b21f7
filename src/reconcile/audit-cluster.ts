import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { buildTag, tagKey } from '../provider/tags.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { keyOf } from '../resolve/names.ts'
import { cloudProviderOf } from '../resolve/region.ts'
import { secretOf, specOf } from './accounts.ts'
import type { Expected } from './audit.ts'
import { homeOf, homesOf } from './homes.ts'
import { pathOf, urnOf } from './path.ts'
import { isObserveOnly } from './policy.ts'

/** Ids of accounts by CloudProvider and Secret, as the clouds told them. */
export type Opened = ReadonlyMap<string, string>

export const openedKey = (cloudProvider: string, secret: string): string => `${cloudProvider}/${secret}`

/** Every resource that may have a cloud object, with the tag and the account that one is found by. */
export function expectedOf(lookup: Lookup, kinds: readonly Kind[], installation: string, opened: Opened): Expected[] {
  return kinds
    .filter(({ cloud }) => cloud !== 'none')
    .flatMap((kind) => [...lookup.all(kind.kind)].map((object) => expectedFor(lookup, kind, object, installation, opened)))
}

/** The same of one resource. */
export function expectedFor(lookup: Lookup, kind: Kind, object: Resource, installation: string, opened: Opened): Expected {
  const { metadata, status } = object
  const path = pathOf(lookup, kind, object)
  const tag = path === undefined ? undefined : buildTag({ installation, region: path.region, path: urnOf(lookup, kind, path) })
  const name = path === undefined ? undefined : cloudProviderOf(lookup, path.region)
  const cloudProvider = name === undefined ? undefined : lookup.get('CloudProvider', name)
  const key = cloudProvider && openedKey(cloudProvider.metadata.name, secretOf(specOf(cloudProvider), path?.tenant ?? ''))
  const now = key === undefined ? undefined : opened.get(key)
  const home = cloudProvider && homeOf(homesOf(cloudProvider), path?.tenant ?? '')
  return {
    kind: kind.kind,
    object: `${kind.kind} ${keyOf(metadata.namespace, metadata.name)}`,
    uid: metadata.uid,
    tag,
    tagKey: tag === undefined ? undefined : tagKey(tag),
    externalId: status?.externalId,
    incarnation: status?.incarnation,
    account: home ?? now,
    ...(home !== undefined && now !== undefined && home !== now ? { opened: now } : {}),
    isLeaving: metadata.deletionTimestamp !== undefined,
    isUntagged: isObserveOnly(object),
  }
}
