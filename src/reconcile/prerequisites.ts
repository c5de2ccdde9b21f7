import { CATALOGUE } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { keyOf, parentName, type Scope } from '../resolve/names.ts'
import { type FoundReference, referencesOf, regionOf, resolveReference, workspaceOf } from '../resolve/references.ts'
import { exists, isUsable, type Problem } from './outcome.ts'

const NOT_FOUND = CATALOGUE.ReferenceNotFound.reason
const NOT_READY = CATALOGUE.ReferenceNotReady.reason
const INVALID = CATALOGUE.InvalidReference.reason
const MISPLACED = CATALOGUE.NamespaceNotAssigned.reason

/** What an object waits for (SECA.md §9, right column): everything that is missing, named. */
export function prerequisites(lookup: Lookup, kind: Kind, object: Resource): Problem | undefined {
  const problems = [
    ...scopes(lookup, kind, object),
    ...referencesOf(kind, object).flatMap((found) => ofReference(lookup, kind, object, found) ?? []),
  ]
  const first = [MISPLACED, INVALID, NOT_FOUND, NOT_READY].find((reason) => problems.some((problem) => problem.reason === reason))
  if (first === undefined) return undefined
  return { reason: first, message: problems.map(({ message }) => message).join('; ') }
}

function* scopes(lookup: Lookup, kind: Kind, object: Resource): Generator<Problem> {
  const { namespace } = object.metadata
  const scope = lookup.scopeOf(namespace ?? '')
  const misplaced = kind.scope === 'cluster' ? undefined : placement(kind, namespace ?? '', scope)
  if (misplaced !== undefined) {
    yield { reason: CATALOGUE.NamespaceNotAssigned.reason, message: misplaced }
    return
  }
  if (kind.scope === 'workspace') {
    const problem = usable('Workspace', scope?.workspace ?? '', workspaceOf(lookup, object), object, 'workspace')
    if (problem) yield problem
  }
  if (kind.cloud !== 'none') yield* ofRegion(lookup, kind, object)
  if (kind.parent === undefined) return
  const parent = parentName(kind, object) ?? ''
  const problem = usable(
    kind.parent.kind,
    parent,
    lookup.get(kind.parent.kind, keyOf(namespace, parent)),
    object,
    `spec.${kind.parent.field}`,
  )
  if (problem) yield problem
}

/** What is wrong with the namespace that an object was put into. */
function placement(kind: Kind, namespace: string, scope: Scope | undefined): string | undefined {
  if (scope === undefined)
    return `namespace ${namespace} stands for no tenant: an administrator labels it ${TENANT_LABEL} (and ${WORKSPACE_LABEL})`
  if (kind.scope === 'workspace' && scope.workspace === undefined)
    return `namespace ${namespace} is tenant ${scope.tenant}'s own: a ${kind.kind} belongs into the namespace of a workspace`
  if (kind.scope === 'tenant' && scope.workspace !== undefined)
    return `namespace ${namespace} is workspace ${scope.workspace}'s: a ${kind.kind} belongs into the namespace of its tenant`
  return undefined
}

function* ofRegion(lookup: Lookup, kind: Kind, object: Resource): Generator<Problem> {
  const name = regionOf(lookup, kind, object)
  const region = lookup.get('Region', name)
  if (region === undefined) {
    yield { reason: NOT_FOUND, message: `Region "${name}" does not exist` }
    return
  }
  const { availableZones = [] } = region.spec as { availableZones?: readonly string[] }
  const { zone } = (object.spec ?? {}) as { zone?: string }
  if (zone === undefined || zone === '' || availableZones.includes(zone)) return
  yield { reason: NOT_FOUND, message: `spec.zone: zone "${zone}" does not exist in region ${name}, which has ${availableZones.join(', ')}` }
}

function ofReference(lookup: Lookup, kind: Kind, object: Resource, found: FoundReference): Problem | undefined {
  const { rule, path } = found
  if (rule.wait === 'none') return undefined
  const resolution = resolveReference(lookup, kind, object, found)
  const { state } = resolution
  if (rule.wait === 'late' && (state === 'missing' || (state === 'found' && exists(object)))) return undefined
  switch (resolution.state) {
    case 'literal':
      return undefined
    case 'invalid':
      return { reason: INVALID, message: `spec.${path}: ${resolution.message}` }
    case 'missing':
      return { reason: NOT_FOUND, message: `spec.${path}: ${resolution.message}` }
    case 'found':
      if (resolution.kind.status === undefined || rule.wait === 'exists') return undefined
      if (resolution.kind.cloud !== 'none' && regionOf(lookup, resolution.kind, resolution.object) !== regionOf(lookup, kind, object)) {
        const region = regionOf(lookup, resolution.kind, resolution.object)
        return {
          reason: INVALID,
          message: `spec.${path}: ${resolution.kind.kind} "${found.reference.resource}" is in region ${region}, this object in ${regionOf(lookup, kind, object)}`,
        }
      }
      return usable(resolution.kind.kind, resolution.object.metadata.name, resolution.object, object, `spec.${path}`)
    default:
      return resolution satisfies never
  }
}

/** An object that is there already only needs its targets to be there; a new one needs them to be in order. */
function usable(kind: string, name: string, target: Resource | undefined, object: Resource, path: string): Problem | undefined {
  if (target === undefined) return { reason: NOT_FOUND, message: `${path}: ${kind} "${name}" does not exist` }
  if (isUsable(target) || (exists(object) && exists(target))) return undefined
  const how = target.metadata.deletionTimestamp === undefined ? `is ${target.status?.state ?? 'pending'}` : 'is being deleted'
  return { reason: NOT_READY, message: `${path}: ${kind} "${name}" ${how}` }
}
