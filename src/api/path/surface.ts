import { KINDS, kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'

/** What a kind looks like from the SECA side; follows from its definition. */
export interface Surface {
  readonly kind: Kind
  /** `seca.storage` and `v1`. */
  readonly api: string
  readonly version: string
  /** Its path names a tenant. */
  readonly hasTenant: boolean
  /** It has a region: served below every region's base path. */
  readonly isRegional: boolean
  /** Cluster-scoped objects named `<region>.<name>`: SKUs. */
  readonly isPerRegion: boolean
  readonly isReadOnly: boolean
  readonly hasStatus: boolean
  /** Creation and modification times and a version in the metadata. */
  readonly hasHistory: boolean
  readonly hasLabels: boolean
  /** Collection and path parameter of the kind in whose path this one is nested. */
  readonly parent: { readonly kind: Kind; readonly parameter: string } | undefined
  /** Names in paths, with `{parameters}`: `['v1', 'tenants', '{tenant}', 'skus']`. */
  readonly segments: readonly string[]
  /** Schema of `metadata`. */
  readonly metadataSchema: string
}

function surfaceOf(kind: Kind): Surface {
  const [api = '', version = ''] = kind.api.split('/')
  const hasOwnRegion = 'region' in kind.kubeSpec.shape
  const isPerRegion = kind.scope === 'cluster' && hasOwnRegion
  const hasTenant = kind.scope !== 'cluster' || isPerRegion
  const isRegional = hasOwnRegion || kind.scope === 'workspace'
  const parentKind = kind.parent && kindNamed(kind.parent.kind)
  const parent = kind.parent && parentKind ? { kind: parentKind, parameter: kind.parent.field } : undefined
  const segments = [
    version,
    ...(hasTenant ? ['tenants', '{tenant}'] : []),
    ...(kind.scope === 'workspace' ? ['workspaces', '{workspace}'] : []),
    ...(parent ? [parent.kind.collection, `{${parent.parameter}}`] : []),
    kind.collection,
  ]
  return Object.freeze({
    kind,
    api,
    version,
    hasTenant,
    isRegional,
    isPerRegion,
    isReadOnly: kind.catalog === true,
    hasStatus: kind.status !== undefined && kind.catalog !== true,
    hasHistory: !isPerRegion,
    hasLabels: kind.extensions !== false,
    parent,
    segments,
    metadataSchema: `${isPerRegion ? 'Sku' : scopeName(kind, isRegional, hasTenant, parent !== undefined)}ResourceMetadata`,
  })
}

function scopeName(kind: Kind, isRegional: boolean, hasTenant: boolean, isNested: boolean): string {
  if (!isRegional) return hasTenant ? 'GlobalTenant' : 'Global'
  if (kind.scope !== 'workspace') return 'Regional'
  return isNested ? 'RegionalNetwork' : 'RegionalWorkspace'
}

/** Every kind that the SECA API serves. */
export const SURFACES: readonly Surface[] = KINDS.filter((kind) => kind.api.startsWith('seca.')).map(surfaceOf)

const byKind: ReadonlyMap<string, Surface> = new Map(SURFACES.map((surface) => [surface.kind.kind, surface]))

/** The surface of a kind that is served; undefined for the operator's own. */
export function surfaceNamed(kind: string): Surface | undefined {
  return byKind.get(kind)
}

/** APIs that a region has: everything but the global ones. `seca.compute` → its versions. */
export const REGIONAL_APIS: ReadonlyMap<string, readonly string[]> = versionsOf(true)
/** APIs without a region: regions and authorization. */
export const GLOBAL_APIS: ReadonlyMap<string, readonly string[]> = versionsOf(false)

function versionsOf(isRegional: boolean): ReadonlyMap<string, readonly string[]> {
  const apis = Map.groupBy(
    SURFACES.filter((surface) => surface.isRegional === isRegional),
    ({ api }) => api,
  )
  return new Map([...apis].map(([api, surfaces]) => [api, [...new Set(surfaces.map(({ version }) => version))]]))
}
