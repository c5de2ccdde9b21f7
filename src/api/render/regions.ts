import type { Resource } from '../../kinds/resource.ts'
import type { Door } from '../contract.ts'
import type { Json } from './envelope.ts'
import { specOf } from './envelope.ts'
import { GLOBAL_APIS, REGIONAL_APIS } from '../path/surface.ts'
import type { Target } from '../path/target.ts'

/** Base URL of an API without version: where clients add `/v1/…` (contract §2, architecture §1). */
function apiUrl(door: Door, base: string, api: string, region: string | undefined): string {
  if (door === 'aggregated') return `${base}/apis/${region === undefined ? '' : `${region}.`}${api}`
  return `${base}${region === undefined ? '' : `/regions/${region}`}/providers/${api}`
}

/** The default region has the unprefixed paths. */
const prefixOf = (region: string, defaultRegion: string) => (region === defaultRegion ? undefined : region)

/** Spec of a kind that lists the APIs (a region), with their URLs as this client reaches them; undefined for other kinds. */
export function regionSpec(door: Door, base: string, defaultRegion: string) {
  return ({ surface }: Target, object: Resource): Json | undefined => {
    const { apiList } = surface.kind
    if (apiList === undefined) return undefined
    const spec = specOf(surface.kind, object)
    if (spec[apiList] !== undefined) return spec
    const region = prefixOf(object.metadata.name, defaultRegion)
    const providers = [...REGIONAL_APIS].flatMap(([name, versions]) =>
      versions.map((version) => ({ name, version, url: apiUrl(door, base, name, region) })),
    )
    return { ...spec, [apiList]: providers }
  }
}

/** `/.wellknown/secapi`: the global APIs; here provider and URL carry the version. */
export function wellknown(door: Door, base: string): Json {
  const endpoints = [...GLOBAL_APIS].flatMap(([api, versions]) =>
    versions.map((version) => ({ provider: `${api}/${version}`, url: `${apiUrl(door, base, api, undefined)}/${version}` })),
  )
  return { version: 'v1', endpoints }
}
