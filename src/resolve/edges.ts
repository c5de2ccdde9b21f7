import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Edge } from './graph.ts'
import type { Lookup } from './lookup.ts'
import { keyOf, parentName } from './names.ts'
import { referencesOf, regionOf, resolveReference } from './references.ts'

/** Everything that an object depends on: references, other names in its spec, parent, workspace and region. */
export function edgesOf(lookup: Lookup, kind: Kind, object: Resource): Edge[] {
  const edges = referencesOf(kind, object).flatMap(({ path, reference, rule }): Edge[] => {
    const resolution = resolveReference(lookup, kind, object, { reference, rule })
    if (resolution.state === 'found') return [{ to: { kind: resolution.kind.kind, key: resolution.key }, holds: rule.holds, path }]
    if (resolution.state !== 'missing') return []
    return resolution.keys.map((key) => ({ to: { kind: resolution.kind.kind, key }, holds: rule.holds, path }))
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
