import { ProviderError } from '../../../src/provider/errors.ts'
import type { Service } from './catalog.ts'

/**
 * The one microversion of each service that the adapter speaks, so that every cloud answers in the same words: 2.79 came with Train, and holds
 * tags at creation (2.52), server groups with one policy (2.64) and attachments that tell what becomes of a volume (2.79); 3.42 extends volumes
 * that are attached.
 */
export const MICROVERSIONS: Readonly<Partial<Record<Service, string>>> = { compute: '2.79', volume: '3.42' }

interface VersionDocument {
  readonly version?: Range
  readonly versions?: readonly Range[]
}
interface Range {
  readonly id: string
  readonly min_version?: string
  readonly version?: string
}

/** Headers that ask for the microversion; throws `unsupported` where a cloud is too old for it, or too new. */
export function versionHeaders(service: Service, document: VersionDocument): Readonly<Record<string, string>> {
  const wanted = MICROVERSIONS[service]
  if (wanted === undefined) return {}
  const ranges = [...(document.versions ?? []), ...(document.version ? [document.version] : [])]
  const has = ranges.some(({ min_version: min = '', version: max = '' }) => order(min) <= order(wanted) && order(wanted) <= order(max))
  if (has) return { 'openstack-api-version': `${service} ${wanted}` }
  const offered = ranges.map(({ min_version: min, version: max }) => `${min || '?'} to ${max || '?'}`).join(', ')
  throw new ProviderError('unsupported', `the cloud's ${service} service has microversions ${offered}: version ${wanted} is needed`)
}

function order(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return version === '' ? Number.NaN : major * 10_000 + minor
}
