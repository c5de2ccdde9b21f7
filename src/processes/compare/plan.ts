import type { Manifest } from '../../cli/manifests.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Scope } from '../../resolve/lookup.ts'
import { valuesAt } from '../../resolve/references.ts'
import { type Found, idOf, Needs, type Planned, type Target } from './needs.ts'
import { namespaceFor, type NewNamespace, placeOf } from './place.ts'
import type { LeftOut } from './report.ts'
import { Rewriter } from './rewrite.ts'
import { Scopes } from './scopes.ts'

/** What is to be done in a region. */
export interface Plan {
  readonly namespaces: readonly NewNamespace[]
  readonly objects: readonly Planned[]
  readonly leftOut: readonly LeftOut[]
  readonly remarks: readonly string[]
}

export interface PlanOptions {
  readonly skipsUnsupported: boolean
  /** What namespaces stand for that no manifest brings along. */
  readonly scopeOf: (namespace: string) => Scope | undefined
}

/** Makes of manifests what is applied to a region: in namespaces of its own, and without what cannot be there. */
export function planOf(manifests: readonly Manifest[], target: Target, options: PlanOptions): Plan {
  const scopes = new Scopes(manifests, options.scopeOf)
  const leftOut: LeftOut[] = []
  const rewriter = new Rewriter(target, new Set(scopes.tenants()))
  const found = manifests.flatMap((manifest) => {
    const why = objection(manifest, scopes)
    if (why !== undefined) leftOut.push({ object: titleOf(manifest), why, isLack: false })
    const kind = kindNamed(manifest.kind)
    const scope = scopes.of(manifest.metadata.namespace)
    if (why !== undefined || kind === undefined || scope === undefined || manifest.kind === 'Namespace') return []
    return [{ kind, object: rewriter.rewrite(kind, manifest, placeOf(scope, target.region).namespace) }]
  })
  const objects = [...workspacesOf(scopes, found, target), ...found]
  const namespaces = scopes.all().map(({ scope, like }) => namespaceFor(scope, target.region, like))
  const planned = new Needs(objects, namespaces, target)
  const kept = options.skipsUnsupported ? planned.without(leftOut) : planned.all()
  return { namespaces, objects: kept, leftOut, remarks: [...rewriter.remarks(), ...unused(kept, target)] }
}

const titleOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`

/** Why a manifest is no part of a comparison; namespaces are made anew and need no word. */
function objection({ apiVersion, kind: name, metadata }: Manifest, scopes: Scopes): string | undefined {
  if (apiVersion === 'v1' && name === 'Namespace') return scopes.of(metadata.name) === undefined ? 'it stands for no tenant' : undefined
  const kind = kindNamed(name)
  if (kind === undefined || kind.apiVersion !== apiVersion) return 'it is no kind of SECA'
  if (kind.scope === 'cluster') return 'it is the same for everybody: what the region has is used'
  if (kind.cloud === 'none') return 'no cloud has to do with it'
  if (metadata.namespace === undefined) return 'it names no namespace'
  return scopes.of(metadata.namespace) === undefined ? `namespace ${metadata.namespace} stands for no tenant` : undefined
}

/** Workspaces that no manifest brings along, since they were there already. */
function workspacesOf(scopes: Scopes, found: readonly Found[], { region }: Target): readonly Found[] {
  const kind = kindNamed('Workspace') as Kind
  const there = new Set(found.map(({ object }) => idOf(object)))
  return scopes.all().flatMap(({ scope: { tenant, workspace } }) => {
    if (workspace === undefined) return []
    const { namespace } = placeOf({ tenant }, region)
    const object = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name: workspace, namespace }, spec: { region } }
    return there.has(idOf(object as unknown as Resource)) ? [] : [{ kind, object: object as unknown as Resource }]
  })
}

/** Fields that are set although this cloud has no use for them. */
function unused(objects: readonly Planned[], { capabilities }: Target): readonly string[] {
  const kinds = Map.groupBy(objects, ({ kind }) => kind.kind)
  return [...kinds].flatMap(([kind, all]) =>
    (capabilities[kind]?.ignores ?? []).flatMap((path) => {
      const set = all.filter(({ object }) => valuesAt(object.spec, path.split('.')).length > 0)
      const names = set.map(({ object }) => object.metadata.name).join(', ')
      return set.length === 0 ? [] : [`nothing of this cloud stands for ${kind}.${path}, which is set by ${names}`]
    }),
  )
}
