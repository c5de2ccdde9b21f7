import { isIP } from 'node:net'
import type { Kind } from '../kinds/kind.ts'
import { EACH, type Reference, type ReferenceRule } from '../kinds/ref.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup } from './lookup.ts'
import { keyOf, parentName, secaName } from './names.ts'
import { parseUrn, type Urn } from './urn.ts'

/** A reference as it stands in an object. `path` is dotted: `dataVolumes[2].deviceRef`. */
export interface FoundReference {
  readonly path: string
  readonly reference: Reference
  readonly rule: ReferenceRule
}

/** All references that an object's spec holds. */
export function referencesOf(kind: Kind, object: Pick<Resource, 'spec'>): FoundReference[] {
  return kind.references.flatMap(({ path, rule }) => collect(object.spec, path, '').map((found) => ({ ...found, rule })))
}

function collect(value: unknown, path: readonly string[], at: string): { path: string; reference: Reference }[] {
  const [step, ...rest] = path
  if (value === undefined || value === null) return []
  if (step === undefined) return [{ path: at, reference: value as Reference }]
  if (step === EACH) return Array.isArray(value) ? value.flatMap((item, index) => collect(item, rest, `${at}[${index}]`)) : []
  return collect((value as Record<string, unknown>)[step], rest, at === '' ? step : `${at}.${step}`)
}

/** Where a reference leads. */
export type Resolution =
  | { readonly state: 'found'; readonly kind: Kind; readonly key: string; readonly object: Resource }
  /** `keys`: where the target would be (`ns/*.name` when its parent is not known). */
  | { readonly state: 'missing'; readonly kind: Kind; readonly keys: readonly string[]; readonly message: string }
  /** It can never resolve as written. */
  | { readonly state: 'invalid'; readonly message: string }
  /** An address or CIDR in place of a reference (route targets, sources of rules). */
  | { readonly state: 'literal' }

/** Resolves one reference of `from` (SECA.md §4, DESIGN §2 "References"). */
export function resolveReference(
  lookup: Lookup,
  fromKind: Kind,
  from: Resource,
  found: Pick<FoundReference, 'reference' | 'rule'>,
): Resolution {
  const { reference, rule } = found
  if (rule.wait === 'none' && isLiteral(reference.resource)) return { state: 'literal' }
  const urn = parseUrn(reference)
  if (typeof urn === 'string') return { state: 'invalid', message: urn }
  const kind = pickKind(lookup, rule, urn)
  if (kind === undefined) return { state: 'invalid', message: `"${reference.resource}" does not name a ${rule.to.join(' or ')}` }
  const place = placeOf(lookup, fromKind, from, kind, urn)
  if (typeof place === 'string') return { state: 'invalid', message: place }
  return findAt(lookup, fromKind, from, kind, urn, place)
}

function isLiteral(text: string): boolean {
  return isIP(text.split('/')[0] ?? '') !== 0
}

function pickKind(lookup: Lookup, rule: ReferenceRule, urn: Urn): Kind | undefined {
  const kinds = rule.to.flatMap((name) => lookup.kindNamed(name) ?? [])
  const offered = urn.provider === undefined ? kinds : kinds.filter((kind) => kind.api.split('/')[0] === urn.provider)
  if (urn.collection === undefined) return offered[0]
  return offered.find((kind) => kind.collection === urn.collection || `${kind.secaKind}s` === urn.collection)
}

/** Namespace of the target (undefined for cluster-scoped kinds), `{absent}` when it does not exist yet, or why it is out of reach. */
function placeOf(lookup: Lookup, fromKind: Kind, from: Resource, kind: Kind, urn: Urn): { namespace?: string; absent?: string } | string {
  if (kind.scope === 'cluster') return {}
  const own = from.metadata.namespace === undefined ? undefined : lookup.scopeOf(from.metadata.namespace)
  if (own === undefined) return 'the namespace of this object belongs to no tenant'
  const tenant = urn.tenant ?? own.tenant
  if (tenant !== own.tenant && !(kind.scope === 'tenant' && lookup.isShared(tenant)))
    return `"${urn.text}" is in tenant ${tenant}: references do not leave their tenant`
  if (kind.scope === 'tenant') return at(lookup, { tenant })
  const workspace = urn.workspace ?? own.workspace
  if (workspace === undefined) return `"${urn.text}" does not say its workspace: write workspaces/<workspace>/${kind.collection}/<name>`
  if (fromKind.scope === 'workspace' && workspace !== own.workspace)
    return `"${urn.text}" is in workspace ${workspace}: references do not leave their workspace`
  return at(lookup, { tenant, workspace })
}

function at(lookup: Lookup, scope: { tenant: string; workspace?: string }): { namespace?: string; absent?: string } {
  const namespace = lookup.namespaceOf(scope)
  return namespace === undefined ? { absent: scope.workspace ?? scope.tenant } : { namespace }
}

function findAt(
  lookup: Lookup,
  fromKind: Kind,
  from: Resource,
  kind: Kind,
  urn: Urn,
  place: { namespace?: string; absent?: string },
): Resolution {
  const called = `${kind.kind} "${urn.name}"`
  if (place.absent !== undefined) return { state: 'missing', kind, keys: [], message: `${called}: ${place.absent} does not exist` }
  if (kind.catalog === true) return findSku(lookup, fromKind, from, kind, urn)
  if (kind.parent === undefined) return findKey(lookup, kind, keyOf(place.namespace, urn.name), called)
  const parent = urn.parent ?? impliedParent(fromKind, from, kind)
  if (parent !== undefined)
    return findKey(lookup, kind, keyOf(place.namespace, `${parent}.${urn.name}`), `${called} of ${kind.parent.kind} "${parent}"`)
  // From outside a network its name may be left out: fine while only one network has such a child (SECA.md §4).
  const matches = lookup.inNamespace(kind.kind, place.namespace ?? '').filter((object) => secaName(kind, object) === urn.name)
  const [only, ...others] = matches
  if (only === undefined)
    return { state: 'missing', kind, keys: [keyOf(place.namespace, `*.${urn.name}`)], message: `${called} does not exist` }
  if (others.length === 0) return { state: 'found', kind, key: keyOf(place.namespace, only.metadata.name), object: only }
  const parents = matches.map((object) => parentName(kind, object)).join(', ')
  return {
    state: 'invalid',
    message: `${called} exists in ${parents}: name one, for example networks/${parentName(kind, only)}/${kind.collection}/${urn.name}`,
  }
}

function impliedParent(fromKind: Kind, from: Resource, kind: Kind): string | undefined {
  return fromKind.parent?.kind === kind.parent?.kind ? parentName(fromKind, from) : undefined
}

function findKey(lookup: Lookup, kind: Kind, key: string, called: string): Resolution {
  const object = lookup.get(kind.kind, key)
  return object === undefined
    ? { state: 'missing', kind, keys: [key], message: `${called} does not exist` }
    : { state: 'found', kind, key, object }
}

/** SKUs are cluster-scoped, one per region, seen by every tenant or by those listed; names compare without case (SECA.md §11.19). */
function findSku(lookup: Lookup, fromKind: Kind, from: Resource, kind: Kind, urn: Urn): Resolution {
  const region = urn.region ?? regionOf(lookup, fromKind, from)
  const name = urn.name.toLowerCase()
  const key = `${region}.${name}`
  const own = lookup.scopeOf(from.metadata.namespace ?? '')
  const object = lookup.get(kind.kind, key)
  const tenants = (object?.spec as { tenants?: readonly string[] } | undefined)?.tenants
  const isVisible = tenants === undefined || (own !== undefined && tenants.includes(own.tenant))
  if (object !== undefined && isVisible) return { state: 'found', kind, key, object }
  return { state: 'missing', kind, keys: [key], message: `${kind.kind} "${name}" does not exist in region ${region}` }
}

/** Region of an object: its own, else its workspace's, else the default one. */
export function regionOf(lookup: Lookup, kind: Kind, object: Resource): string {
  const own = (object.spec as { region?: unknown } | undefined)?.region
  if (kind.scope !== 'workspace' || object.metadata.namespace === undefined) return typeof own === 'string' ? own : lookup.defaultRegion
  const workspace = workspaceOf(lookup, object)
  const region = (workspace?.spec as { region?: unknown } | undefined)?.region
  return typeof region === 'string' ? region : lookup.defaultRegion
}

/** The Workspace that an object in a workspace namespace belongs to. */
export function workspaceOf(lookup: Lookup, object: Resource): Resource | undefined {
  const scope = lookup.scopeOf(object.metadata.namespace ?? '')
  if (scope?.workspace === undefined) return undefined
  const namespace = lookup.namespaceOf({ tenant: scope.tenant })
  return namespace === undefined ? undefined : lookup.get('Workspace', keyOf(namespace, scope.workspace))
}
