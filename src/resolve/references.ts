import type { Kind } from '../kinds/kind.ts'
import { EACH, type Reference, type ReferenceRule } from '../kinds/ref.ts'
import type { Resource } from '../kinds/resource.ts'
import { type Address, addresser, isNear } from './address.ts'
import type { Lookup } from './lookup.ts'
import { keyOf, parentName } from './names.ts'
import { regionOf } from './region.ts'

/** A reference as it stands in an object. `path` is dotted: `dataVolumes[2].deviceRef`. */
export interface FoundReference {
  readonly path: string
  readonly reference: Reference
  readonly rule: ReferenceRule
}

/** All references that an object's spec holds, or those of some of its fields. */
export function referencesOf(kind: Pick<Kind, 'references'>, object: Pick<Resource, 'spec'>): FoundReference[] {
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

/** Where a reference leads. Messages come to everyone who sees the referring object, so they do not tell what else there is. */
export type Resolution =
  | { readonly state: 'found'; readonly kind: Kind; readonly key: string; readonly object: Resource }
  | Missing
  /** It can never resolve as written. */
  | { readonly state: 'invalid'; readonly message: string }
  | Ambiguous
  /** An address or CIDR in place of a reference (route targets, sources of rules). */
  | { readonly state: 'literal' }

interface Missing {
  readonly state: 'missing'
  readonly kind: Kind
  /** Where the target would be (`ns/*.name` when its parent is not known); none when its workspace does not exist. */
  readonly keys: readonly string[]
  readonly message: string
  /** Another region, where there is one of that name. */
  readonly region?: string
}

/** It leaves out a parent that it has to say, as long as several have such a child. */
interface Ambiguous {
  readonly state: 'ambiguous'
  readonly kind: Kind
  readonly keys: readonly string[]
  readonly message: string
  readonly parents: readonly string[]
  /** Of those that it may mean the oldest: what it led to before there was another. */
  readonly oldest: string
}

/** Resolves one reference of `from` (contract §4, architecture §2 "References"). */
export function resolveReference(
  lookup: Lookup,
  fromKind: Kind,
  from: Resource,
  found: Pick<FoundReference, 'reference' | 'rule'>,
): Resolution {
  return resolver(lookup, fromKind, from)(found)
}

/** Resolves many references of one object. */
export function resolver(
  lookup: Lookup,
  fromKind: Kind,
  from: Resource,
): (found: Pick<FoundReference, 'reference' | 'rule'>) => Resolution {
  const read = addresser(lookup, fromKind, from)
  return (found) => {
    const addressed = read(found)
    return addressed.state === 'at' ? resolveAddress(lookup, addressed.address) : addressed
  }
}

/** What is at an address. */
export function resolveAddress(lookup: Lookup, address: Address): Resolution {
  const { kind, parent, name } = address
  if (kind.catalog === true) return skuAt(lookup, address)
  const namespace = namespaceOf(lookup, address)
  if (namespace === undefined) return missing(address, [])
  if (kind.parent === undefined) return objectAt(lookup, address, keyOf(namespace, name))
  if (parent !== undefined) return objectAt(lookup, address, keyOf(namespace, `${parent}.${name}`))
  // From outside a network its name may be left out: fine while only one network has such a child (contract §4).
  const matches = lookup.nestedNamed(kind.kind, namespace, name)
  const [only, ...others] = matches
  const keys = [keyOf(namespace, `*.${name}`)]
  if (only === undefined) return missing(address, keys)
  if (others.length === 0) return objectAt(lookup, address, keyOf(namespace, only.metadata.name))
  const collection = lookup.kindNamed(kind.parent.kind)?.collection ?? ''
  const message = `${called(address)} is in several ${collection}: name one, as in ${collection}/<name>/${kind.collection}/${name}`
  const parents = matches.map((object) => parentName(kind, object) ?? '').toSorted()
  const oldest = keyOf(namespace, matches.reduce(older).metadata.name)
  return { state: 'ambiguous', kind, keys, message, parents, oldest }
}

function older(one: Resource, other: Resource): Resource {
  const [a, b] = [one.metadata, other.metadata].map(({ creationTimestamp, name }) => `${creationTimestamp} ${name}`)
  return (a ?? '') <= (b ?? '') ? one : other
}

/** Namespace of the target; undefined for cluster-scoped kinds, and while there is none. */
export function namespaceOf(lookup: Lookup, { kind, tenant, workspace }: Address): string | undefined {
  if (kind.scope === 'cluster' || tenant === undefined) return undefined
  return lookup.namespaceOf(workspace === undefined ? { tenant } : { tenant, workspace })
}

const called = ({ kind, name, parent }: Address): string =>
  `${kind.kind} "${name}"${parent === undefined || kind.parent === undefined ? '' : ` of ${kind.parent.kind} "${parent}"`}`

function missing(address: Address, keys: readonly string[], elsewhere?: string): Missing {
  const { kind, workspace, region } = address
  // The same words whether it is nowhere or in another region, and whether its workspace is there or not.
  const place = isNear(address) || workspace === undefined ? '' : ` in workspace "${workspace}"`
  const where = kind.scope === 'workspace' && isNear(address) ? '' : ` in region ${region}`
  const message = `${called(address)} does not exist${place}${where}`
  return { state: 'missing', kind, keys, message, ...(elsewhere === undefined ? {} : { region: elsewhere }) }
}

function objectAt(lookup: Lookup, address: Address, key: string): Resolution {
  const { kind, region: here } = address
  const object = lookup.get(kind.kind, key)
  if (object === undefined) return missing(address, [key])
  // What is in the same workspace is in the same region.
  const region = kind.scope === 'workspace' && isNear(address) ? here : regionOf(lookup, kind, object)
  return region === here ? { state: 'found', kind, key, object } : missing(address, [key], region)
}

/** SKUs are cluster-scoped, one per region, seen by every tenant or by those listed; names compare without case (contract §11.19). */
function skuAt(lookup: Lookup, address: Address): Resolution {
  const { kind, own, name, region } = address
  const key = `${region}.${name}`
  const object = lookup.get(kind.kind, key)
  const tenants = (object?.spec as { tenants?: readonly string[] } | undefined)?.tenants
  const isVisible = tenants === undefined || (own !== undefined && tenants.includes(own.tenant))
  return object !== undefined && isVisible ? { state: 'found', kind, key, object } : missing(address, [key])
}
