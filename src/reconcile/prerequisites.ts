import { CATALOGUE } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup, Scope } from '../resolve/lookup.ts'
import { keyOf, parentName } from '../resolve/names.ts'
import { type Violation, violationsOf } from '../resolve/guards.ts'
import { type FoundReference, referencesOf, resolveReference } from '../resolve/references.ts'
import { regionOf, workspaceOf } from '../resolve/region.ts'
import { exists, isCurrent, isUsable, type Problem, wasActive } from './outcome.ts'
import { isBorrowed } from './policy.ts'

const NOT_FOUND = CATALOGUE.ReferenceNotFound.reason
const NOT_READY = CATALOGUE.ReferenceNotReady.reason
const INVALID = CATALOGUE.InvalidReference.reason
const MISPLACED = CATALOGUE.NamespaceNotAssigned.reason

/** No watch tells of a new tenant, so what waits for one looks again by itself. */
const UNWATCHED_MS = 30_000

/**
 * What an object waits for (contract §9, right column): everything that is missing, named. Else why it cannot go on as it stands. What only
 * creation needs does not count for an object that is there (architecture §4 "Deletion"): see {@link shortcomings}. What is borrowed is never made.
 */
export function prerequisites(lookup: Lookup, kind: Kind, object: Resource): Problem | undefined {
  if (isBorrowed(object)) return join([...place(lookup, kind, object)])
  if (exists(object)) return join([...place(lookup, kind, object)]) ?? ofGuards(isCurrent(object) ? [] : guardsOf(lookup, kind, object))
  const places = [...place(lookup, kind, object), ...scopes(lookup, kind, object)]
  const isMisplaced = places.some(({ reason }) => reason === MISPLACED)
  const violations = isMisplaced ? [] : guardsOf(lookup, kind, object)
  const references = isMisplaced ? [] : referencesOf(kind, object).flatMap((found) => ofReference(lookup, kind, object, found) ?? [])
  return join([...places, ...ofMissing(violations), ...references]) ?? ofGuards(violations)
}

/** What an object that is there lacks of what its spec names: it stays usable, and only a change of just that is held back. */
export function shortcomings(lookup: Lookup, kind: Kind, object: Resource): Problem | undefined {
  if (!exists(object) || isBorrowed(object)) return undefined
  const references = referencesOf(kind, object).flatMap((found) => ofReference(lookup, kind, object, found) ?? [])
  return join([...scopes(lookup, kind, object), ...ofMissing(guardsOf(lookup, kind, object)), ...references])
}

/**
 * What an object names that this cluster has not met yet, or names through something else (the source of a shared rule): it is not there, or nobody
 * has looked at it. A cluster that is filled again from manifests gets to know its resources in any order, and a cloud object that was found by its
 * tag is left as it is until then. Undefined for what was made by this cluster, or in order here once: what goes then is gone.
 */
export function unmet(lookup: Lookup, kind: Kind, object: Resource): Problem | undefined {
  return object.status?.incarnation !== undefined || wasActive(object) ? undefined : join([...unknowns(lookup, kind, object, 2)])
}

/** To be looked for so deep: what an object names, what that names. */
function* unknowns(lookup: Lookup, kind: Kind, object: Resource, depth: number): Generator<Problem> {
  for (const found of depth === 0 ? [] : referencesOf(kind, object)) {
    const resolution = resolveReference(lookup, kind, object, found)
    const path = `spec.${found.path}`
    if (resolution.state === 'missing') yield { reason: NOT_FOUND, message: `${path}: ${resolution.message}` }
    if (resolution.state !== 'found' || resolution.kind.status === undefined) continue
    const { kind: targetKind, object: target } = resolution
    const isKnown = target.metadata.deletionTimestamp !== undefined || isUsable(target) || exists(target)
    if (!isKnown)
      yield { reason: NOT_READY, message: `${path}: ${targetKind.kind} "${target.metadata.name}" is ${target.status?.state ?? 'pending'}` }
    else for (const { reason, message } of unknowns(lookup, targetKind, target, depth - 1)) yield { reason, message: `${path}: ${message}` }
  }
}

const guardsOf = (lookup: Lookup, kind: Kind, object: Resource): readonly Violation[] => [
  ...violationsOf(
    lookup,
    kind,
    object,
    kind.guards?.filter(({ apiOnly }) => apiOnly !== true),
  ),
]

/** Several problems as one: the first in kind, the words of all. What can never be right as written is final. */
function join(problems: readonly Problem[]): Problem | undefined {
  if (problems.length === 0) return undefined
  const first = [MISPLACED, INVALID, NOT_FOUND, NOT_READY].find((reason) => problems.some((problem) => problem.reason === reason))
  const againMs = problems.find((problem) => problem.againMs !== undefined)?.againMs
  return {
    reason: first ?? INVALID,
    message: problems.map(({ message }) => message).join('; '),
    ...(problems.some(({ isFinal }) => isFinal === true) ? { isFinal: true } : {}),
    ...(againMs === undefined ? {} : { againMs }),
    ...(first === INVALID && problems.some(({ isFinal }) => isFinal) ? { isFinal: true } : {}),
  }
}

/** What guards miss: in one sentence each, or all that one field misses in one. */
function ofMissing(violations: readonly Violation[]): Problem[] {
  const missing = violations.filter(({ state }) => state === 'missing')
  const listed = Map.groupBy(
    missing.filter((one) => one.missing !== undefined),
    ({ guard }) => guard.field,
  )
  return [
    ...missing.filter((one) => one.missing === undefined).map((one) => ({ reason: NOT_FOUND, message: messageOf(one) })),
    ...[...listed].map(([field, list]) => ({
      reason: NOT_FOUND,
      message: `spec.${field}: ${[...new Set(list.map((one) => one.missing))].join(', ')} not found`,
      againMs: UNWATCHED_MS,
    })),
  ]
}

/** What stays wrong stalls, where the guard says so; what is under way is waited for. */
function ofGuards(violations: readonly Violation[]): Problem | undefined {
  const wrong = violations.find(({ state, guard }) => state === 'impossible' && guard.stalls !== undefined)
  if (wrong !== undefined) return { reason: wrong.guard.stalls ?? INVALID, message: messageOf(wrong), isFinal: true }
  const pending = violations.find(({ state }) => state === 'pending')
  return pending && { reason: NOT_READY, message: messageOf(pending) }
}

const messageOf = ({ path, message }: Violation): string => `spec.${path}: ${message}`

/** Without these nothing can be said of an object, not even where it is in the cloud. */
function* place(lookup: Lookup, kind: Kind, object: Resource): Generator<Problem> {
  const { namespace } = object.metadata
  const misplaced = kind.scope === 'cluster' ? undefined : placement(kind, namespace ?? '', lookup.scopeOf(namespace ?? ''))
  if (misplaced !== undefined) yield { reason: MISPLACED, message: misplaced }
  // Only the workspace knows which region, and so which cloud, what is in it is in.
  else if (kind.scope === 'workspace' && workspaceOf(lookup, object) === undefined)
    yield { reason: NOT_FOUND, message: `workspace: Workspace "${lookup.scopeOf(namespace ?? '')?.workspace}" does not exist` }
  else if (kind.cloud !== 'none') yield* ofRegion(lookup, kind, object)
}

/** Workspace and parent. */
function* scopes(lookup: Lookup, kind: Kind, object: Resource): Generator<Problem> {
  const { namespace } = object.metadata
  const workspace = kind.scope === 'workspace' ? workspaceOf(lookup, object) : undefined
  if (workspace !== undefined) {
    const problem = usable('Workspace', workspace.metadata.name, workspace, object, 'workspace')
    if (problem) yield problem
  }
  if (kind.parent === undefined) return
  const parent = parentName(kind, object) ?? ''
  const found = lookup.get(kind.parent.kind, keyOf(namespace, parent))
  const problem = usable(kind.parent.kind, parent, found, object, `spec.${kind.parent.field}`)
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
  if (lookup.get('Region', name) === undefined) yield { reason: NOT_FOUND, message: `Region "${name}" does not exist` }
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
      return { reason: INVALID, message: `spec.${path}: ${resolution.message}`, isFinal: true }
    case 'ambiguous':
      return { reason: INVALID, message: `spec.${path}: ${resolution.message}` }
    case 'missing':
      return { reason: NOT_FOUND, message: `spec.${path}: ${resolution.message}` }
    case 'found':
      if (resolution.kind.status === undefined || rule.wait === 'exists') return undefined
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
