import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { ByReference } from './by-reference.ts'
import type { Edge, Node } from './graph.ts'
import type { Lookup } from './lookup.ts'
import { keyOf, parentName } from './names.ts'
import { referencesOf, type Resolution, resolver } from './references.ts'
import { regionOf } from './region.ts'

/**
 * What an object depends on: references, other names in its spec, parent, workspace and region. `holding`: only what it holds, without
 * a look at the references that hold nothing, of which there may be thousands.
 */
export function edgesOf(lookup: Lookup, kind: Kind, object: Resource, which: 'all' | 'holding' = 'all'): Edge[] {
  const edges = allEdgesOf(lookup, kind, object, which === 'all' ? kind.references : kind.references.filter(({ rule }) => rule.holds))
  return which === 'all' ? edges : edges.filter(({ holds }) => holds)
}

function allEdgesOf(lookup: Lookup, kind: Kind, object: Resource, references: Kind['references']): Edge[] {
  const resolve = resolver(lookup, kind, object)
  const targets = new ByReference<readonly Node[]>()
  const edges = referencesOf({ references }, object).flatMap(({ path, reference, rule }): Edge[] => {
    const nodes = targets.of(rule, reference, () => nodesOf(resolve({ reference, rule })))
    return nodes.map((to) => ({ to, holds: rule.holds, path }))
  })
  const { namespace } = object.metadata
  const parent = parentName(kind, object)
  if (kind.parent !== undefined && parent !== undefined)
    edges.push({ to: { kind: kind.parent.kind, key: keyOf(namespace, parent) }, holds: true, path: 'metadata' })
  const scope = namespace === undefined ? undefined : lookup.scopeOf(namespace)
  const home = scope === undefined ? undefined : lookup.namespaceOf({ tenant: scope.tenant })
  if (kind.scope === 'workspace' && scope?.workspace !== undefined && home !== undefined)
    edges.push({ to: { kind: 'Workspace', key: keyOf(home, scope.workspace) }, holds: true, path: 'metadata' })
  if (kind.cloud !== 'none')
    edges.push({ to: { kind: 'Region', key: regionOf(lookup, kind, object) }, holds: kind.scope !== 'workspace', path: 'region' })
  for (const { field, kind: to } of kind.uses ?? []) {
    const key = (object.spec as Record<string, unknown> | undefined)?.[field]
    if (typeof key === 'string') edges.push({ to: { kind: to, key }, holds: true, path: `spec.${field}` })
  }
  return edges
}

/** What a change of may change where a reference leads. */
function nodesOf(resolution: Resolution): Node[] {
  if (resolution.state === 'found') return [{ kind: resolution.kind.kind, key: resolution.key }]
  if (resolution.state === 'literal' || resolution.state === 'invalid') return []
  return resolution.keys.map((key) => ({ kind: resolution.kind.kind, key }))
}
