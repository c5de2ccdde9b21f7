import { Cache } from '../../cache/cache.ts'
import { KINDS } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import type { Capability } from '../../provider/contract.ts'
import { keyOf, parentName } from '../../resolve/names.ts'
import { type FoundReference, referencesOf, resolver } from '../../resolve/references.ts'
import { isMissing } from './abilities.ts'
import type { NewNamespace } from './place.ts'
import type { LeftOut } from './report.ts'

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

/** `Instance seca-acme--prod/web`: what an object is known by. */
export const idOf = ({ kind, metadata }: Pick<Resource, 'kind' | 'metadata'>): string =>
  `${kind} ${keyOf(metadata.namespace, metadata.name)}`

/** An object of a plan. */
export interface Found {
  readonly kind: Kind
  readonly object: Resource
}

/** A reference to another object of the plan. */
interface Need {
  readonly to: string
  /** Place in the spec; none of a parent. */
  readonly found?: FoundReference
}

/** Who needs whom, and what follows from what the provider cannot do. */
export class Needs {
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
        leftOut.push({ object: `${object.kind} ${object.metadata.name}`, why, isLack: true })
        return []
      }
      const dropped = (this.#needs.get(idOf(object)) ?? []).flatMap(({ to, found }) => (this.#out.has(to) ? (found?.path ?? []) : []))
      if (dropped.length === 0) return [this.#planned(kind, object)]
      leftOut.push({
        object: `${object.kind} ${object.metadata.name}: ${dropped.join(', ')}`,
        why: 'what it names is left out',
        isLack: true,
      })
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

/** A spec without these fields, and without the list items that hold such, `dataVolumes[0].deviceRef`. */
function withoutItems(spec: unknown, paths: readonly string[], at = ''): unknown {
  if (Array.isArray(spec)) {
    const isKept = (_: unknown, index: number) => !paths.some((path) => path.startsWith(`${at}[${index}]`))
    return (spec as unknown[]).filter(isKept)
  }
  if (typeof spec !== 'object' || spec === null) return spec
  const below = (key: string) => (at === '' ? key : `${at}.${key}`)
  const kept = Object.entries(spec).filter(([key]) => !paths.includes(below(key)))
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutItems(value, paths, below(key))]))
}
