import type { Kind } from '../kinds/kind.ts'
import { EACH, type Reference, type ReferenceRule } from '../kinds/ref.ts'
import type { Resource } from '../kinds/resource.ts'
import { type Address, addressOf, isNear } from './address.ts'
import type { Lookup } from './lookup.ts'
import { keyOf, parentName } from './names.ts'
import { regionOf } from './region.ts'

/** A reference as it stands in an object. `path` is dotted: `dataVolumes[2].deviceRef`. */
export interface FoundReference {
  readonly path: string
  readonly reference: Reference
  readonly rule: ReferenceRule
}

/** All references that an object's spec holds. */
export function referencesOf(kind: Kind, object: Pick<Resource, 'spec'>): FoundReference[] {
  return kind.references.flatMap(({ path, rule }) =>
    valuesAt(object.spec, path).map(({ path: at, value }) => ({ path: at, reference: value as Reference, rule })),
  )
}

/** Everything that stands at a path of a schema, with where it is. */
export function valuesAt(value: unknown, path: readonly string[], at = ''): { readonly path: string; readonly value: unknown }[] {
  const [step, ...rest] = path
  if (value === undefined || value === null) return []
  if (step === undefined) return [{ path: at, value }]
  if (step === EACH) return Array.isArray(value) ? value.flatMap((item, index) => valuesAt(item, rest, `${at}[${index}]`)) : []
  return valuesAt((value as Record<string, unknown>)[step], rest, at === '' ? step : `${at}.${step}`)
}

/** Where a reference leads. */
export type Resolution =
  | { readonly state: 'found'; readonly kind: Kind; readonly key: string; readonly object: Resource }
  /** `keys`: where the target would be (`ns/*.name` when its parent is not known); none when its workspace does not exist. */
  | { readonly state: 'missing'; readonly kind: Kind; readonly keys: readonly string[]; readonly message: string }
  /** It cannot resolve as written. `near`: what it leads to all the same, so that a change there is noticed. */
  | { readonly state: 'invalid'; readonly message: string; readonly near?: Near }
  /** An address or CIDR in place of a reference (route targets, sources of rules). */
  | { readonly state: 'literal' }

interface Near {
  readonly kind: Kind
  readonly keys: readonly string[]
  /** Region that the target is in, when that is what is wrong. */
  readonly region?: string
}

/** Resolves one reference of `from` (SECA.md §4, DESIGN §2 "References"). */
export function resolveReference(
  lookup: Lookup,
  fromKind: Kind,
  from: Resource,
  found: Pick<FoundReference, 'reference' | 'rule'>,
): Resolution {
  const addressed = addressOf(lookup, fromKind, from, found)
  return addressed.state === 'at' ? resolveAddress(lookup, addressed.address) : addressed
}

/** What is at an address. Its messages tell what is there: only for those who may `get` it. */
export function resolveAddress(lookup: Lookup, address: Address): Resolution {
  const { kind, parent, name } = address
  const namespace = namespaceOf(lookup, address)
  if (kind.catalog === true) return skuAt(lookup, address)
  if (namespace === undefined) return missing(address, [])
  if (kind.parent === undefined) return objectAt(lookup, address, keyOf(namespace, name))
  if (parent !== undefined) return objectAt(lookup, address, keyOf(namespace, `${parent}.${name}`))
  // From outside a network its name may be left out: fine while only one network has such a child (SECA.md §4).
  const matches = lookup.nestedNamed(kind.kind, namespace, name)
  const [only, ...others] = matches
  const any = keyOf(namespace, `*.${name}`)
  if (only === undefined) return missing(address, [any])
  if (others.length === 0) return objectAt(lookup, address, keyOf(namespace, only.metadata.name))
  const parents = matches.map((object) => parentName(kind, object) ?? '').toSorted()
  const collection = lookup.kindNamed(kind.parent.kind)?.collection ?? ''
  const message = `${called(address)} exists in ${listed(parents)}: name one, for example ${collection}/${parents[0] ?? ''}/${kind.collection}/${name}`
  return { state: 'invalid', message, near: { kind, keys: [any] } }
}

/** Namespace of the target; undefined for cluster-scoped kinds, and while there is none. */
export function namespaceOf(lookup: Lookup, { kind, tenant, workspace }: Address): string | undefined {
  if (kind.scope === 'cluster' || tenant === undefined) return undefined
  return lookup.namespaceOf(workspace === undefined ? { tenant } : { tenant, workspace })
}

const called = ({ kind, name, parent }: Address): string =>
  `${kind.kind} "${name}"${parent === undefined || kind.parent === undefined ? '' : ` of ${kind.parent.kind} "${parent}"`}`

/** A few of many names. */
const listed = (names: readonly string[]): string =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`

/** That nothing is at an address, in words that do not depend on why. */
export function absence(address: Address): string {
  const { kind, workspace, region } = address
  const place = isNear(address) ? '' : ` in workspace "${workspace}"`
  return `${called(address)} does not exist${kind.catalog === true ? ` in region ${region}` : place}`
}

const missing = (address: Address, keys: readonly string[]): Resolution => ({
  state: 'missing',
  kind: address.kind,
  keys,
  message: absence(address),
})

function objectAt(lookup: Lookup, address: Address, key: string): Resolution {
  const { kind, text, region: here } = address
  const object = lookup.get(kind.kind, key)
  if (object === undefined) return missing(address, [key])
  // What is in the same workspace is in the same region.
  const region = kind.scope === 'workspace' && isNear(address) ? here : regionOf(lookup, kind, object)
  if (region === here) return { state: 'found', kind, key, object }
  const message = `${kind.kind} "${text}" is in region ${region}, this object in ${here}`
  return { state: 'invalid', message, near: { kind, keys: [key], region } }
}

/** SKUs are cluster-scoped, one per region, seen by every tenant or by those listed; names compare without case (SECA.md §11.19). */
function skuAt(lookup: Lookup, address: Address): Resolution {
  const { kind, own, name, region } = address
  const key = `${region}.${name}`
  const object = lookup.get(kind.kind, key)
  const tenants = (object?.spec as { tenants?: readonly string[] } | undefined)?.tenants
  const isVisible = tenants === undefined || (own !== undefined && tenants.includes(own.tenant))
  return object !== undefined && isVisible ? { state: 'found', kind, key, object } : missing(address, [key])
}
