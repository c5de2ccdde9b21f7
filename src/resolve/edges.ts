import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { type Address, addresser, isNear } from './address.ts'
import { ByReference } from './by-reference.ts'
import type { Edge, Node } from './graph.ts'
import type { Lookup, Scope } from './lookup.ts'
import { keyOf, parentName } from './names.ts'
import { namespaceOf, referencesOf, resolveAddress } from './references.ts'
import { regionOf } from './region.ts'

/**
 * What an object depends on: references, other names in its spec, parent, workspace and region. `holding`: only what it holds, and
 * what decides on that, without a look at the references that hold nothing, of which there may be thousands.
 */
export function edgesOf(lookup: Lookup, kind: Kind, object: Resource, which: 'all' | 'holding' = 'all'): Edge[] {
  const references = which === 'all' ? kind.references : kind.references.filter(({ rule }) => rule.holds)
  const others = [...ofPlaces(lookup, kind, object)]
  return ofReferences(lookup, kind, object, references).concat(which === 'all' ? others : others.filter(({ holds }) => holds))
}

/** The namespace of a tenant or workspace, whichever that is: who names something in it depends on it. */
export function scopeNode({ tenant, workspace }: Scope): Node {
  return { kind: 'Namespace', key: workspace === undefined ? tenant : `${tenant}/${workspace}` }
}

function ofReferences(lookup: Lookup, kind: Kind, object: Resource, references: Kind['references']): Edge[] {
  const edges: Edge[] = []
  const read = addresser(lookup, kind, object)
  const known = new ByReference<readonly Omit<Edge, 'path'>[]>()
  for (const { path, reference, rule } of referencesOf({ references }, object)) {
    const leads = known.of(rule, reference, () => {
      const addressed = read({ reference, rule })
      if (addressed.state === 'at') return leadsOf(lookup, addressed.address, rule.holds)
      const tenant = addressed.state === 'invalid' ? addressed.closedTenant : undefined
      return tenant === undefined ? [] : [{ to: scopeNode({ tenant }), holds: false, steers: true }]
    })
    for (const { to, holds, steers } of leads) edges.push(steers === true ? { to, holds, path, steers } : { to, holds, path })
  }
  return edges
}

/** What a change of may change where a reference leads, and whether it is held. */
function leadsOf(lookup: Lookup, address: Address, holds: boolean): Omit<Edge, 'path'>[] {
  const { kind, parent, name, tenant, workspace } = address
  const namespace = namespaceOf(lookup, address)
  const resolution = resolveAddress(lookup, address)
  const leads: Omit<Edge, 'path'>[] = []
  const isAny = kind.parent !== undefined && parent === undefined
  // One that names no parent leads elsewhere, or nowhere, when another child of that name comes. Until then, and after, it holds the first.
  if (isAny && namespace !== undefined)
    leads.push({ to: { kind: kind.kind, key: keyOf(namespace, `*.${name}`) }, holds: false, steers: true })
  const keys = resolution.state === 'found' ? [resolution.key] : resolution.state === 'ambiguous' ? [resolution.oldest] : []
  const awaited = resolution.state === 'missing' && !isAny ? resolution.keys : []
  for (const key of [...keys, ...awaited]) leads.push({ to: { kind: kind.kind, key }, holds })
  if (!isNear(address) && kind.scope !== 'cluster' && tenant !== undefined)
    leads.push({ to: scopeNode({ tenant, ...(workspace === undefined ? {} : { workspace }) }), holds: false, steers: true })
  return leads
}

function* ofPlaces(lookup: Lookup, kind: Kind, object: Resource): Generator<Edge> {
  const { namespace } = object.metadata
  const parent = parentName(kind, object)
  if (kind.parent !== undefined && parent !== undefined)
    yield { to: { kind: kind.parent.kind, key: keyOf(namespace, parent) }, holds: true, path: 'metadata' }
  const scope = namespace === undefined ? undefined : lookup.scopeOf(namespace)
  const home = scope === undefined ? undefined : lookup.namespaceOf({ tenant: scope.tenant })
  if (kind.scope === 'workspace' && scope?.workspace !== undefined && home !== undefined)
    yield { to: { kind: 'Workspace', key: keyOf(home, scope.workspace) }, holds: true, path: 'metadata', isPlace: true, steers: true }
  if (kind.cloud !== 'none')
    yield { to: { kind: 'Region', key: regionOf(lookup, kind, object) }, holds: kind.scope !== 'workspace', path: 'region', isPlace: true }
  for (const { field, kind: to } of kind.uses ?? []) {
    const key = (object.spec as Record<string, unknown> | undefined)?.[field]
    if (typeof key === 'string') yield { to: { kind: to, key }, holds: true, path: `spec.${field}` }
  }
}
