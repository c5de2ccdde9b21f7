import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import { type Strings, tagsOf } from '../../resolve/labels.ts'
import { metadataOf } from './metadata.ts'
import { shown } from './state.ts'
import type { Target } from '../path/target.ts'

export type Json = Readonly<Record<string, unknown>>

/** What rendering needs besides the object. */
export interface Rendering {
  readonly now: () => number
  /** Spec of kinds whose spec depends on who asks: a region's provider URLs. */
  readonly dynamicSpec?: (target: Target, object: Resource) => Json | undefined
}

interface Rendered {
  readonly tenant: string | undefined
  readonly workspace: string | undefined
  readonly region: string
  readonly labels: Strings
  json: string | undefined
}

/** Rendered once per version of an object: versions are never changed, and the entry goes with them. */
const cache = new WeakMap<Resource, Rendered>()

function entryOf(target: Target, object: Resource): Rendered {
  const known = cache.get(object)
  if (known !== undefined && known.tenant === target.tenant && known.workspace === target.workspace && known.region === target.region)
    return known
  const { tenant, workspace, region } = target
  const entry: Rendered = { tenant, workspace, region, labels: tagsOf(object.metadata).labels, json: undefined }
  cache.set(object, entry)
  return entry
}

/** Labels that selectors look at. */
export function labelsOf(target: Target, object: Resource): Strings {
  return entryOf(target, object).labels
}

/** The object as the answer to a GET, serialised. `target` is the collection or the item. */
export function rendered(target: Target, object: Resource, rendering: Rendering): string {
  const spec = rendering.dynamicSpec?.(target, object)
  if (spec !== undefined) return JSON.stringify(envelope(target, object, 'GET', rendering.now, spec))
  const entry = entryOf(target, object)
  return (entry.json ??= JSON.stringify(envelope(target, object, 'GET', rendering.now)))
}

/** The SECA envelope of an object (contract §3). */
export function envelope(
  target: Target,
  object: Resource,
  verb: string,
  now: () => number,
  spec = specOf(target.surface.kind, object),
): Json {
  const { surface } = target
  const { labels, annotations } = tagsOf(object.metadata)
  const { extensions } = object
  return {
    ...(surface.hasLabels && isFilled(labels) ? { labels } : {}),
    ...(surface.hasLabels && isFilled(annotations) ? { annotations } : {}),
    ...(surface.hasLabels && extensions !== undefined && isFilled(extensions) ? { extensions } : {}),
    metadata: metadataOf(target, object, verb),
    spec,
    ...(surface.hasStatus ? { status: statusOf(surface.kind, object, now, verb === 'PUT' ? 'stored' : 'read') } : {}),
  }
}

const isFilled = (strings: Strings): boolean => {
  for (const _key in strings) return true
  return false
}

/** The contract's fields of the spec; what only Kubernetes users see is hidden. */
export function specOf(kind: Kind, object: Pick<Resource, 'spec'>): Json {
  const hidden = kind.kubeSpec.shape
  return Object.fromEntries(Object.entries((object.spec as Json | undefined) ?? {}).filter(([field]) => !Object.hasOwn(hidden, field)))
}

/** Status as it is shown: what a GET says, and what an action goes by. */
export function statusOf(kind: Kind, object: Resource, now: () => number, view: 'read' | 'stored' = 'read'): Json {
  const { state, conditions } = shown(object, now, view)
  const status: Record<string, unknown> = { state }
  const recorded = (object.status ?? {}) as Json
  for (const field of Object.keys(kind.status?.shape ?? {})) {
    const value = recorded[field] ?? kind.initialStatus?.[field]?.(object.spec as Json)
    if (value !== undefined) status[field] = value
  }
  status['conditions'] = conditions
  return status
}
