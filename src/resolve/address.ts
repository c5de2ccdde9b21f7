import { KINDS } from '../kinds/index.ts'
import type { Kind } from '../kinds/kind.ts'
import { CATALOGUE_TENANT, isLabel, isName } from '../kinds/naming.ts'
import type { Reference, ReferenceRule } from '../kinds/ref.ts'
import type { Resource } from '../kinds/resource.ts'
import { isAddress } from '../ip.ts'
import type { Lookup, Scope } from './lookup.ts'
import { parentName } from './names.ts'
import { regionOf } from './region.ts'
import { parseBeside, parseUrn, type Urn } from './urn.ts'

/**
 * Where a reference points, from names alone. Nothing in it depends on what is there, so a caller who may not `get` it can be told
 * no without learning whether it is.
 */
export interface Address {
  readonly kind: Kind
  readonly tenant: string | undefined
  readonly workspace: string | undefined
  /** Name of the object that the target is nested in; undefined also when any will do. */
  readonly parent: string | undefined
  readonly name: string
  /** Region of the referring object: references do not leave it. */
  readonly region: string
  /** Tenant and workspace of the referring object. */
  readonly own: Scope | undefined
  /** As written, for messages. */
  readonly text: string
}

type Addressed =
  | { readonly state: 'at'; readonly address: Address }
  /** It can never lead anywhere as written. */
  | Invalid
  /** An address or CIDR in place of a reference (route targets, sources of rules). */
  | { readonly state: 'literal' }

interface Invalid {
  readonly state: 'invalid'
  readonly message: string
  /** An administrator can make it right: by opening this tenant to everyone. */
  readonly closedTenant?: string
}

const invalid = (message: string): Invalid => ({ state: 'invalid', message })

/** Reads references of `from`, one at a time (contract §4, architecture §2 "References"). */
export function addresser(lookup: Lookup, kind: Kind, from: Resource): (found: Found) => Addressed {
  const own = lookup.scopeOf(from.metadata.namespace ?? '')
  const origin = { kind, own, region: regionOf(lookup, kind, from), parent: parentName(kind, from) }
  return (found) => addressOf(lookup, origin, found)
}

interface Found {
  readonly reference: Reference
  readonly rule: ReferenceRule
}

/** What a reference leaves out comes from the object that it stands in. */
interface Origin {
  readonly kind: Kind
  readonly own: Scope | undefined
  readonly region: string
  readonly parent: string | undefined
}

function addressOf(lookup: Lookup, origin: Origin, { reference, rule }: Found): Addressed {
  const isLiteral = rule.wait === 'none' && isAddress(reference.resource)
  const urn = isLiteral ? parseBeside(reference) : parseUrn(reference)
  if (typeof urn === 'string') return invalid(urn)
  const { own, region } = origin
  if (urn.region !== undefined && urn.region !== region)
    return invalid(`"${reference.resource}" is in region ${urn.region}, this object in ${region}: references do not leave their region`)
  if (isLiteral) {
    const isOwn =
      [undefined, own?.tenant].includes(urn.tenant) && [undefined, own?.workspace].includes(urn.workspace) && urn.provider === undefined
    return isOwn ? { state: 'literal' } : invalid(`"${reference.resource}" is an address: it has no tenant, workspace or provider`)
  }
  const kind = pickKind(lookup, rule, urn)
  if (typeof kind === 'string') return invalid(kind)
  const name = kind.catalog === true ? urn.name.toLowerCase() : urn.name
  if (!isName(name) || (PARENTS.has(kind.kind) && !isLabel(name)))
    return invalid(
      `"${urn.text}" cannot be the name of a ${kind.secaKind}: ${PARENTS.has(kind.kind) ? 'it has dots or more than 63 characters' : 'names are lower case'}`,
    )
  const place = placeOf(lookup, origin, kind, urn)
  if (typeof place === 'string')
    return { ...invalid(place), ...(kind.scope === 'tenant' && urn.tenant !== undefined ? { closedTenant: urn.tenant } : {}) }
  const parent = urn.parent ?? (origin.kind.parent?.kind === kind.parent?.kind ? origin.parent : undefined)
  return { state: 'at', address: { kind, ...place, parent, name, region, own, text: urn.text } }
}

/** Whether the target is in the referring object's own tenant and workspace, or above the latter. */
export function isNear({ own, tenant, workspace }: Address): boolean {
  return tenant === own?.tenant && (workspace === undefined || workspace === own?.workspace)
}

/** Kinds that others are nested in. */
const PARENTS: ReadonlySet<string> = new Set(KINDS.flatMap(({ parent }) => parent?.kind ?? []))

/** The kind that a reference means: the first that fits what it says. */
function pickKind(lookup: Lookup, rule: ReferenceRule, urn: Urn): Kind | string {
  const named = rule.to.flatMap((name) => lookup.kindNamed(name) ?? []).filter((kind) => isNamed(kind, urn))
  const [first] = named
  if (first === undefined) return `"${urn.text}" does not name a ${rule.to.join(' or ')}`
  if (urn.parentCollection === undefined) return first
  const parentOf = (kind: Kind) => kind.parent && lookup.kindNamed(kind.parent.kind)?.collection
  const fitting = named.find((kind) => parentOf(kind) === urn.parentCollection)
  if (fitting !== undefined) return fitting
  const right = parentOf(first)
  const path = [...(right === undefined ? [] : [right, '<name>']), first.collection, urn.name].join('/')
  return `"${urn.text}": a ${first.secaKind} is not in ${urn.parentCollection}; write ${path}`
}

function isNamed({ api, collection, secaKind }: Kind, { provider, version, collection: type }: Urn): boolean {
  if (type !== undefined && type !== collection && type !== `${secaKind}s`) return false
  return (provider === undefined || api.startsWith(`${provider}/`)) && (version === undefined || api.endsWith(`/${version}`))
}

/** Refusal of another tenant; the same words whether there is such a tenant or not. */
export function outOfReach(text: string, tenant: string): string {
  return `"${text}" is in tenant ${tenant}: references do not leave their tenant`
}

/** Tenant and workspace of the target, or why they are out of reach. */
function placeOf(
  lookup: Lookup,
  { kind: fromKind, own }: Origin,
  kind: Kind,
  urn: Urn,
): { tenant: string | undefined; workspace: string | undefined } | string {
  if (own === undefined && kind.scope !== 'cluster') return 'the namespace of this object belongs to no tenant'
  const tenant = urn.tenant ?? own?.tenant
  const isOpen = kind.scope === 'cluster' ? tenant === CATALOGUE_TENANT : kind.scope === 'tenant' && lookup.isShared(tenant ?? '')
  if (tenant !== own?.tenant && !isOpen) return outOfReach(urn.text, tenant ?? '')
  const workspace = urn.workspace ?? own?.workspace
  if (kind.scope !== 'workspace')
    return workspace === own?.workspace
      ? { tenant, workspace: undefined }
      : `"${urn.text}" names workspace ${workspace}: a ${kind.secaKind} is in none`
  if (workspace === undefined) return `"${urn.text}" does not say its workspace: write workspaces/<workspace>/${kind.collection}/<name>`
  if (fromKind.scope === 'workspace' && workspace !== own?.workspace)
    return `"${urn.text}" is in workspace ${workspace}: references do not leave their workspace`
  return { tenant, workspace }
}
