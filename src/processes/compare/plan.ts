import { Cache } from '../../cache/cache.ts'
import type { Manifest } from '../../cli/manifests.ts'
import { KINDS, kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../../kinds/names.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Capability } from '../../provider/contract.ts'
import type { Scope } from '../../resolve/lookup.ts'
import { keyOf, parentName } from '../../resolve/names.ts'
import { type FoundReference, referencesOf, resolver, valuesAt } from '../../resolve/references.ts'
import { isMissing } from './abilities.ts'
import { namespaceFor, type NewNamespace, placeOf } from './place.ts'
import type { LeftOut } from './report.ts'
import { Rewriter } from './rewrite.ts'

/** A region, as far as a plan depends on it. */
export interface Target {
  readonly region: string
  readonly zones: readonly string[]
  readonly capabilities: Readonly<Record<string, Capability>>
}

/** An object that is to be made. */
export interface Planned {
  readonly kind: Kind
  readonly object: Resource
  /** Keys of the objects that it waits for. */
  readonly needs: readonly string[]
  /** The provider says that it can do this, and all that it needs. */
  readonly isClaimed: boolean
}

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

/** `Instance seca-acme--prod/web`: what an object is known by. */
export const idOf = ({ kind, metadata }: Pick<Resource, 'kind' | 'metadata'>): string =>
  `${kind} ${keyOf(metadata.namespace, metadata.name)}`

/** Makes of manifests what is applied to a region: in namespaces of its own, and without what cannot be there. */
export function planOf(manifests: readonly Manifest[], target: Target, options: PlanOptions): Plan {
  const scopes = new Scopes(manifests, options.scopeOf)
  const leftOut: LeftOut[] = []
  const rewriter = new Rewriter(target, new Set(scopes.tenants()))
  const found = manifests.flatMap((manifest) => {
    const why = objection(manifest, scopes)
    if (why !== undefined) leftOut.push({ object: titleOf(manifest), why })
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

type Like = Parameters<typeof namespaceFor>[2]

/** What the namespaces of manifests stand for. */
class Scopes {
  readonly #scopes = new Map<string, { readonly scope: Scope; readonly like: Like }>()

  constructor(manifests: readonly Manifest[], scopeOf: (namespace: string) => Scope | undefined) {
    for (const { kind, metadata } of manifests) {
      if (kind !== 'Namespace') continue
      const like = metadata as Like
      const { [TENANT_LABEL]: tenant, [WORKSPACE_LABEL]: workspace } = like.labels ?? {}
      if (tenant !== undefined) this.#scopes.set(metadata.name, { scope: { tenant, ...(workspace && { workspace }) }, like })
    }
    for (const { metadata } of manifests) {
      const { namespace } = metadata
      const scope = namespace === undefined || this.#scopes.has(namespace) ? undefined : scopeOf(namespace)
      if (namespace !== undefined && scope !== undefined) this.#scopes.set(namespace, { scope, like: {} })
    }
  }

  of(namespace: string | undefined): Scope | undefined {
    return this.#scopes.get(namespace ?? '')?.scope
  }

  tenants(): readonly string[] {
    return [...this.#scopes.values()].map(({ scope }) => scope.tenant)
  }

  /** Tenants first; those that only a workspace names have to be there as well. */
  all(): readonly { readonly scope: Scope; readonly like: Like }[] {
    const all = [...this.#scopes.values()]
    const homes = all.filter(({ scope }) => scope.workspace === undefined)
    const named = new Set(homes.map(({ scope }) => scope.tenant))
    const others = [...new Set(this.tenants())].filter((tenant) => !named.has(tenant)).map((tenant) => ({ scope: { tenant }, like: {} }))
    return [...homes, ...others, ...all.filter(({ scope }) => scope.workspace !== undefined)]
  }
}

interface Found {
  readonly kind: Kind
  readonly object: Resource
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

/** A reference to another object of the plan. */
interface Need {
  readonly to: string
  /** Place in the spec; none of a parent. */
  readonly found?: FoundReference
}

/** Who needs whom, and what follows from what the provider cannot do. */
class Needs {
  readonly #objects: readonly Found[]
  readonly #needs = new Map<string, readonly Need[]>()
  /** Objects of kinds that the provider does not have, and all that cannot be without them: why. */
  readonly #out = new Map<string, string>()

  constructor(objects: readonly Found[], namespaces: readonly NewNamespace[], target: Target) {
    this.#objects = objects
    const cache = cacheOf(objects, namespaces, target.region)
    for (const { kind, object } of objects) {
      this.#needs.set(idOf(object), needsOf(cache, kind, object))
      if (isMissing(kind, target.capabilities)) this.#out.set(idOf(object), `the provider has no ${kind.kind}`)
    }
    // Until nothing more follows: chains are short.
    for (let before = -1; before !== this.#out.size;) {
      before = this.#out.size
      for (const { object } of objects) {
        const need = this.#needs.get(idOf(object))?.find(({ to, found }) => this.#out.has(to) && !isDispensable(found))
        if (need !== undefined && !this.#out.has(idOf(object))) this.#out.set(idOf(object), `it needs ${shortOf(need.to)}`)
      }
    }
  }

  all(): readonly Planned[] {
    return this.#objects.map(({ kind, object }) => this.#planned(kind, object))
  }

  /** Without what is refused anyway; items of lists that name it are dropped. */
  without(leftOut: LeftOut[]): readonly Planned[] {
    return this.#objects.flatMap(({ kind, object }) => {
      const why = this.#out.get(idOf(object))
      if (why !== undefined) {
        leftOut.push({ object: `${object.kind} ${object.metadata.name}`, why })
        return []
      }
      const dropped = (this.#needs.get(idOf(object)) ?? []).flatMap(({ to, found }) => (this.#out.has(to) ? (found?.path ?? []) : []))
      if (dropped.length === 0) return [this.#planned(kind, object)]
      leftOut.push({ object: `${object.kind} ${object.metadata.name}: ${dropped.join(', ')}`, why: 'what it names is left out' })
      return [this.#planned(kind, { ...object, spec: withoutItems(object.spec, dropped) as Resource['spec'] })]
    })
  }

  #planned(kind: Kind, object: Resource): Planned {
    const needs = this.#needs.get(idOf(object)) ?? []
    const isWaitedFor = ({ found }: Need) => found === undefined || ['ready', 'exists'].includes(found.rule.wait)
    return { kind, object, needs: needs.filter(isWaitedFor).map(({ to }) => to), isClaimed: !this.#out.has(idOf(object)) }
  }
}

/** What an object can be without: an item of a list, and what it does not wait for. */
const isDispensable = (found: FoundReference | undefined): boolean =>
  found !== undefined && (/\[\d+\]/.test(found.path) || !['ready', 'exists'].includes(found.rule.wait))

const shortOf = (id: string): string => id.replace(/ .*\//, ' ')

function cacheOf(objects: readonly Found[], namespaces: readonly NewNamespace[], region: string): Cache {
  const cache = new Cache(KINDS, region)
  let count = 0
  const stored = <T extends { readonly metadata: object }>(object: T) => {
    const number = String(++count)
    return { ...object, metadata: { ...object.metadata, uid: number, resourceVersion: number, generation: 1, creationTimestamp: '' } }
  }
  for (const namespace of namespaces) cache.namespaces.set(stored(namespace))
  for (const { kind, object } of objects) cache.store(kind.kind).set(stored(object))
  return cache
}

function needsOf(cache: Cache, kind: Kind, object: Resource): readonly Need[] {
  const resolve = resolver(cache, kind, object)
  const parent = parentName(kind, object)
  const parentNeed = parent === undefined ? [] : [{ to: `${kind.parent?.kind} ${keyOf(object.metadata.namespace, parent)}` }]
  const named = referencesOf(kind, object).flatMap((found) => {
    const resolution = resolve(found)
    return resolution.state === 'found' ? [{ to: idOf(resolution.object), found }] : []
  })
  return [...parentNeed, ...named]
}

/** A spec without the list items that hold these paths, `dataVolumes[0].deviceRef`. */
function withoutItems(spec: unknown, paths: readonly string[], at = ''): unknown {
  if (Array.isArray(spec)) {
    const isKept = (_: unknown, index: number) => !paths.some((path) => path.startsWith(`${at}[${index}]`))
    return (spec as unknown[]).filter(isKept)
  }
  if (typeof spec !== 'object' || spec === null) return spec
  const below = (key: string) => (at === '' ? key : `${at}.${key}`)
  return Object.fromEntries(Object.entries(spec).map(([key, value]) => [key, withoutItems(value, paths, below(key))]))
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
