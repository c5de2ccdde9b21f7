import { KINDS } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { EXTERNAL_ID } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Lookup } from '../../resolve/lookup.ts'
import { keyOf, parentName, secaName } from '../../resolve/names.ts'
import { hasTraits, skuTraits } from '../../provider/unmanaged.ts'
import { fullName } from './names.ts'

/** An object of the cluster that stands for one in the cloud. */
export interface Held {
  readonly kind: string
  readonly name: string
  readonly parent?: string | undefined
  /** Where it is. */
  readonly namespace: string
  /** In the tenant's or the workspace's namespace: references can name it. */
  readonly isHere: boolean
}

/** What the cluster has already. */
export interface Known {
  /** By `<kind>/<cloud id>`; by its name where it has no id. */
  readonly held: ReadonlyMap<string, Held>
  /** Names in the namespaces that the manifests are for. */
  readonly taken: ReadonlySet<string>
}

/** What the cluster knows of cloud objects, and which names are taken where the manifests go. */
export function knownIn(lookup: Lookup, spaces: readonly string[]): Known {
  const held = new Map<string, Held>()
  const taken = new Set<string>()
  for (const kind of KINDS.filter(({ cloud, scope }) => cloud !== 'none' && scope !== 'cluster'))
    for (const object of lookup.all(kind.kind)) {
      const isHere = spaces.includes(object.metadata.namespace ?? '')
      const one = heldBy(kind, object, isHere)
      if (isHere) taken.add(fullName(kind.kind, undefined, object.metadata.name))
      const id = idOf(object) ?? (isHere ? plainId(lookup, kind, object, one) : undefined)
      const key = `${kind.kind}/${id}`
      // Of several, the one that can be named.
      if (id !== undefined && (isHere || !held.has(key))) held.set(key, one)
    }
  return { held, taken }
}

const idOf = ({ metadata, status }: Resource): string | undefined => {
  const { externalId } = (status ?? {}) as { readonly externalId?: string }
  return externalId || metadata.annotations?.[EXTERNAL_ID] || undefined
}

/** Of what has no id: its name, within the id of its parent. */
function plainId(lookup: Lookup, kind: Kind, { metadata }: Resource, { name, parent }: Held): string | undefined {
  if (kind.parent === undefined || parent === undefined) return name
  const above = lookup.get(kind.parent.kind, keyOf(metadata.namespace, parent))
  const id = above && idOf(above)
  return id === undefined ? undefined : `${id}/${name}`
}

function heldBy(kind: Kind, object: Resource, isHere: boolean): Held {
  const { namespace = '' } = object.metadata
  return { kind: kind.kind, name: secaName(kind, object), parent: parentName(kind, object), namespace, isHere }
}

export interface Sku {
  readonly kind: string
  /** Without the region. */
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
}

/** SKUs of a region, in the order of their names. */
export function skusOf(lookup: Lookup, region: string): readonly Sku[] {
  const found = KINDS.filter(({ catalog, scope }) => catalog === true && scope === 'cluster').flatMap(({ kind }) =>
    [...lookup.all(kind)].map(({ metadata, spec }) => ({ kind, name: metadata.name, spec: spec as Sku['spec'] })),
  )
  return found
    .filter(({ spec }) => spec['region'] === region)
    .map((sku) => ({ ...sku, name: sku.name.slice(region.length + 1) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The SKU that has what is asked for; one that is asked for by its name alone can be made later. */
export function skuFor(skus: readonly Sku[], kind: string, id: string): { readonly name: string; readonly isThere: boolean } | undefined {
  const traits = skuTraits(id)
  const found = skus.find((sku) => sku.kind === kind && hasTraits(sku.name, sku.spec, traits))
  if (found !== undefined) return { name: found.name, isThere: true }
  const name = traits.get('name')
  return name === undefined || traits.size > 1 ? undefined : { name, isThere: false }
}
