import * as z from 'zod'
import type { Kind } from '../kinds/kind.ts'
import { EACH } from '../kinds/ref.ts'
import type { Json, Unmanaged } from './contract.ts'
import type { Facts } from './translation.ts'

/** A reference to something in the cloud, as {@link Unmanaged} has it. */
export const toId = (kind: string, id: string) => ({ resource: `@${kind}/${id}` })

/** A reference to a SKU that has all of this; what is undefined the cloud does not tell. */
export function toSku(kind: string, has: Readonly<Record<string, string | number | undefined>>) {
  const known = Object.entries(has).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as [string, string]]))
  return toId(kind, known.length === 0 ? 'any' : new URLSearchParams(known).toString())
}

/** What a SKU has to have. */
export const skuTraits = (id: string): ReadonlyMap<string, string> => new Map(id === 'any' ? [] : new URLSearchParams(id))

/** Whether a SKU has what is asked for, its name included. */
export const hasTraits = (name: string, spec: Readonly<Record<string, unknown>>, traits: ReadonlyMap<string, string>): boolean =>
  [...traits].every(([key, value]) => String(key === 'name' ? name : spec[key]) === value)

/** What references to it go by. */
export const unmanagedId = ({ externalId, parentId, name }: Pick<Unmanaged, 'externalId' | 'parentId' | 'name'>): string =>
  externalId ?? (parentId === undefined ? name : `${parentId}/${name}`)

/** The same object, not to be taken over. */
export const leftOut = (one: Omit<Unmanaged, 'spec'>, words: string): Unmanaged => ({ ...one, spec: {}, isLeftOut: true, remarks: [words] })

/** Words on what the spec does not say; none: nothing. */
export const remarked = (one: Unmanaged, words: readonly string[]): Unmanaged =>
  words.length === 0 ? one : { ...one, remarks: [...(one.remarks ?? []), ...words] }

/** An object as it can be taken over: not while it is changing, nor once it failed; undefined where it is going. */
export function settled(facts: Pick<Facts, 'isGoing' | 'busy' | 'failed'>, one: Unmanaged): Unmanaged | undefined {
  if (facts.isGoing) return undefined
  if (one.isLeftOut === true) return one
  if (facts.busy !== undefined) return leftOut(one, `something is under way (${facts.busy}): run import again when it is over`)
  return facts.failed === undefined ? one : leftOut(one, `it failed in the cloud: ${facts.failed}`)
}

/** How a reference is written; undefined where what it names is not there. */
export type Find = (kind: string, id: string) => string | undefined

interface Named {
  readonly kind: string
  readonly id: string
}

interface Resolved {
  readonly spec: Unmanaged['spec']
  /** What was left out of lists, and of what a SKU is for. */
  readonly dropped: readonly Named[]
}

const REFERENCE = /^@([A-Za-z]+)\/(.+)$/s

class Missing extends Error {
  readonly named: Named
  constructor(named: Named) {
    super(`${named.kind} ${named.id}`)
    this.named = named
  }
}

/**
 * A spec with its references as `find` writes them; or what is missing. A list does without an item, but not one of references without all of
 * them: an empty list of sources would mean anybody. Nor does it where items are held, as volumes are: without one, that would be detached.
 */
export function resolved(kind: Kind, spec: Unmanaged['spec'], find: Find): Resolved | { readonly missing: Named } {
  const dropped: Named[] = []
  const unlessMissing = <T>(work: () => T, otherwise: (missing: Missing) => T): T => {
    try {
      return work()
    } catch (thrown) {
      if (thrown instanceof Missing) return otherwise(thrown)
      throw thrown
    }
  }
  const resolve = (value: Json | undefined, path: readonly string[]): Json | undefined => {
    if (Array.isArray(value)) return items(value as readonly Json[], [...path, EACH])
    if (typeof value !== 'object' || value === null) return value
    const { resource } = value as { readonly resource?: Json }
    if (typeof resource === 'string') return { ...(value as { readonly [key: string]: Json }), resource: named(resource, find) }
    return Object.fromEntries(Object.entries(value).flatMap(([key, field]) => entry(key, field, [...path, key])))
  }
  const entry = (key: string, field: Json | undefined, path: readonly string[]): readonly (readonly [string, Json | undefined])[] =>
    unlessMissing(
      () => [[key, resolve(field, path)] as const],
      (missing) => {
        // Without its SKU an object stays as fast as it is.
        if (!missing.named.kind.endsWith('Sku') || path.length > 1 || !isOptional(kind, key)) throw missing
        dropped.push(missing.named)
        return []
      },
    )
  const items = (all: readonly Json[], path: readonly string[]): Json => {
    let last: Missing | undefined
    const found = all.flatMap((item) =>
      unlessMissing(
        () => [resolve(item, path) ?? null],
        (missing) => {
          if (isHeld(kind, path)) throw missing
          dropped.push(missing.named)
          last = missing
          return []
        },
      ),
    )
    if (found.length === 0 && last !== undefined && all.some(isReference)) throw last
    return found
  }
  return unlessMissing<Resolved | { readonly missing: Named }>(
    () => ({ spec: resolve(spec as Json, []) as Unmanaged['spec'], dropped }),
    ({ named: missing }) => ({ missing }),
  )
}

const isReference = (item: Json): boolean => typeof (item as { readonly resource?: Json } | null)?.resource === 'string'

function named(text: string, find: Find): string {
  const [, kind, id] = REFERENCE.exec(text) ?? []
  if (kind === undefined || id === undefined) return text
  const reference = find(kind, id)
  if (reference === undefined) throw new Missing({ kind, id })
  return reference
}

const isOptional = (kind: Kind, field: string): boolean => kind.spec.shape[field] instanceof z.ZodOptional

const isHeld = ({ references }: Kind, path: readonly string[]): boolean =>
  references.some((one) => one.rule.holds && path.every((step, index) => one.path[index] === step))

/** What is wrong with a spec; undefined = nothing. The parent comes with the name. */
export function faultIn({ spec, kubeSpec, parent }: Kind, wanted: Unmanaged['spec']): string | undefined {
  const shape = z.object({ ...spec.shape, ...kubeSpec.shape })
  const checked = (parent === undefined ? shape : shape.partial({ [parent.field]: true })).safeParse(wanted)
  const [issue] = checked.success ? [] : checked.error.issues
  return issue && `${issue.path.map(String).join('.')}: ${issue.message}`
}
