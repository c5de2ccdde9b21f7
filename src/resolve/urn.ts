import type { Reference } from '../kinds/ref.ts'

/** Parts of a reference as written (SECA.md §4); what is absent is implied by the referring object. */
export interface Urn {
  /** API without version, `seca.storage`. */
  readonly provider?: string
  readonly tenant?: string
  readonly workspace?: string
  readonly region?: string
  /** Name of the object that the target is nested in. */
  readonly parent?: string
  /** `block-storages`; absent when only a name was given. */
  readonly collection?: string
  readonly name: string
  /** As written, for messages. */
  readonly text: string
}

const SEGMENT = /^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$/

/** Parses every spelling: bare name, `type/name`, `workspaces/w/type/name`, full URN. Answers what is wrong as a string. */
export function parseUrn(reference: Reference): Urn | string {
  const text = reference.resource
  const segments = text.split('/')
  if (segments.some((segment) => !SEGMENT.test(segment))) return `"${text}" is not a reference: write <name>, <type>/<name> or a full URN`
  const inText: { provider?: string; tenant?: string; workspace?: string; parent?: string } = {}
  if (segments.length > 3 && /^v\d/.test(segments[1] ?? '')) {
    inText.provider = segments[0] ?? ''
    segments.splice(0, 2)
  }
  for (const [word, part] of [
    ['tenants', 'tenant'],
    ['workspaces', 'workspace'],
    ['networks', 'parent'],
    ['clusters', 'parent'],
  ] as const) {
    const value = segments[1]
    if (segments[0] !== word || segments.length <= 2 || value === undefined) continue
    inText[part] = value
    segments.splice(0, 2)
  }
  const [first, second, ...more] = segments
  if (first === undefined || more.length > 0) return `"${text}" is not a reference: what follows "${first}/${second}" does not belong there`
  const tail = second === undefined ? { name: first } : { collection: first, name: second }
  return merge(reference, { ...inText, ...tail, text })
}

/** Separate fields and the same parts inside `resource` must agree. */
function merge(reference: Reference, urn: Urn): Urn | string {
  const fields = {
    tenant: reference.tenant,
    workspace: reference.workspace,
    region: reference.region,
    provider: reference.provider?.split('/')[0],
  }
  const merged: Record<string, string> = {}
  for (const [part, value] of Object.entries(fields)) {
    if (value === undefined || value === '') continue
    const written = (urn as unknown as Record<string, string | undefined>)[part]
    if (written !== undefined && written !== value) return `"${urn.text}" says ${part} ${written}, the field ${part} says ${value}`
    merged[part] = value
  }
  return { ...urn, ...merged }
}
