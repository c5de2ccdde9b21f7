import { isLabel, isName } from '../kinds/naming.ts'
import type { Reference } from '../kinds/ref.ts'

/** Parts of a reference as written (contract §4); what is absent is implied by the referring object. */
export interface Urn {
  /** API without version, `seca.storage`. */
  readonly provider?: string
  /** `v1` */
  readonly version?: string
  readonly tenant?: string
  readonly workspace?: string
  readonly region?: string
  /** Collection and name of the object that the target is nested in. */
  readonly parentCollection?: string
  readonly parent?: string
  /** `block-storages`; absent when only a name was given. */
  readonly collection?: string
  readonly name: string
  /** As written, for messages. */
  readonly text: string
}
type Part = Exclude<keyof Urn, 'text'>

const SEGMENT = /^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$/
/** With or without version; empty says nothing. */
const API = /^([^/]+(\/[^/]+)?)?$/
const VERSION = /^v\d+((alpha|beta)\d+)?$/
/** What comes before `<type>/<name>`, in this order; one parent at most. */
const SCOPES = new Map<string, Part>([
  ['tenants', 'tenant'],
  ['workspaces', 'workspace'],
])
const PARENTS: readonly string[] = ['networks', 'clusters']

const LABEL = 'at most 63 lower-case letters, digits and "-"'
const LOWER = 'at most 63 lower-case letters, digits, "-" and "."'
const NAME = 'letters, digits, "-" and "."'

/** What each part has to look like, and how a person says it. Cases of names are the target kind's affair. */
const SHAPES: readonly (readonly [Part, (value: string) => boolean, string])[] = [
  ['provider', (value) => SEGMENT.test(value), NAME],
  ['version', (value) => VERSION.test(value), 'such as v1'],
  ['tenant', (value) => value.length <= 64 && SEGMENT.test(value), NAME],
  ['workspace', (value) => value.length <= 63 && isName(value), LOWER],
  ['region', isLabel, LABEL],
  ['parent', isLabel, LABEL],
  ['name', (value) => isName(value.toLowerCase()), NAME],
]

/** Parses every spelling: bare name, `type/name`, `workspaces/w/type/name`, full URN. Answers what is wrong as a string. */
export function parseUrn(reference: Reference): Urn | string {
  const text = reference.resource
  const segments = text.split('/')
  if (segments.some((segment) => !SEGMENT.test(segment))) return `"${text}" is not a reference: write <name>, <type>/<name> or a full URN`
  const [first = '', second = ''] = segments
  const written: { -readonly [part in Part]?: string } = {}
  // A workspace may be called v1 as well.
  if (segments.length > 3 && VERSION.test(second) && !SCOPES.has(first) && !PARENTS.includes(first)) {
    written.provider = first
    written.version = second
    segments.splice(0, 2)
  }
  for (const [word, part] of SCOPES) {
    if (segments[0] !== word || segments.length <= 2) continue
    written[part] = segments[1] ?? ''
    segments.splice(0, 2)
  }
  if (PARENTS.includes(segments[0] ?? '') && segments.length > 2) {
    written.parentCollection = segments[0] ?? ''
    written.parent = segments[1] ?? ''
    segments.splice(0, 2)
  }
  const [type = '', name, ...more] = segments
  if (more.length > 0) return `"${text}" is not a reference: what follows "${type}/${name}" does not belong there`
  return checked(merge(reference, { ...written, ...(name === undefined ? { name: type } : { collection: type, name }), text }))
}

/** What stands beside an address or block in place of a reference; what is wrong with it as a string. */
export function parseBeside(reference: Reference): Urn | string {
  return checked(merge(reference, { name: 'address', text: reference.resource }))
}

const checked = (urn: Urn | string): Urn | string => (typeof urn === 'string' ? urn : (misshapen(urn) ?? urn))

/** Separate fields and the same parts inside `resource` must agree; an empty field says nothing (Terraform sends those). */
function merge(reference: Reference, urn: Urn): Urn | string {
  const { tenant, workspace, region } = reference
  if (reference.provider === undefined && tenant === undefined && workspace === undefined && region === undefined) return urn
  const [provider, version] = reference.provider?.split('/') ?? []
  if (!API.test(reference.provider ?? ''))
    return `provider "${reference.provider}" of "${urn.text}" is not an API: write it as in seca.storage/v1`
  const fields = { provider, version, tenant, workspace, region }
  const merged: { [part in Part]?: string } = {}
  for (const [part, value] of Object.entries(fields) as [Part, string | undefined][]) {
    if (value === undefined || value === '') continue
    const written = urn[part]
    if (written !== undefined && written !== value) return `"${urn.text}" says ${part} ${written}, the field ${part} says ${value}`
    merged[part] = value
  }
  return { ...urn, ...merged }
}

function misshapen(urn: Urn): string | undefined {
  const bad = SHAPES.find(([part, fits]) => urn[part] !== undefined && !fits(urn[part]))
  if (bad === undefined) return undefined
  const [part, , how] = bad
  return `"${urn.text}": "${urn[part]}" cannot be a ${part === 'parent' ? `name in ${urn.parentCollection}` : part}: ${how}`
}
