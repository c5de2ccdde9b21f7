import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup } from './lookup.ts'
import { regionOf } from './region.ts'
import type { Rule } from './rule.ts'

/** Zones of an object's region, the first one first; undefined while there is no such region. */
function zonesOf(lookup: Lookup, kind: Kind, object: Resource): readonly string[] | undefined {
  const region = lookup.get('Region', regionOf(lookup, kind, object))
  return (region?.spec as { availableZones?: readonly string[] } | undefined)?.availableZones
}

/** The zone that an object is meant to be in: the first of its region where it names none (contract §11.20). */
export function zoneOf(lookup: Lookup, kind: Kind, object: Resource): string | undefined {
  const field = kind.guards?.find(({ rule }) => rule === 'zone')?.field
  const zone = field === undefined ? undefined : (object.spec as Record<string, unknown> | undefined)?.[field]
  return typeof zone === 'string' && zone !== '' ? zone : zonesOf(lookup, kind, object)?.[0]
}

/** A zone is one of the region's. Of a region that is not there nothing is said: that is its own trouble. */
export const zone: Rule = function* (value, { lookup, kind, object, guard }) {
  const zones = zonesOf(lookup, kind, object)
  if (zones === undefined || zones.includes(value as string)) return
  const region = regionOf(lookup, kind, object)
  if (value !== '')
    yield {
      path: guard.field,
      state: 'missing',
      message: `zone "${String(value)}" does not exist in region ${region}, which has ${zones.join(', ')}`,
    }
  else if (guard.needsValue === true)
    yield { path: guard.field, state: 'impossible', message: `must name a zone; region ${region} has ${zones.join(', ')}` }
}

interface CloudNames {
  readonly region?: string
  readonly zones?: Readonly<Record<string, string>>
}

function cloudNames(lookup: Lookup, region: string): CloudNames {
  return (lookup.get('Region', region)?.spec as { readonly cloud?: CloudNames } | undefined)?.cloud ?? {}
}

/** What the cloud calls a region (`Region.spec.cloud`). */
export function cloudRegionOf(lookup: Lookup, region: string): string {
  return cloudNames(lookup, region).region ?? region
}

/** What the cloud calls the zone that an object is meant to be in. */
export function cloudZoneOf(lookup: Lookup, kind: Kind, object: Resource): string | undefined {
  const zone = zoneOf(lookup, kind, object)
  return zone === undefined ? undefined : (cloudNames(lookup, regionOf(lookup, kind, object)).zones?.[zone] ?? zone)
}
