import { KINDS } from '../../../src/kinds/index.ts'
import { objectSchema } from '../../../src/schema/crd.ts'
import type { Structural } from '../../../src/schema/structural.ts'
import { type Manifest, minimal } from './minimal.ts'

/** A manifest, and for a bad one what its refusal must name. */
export interface Case {
  readonly title: string
  readonly manifest: Manifest
  /** Field as the apiserver writes it, `spec.routes[0].targetRef`. */
  readonly field: string
  /** What the refusal says about it. */
  readonly says: RegExp
}

type Step = string | number
/** A place in a spec: how to get there, and the schema of what is there. */
interface Place {
  readonly path: readonly Step[]
  readonly node: Structural
  readonly isRequired: boolean
}

/** A schema of a spec, flattened: every field, every first item. */
function places(node: Structural, path: readonly Step[], isRequired: boolean): Place[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([name, field]) =>
    places(field, [...path, name], node.required?.includes(name) ?? false),
  )
  const items = node.items ? places(node.items, [...path, 0], false) : []
  const values = node.additionalProperties ? places(node.additionalProperties, [...path, 'key'], false) : []
  return [{ path, node, isRequired }, ...below, ...items, ...values]
}

/** The smallest valid value of a schema. */
function sample(node: Structural): unknown {
  if (node.enum) return node.enum[0]
  const rules = (node['x-kubernetes-validations'] ?? []).map(({ rule }) => rule).join()
  if (rules.includes('family() == 6')) return 'fd00:1::/56'
  if (rules.includes('isCIDR')) return '10.9.0.0/16'
  if (rules.includes('isIP')) return '10.9.0.1'
  if (node.type === 'integer') return node.minimum ?? 1
  if (node.type === 'string') return 'a'.repeat(node.minLength ?? 1)
  if (node.type === 'boolean') return true
  if (node.type === 'array') return Array.from({ length: node.minItems ?? 1 }, () => sample(node.items ?? {}))
  // One of an object's fields has to be there when none is required by itself (`ports`, `cidr`).
  const names = node.required ?? (rules.includes('has(self.') ? Object.keys(node.properties ?? {}).slice(0, 1) : [])
  return Object.fromEntries(names.map((name) => [name, sample(node.properties?.[name] ?? {})]))
}

/** A copy of `value` with `change` applied at `path`; what is missing on the way is filled in with samples. */
function changed(value: unknown, node: Structural, path: readonly Step[], change: (value: unknown) => unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return change(value)
  const here = value ?? sample(node)
  const child = (typeof step === 'number' ? node.items : (node.properties?.[step] ?? node.additionalProperties)) ?? {}
  const next = changed((here as Record<Step, unknown>)[step], child, rest, change)
  if (Array.isArray(here)) return here.length === 0 ? [next] : here.with(step as number, next)
  const { [step]: _, ...others } = here as Record<string, unknown>
  return next === undefined ? others : { ...others, [step]: next }
}

const fieldOf = (path: readonly Step[]) => path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')

/** A text of that length which the field takes; undefined where its form does not allow any length. */
function textOf(node: Structural, length: number): string | undefined {
  return node['x-kubernetes-validations']?.some(({ rule }) => rule.includes('is')) ? undefined : 'a'.repeat(length)
}

const repeated = (node: Structural, count: number) =>
  Array.from({ length: count }, (_, index) => {
    const item = sample(node.items ?? {})
    const [key] = node['x-kubernetes-list-map-keys'] ?? []
    return key === undefined ? item : { ...(item as object), [key]: `a${index}` }
  })

type Wrong = readonly [title: string, says: RegExp, change: (value: unknown) => unknown]

/** Values just outside of what a field allows. */
function wrong({ node, isRequired }: Place): Wrong[] {
  const misfit = node.type === 'string' ? 7 : node.type === 'integer' ? 'seven' : 'text'
  const all: (Wrong | false)[] = [
    isRequired && ['missing', /Required value/, () => undefined],
    ['wrong type', new RegExp(`must be of type ${node.type}`), () => misfit],
    node.enum !== undefined && ['unknown value', /Unsupported value: .*supported values/, () => 'no-such-value'],
    node.minimum !== undefined && ['too small', new RegExp(`greater than or equal to ${node.minimum}`), () => Number(node.minimum) - 1],
    node.maximum !== undefined && ['too large', new RegExp(`less than or equal to ${node.maximum}`), () => Number(node.maximum) + 1],
    !!node.minLength && ['too short', new RegExp(`at least ${node.minLength} chars`), () => 'a'.repeat(Number(node.minLength) - 1)],
    node.maxLength !== undefined && ['too long', /[Tt]oo long/, () => 'a'.repeat(Number(node.maxLength) + 1)],
    !!node.minItems && ['too few', new RegExp(`at least ${node.minItems} items`), () => []],
    node.maxItems !== undefined && [
      'too many',
      new RegExp(`at most ${node.maxItems} items`),
      () => repeated(node, Number(node.maxItems) + 1),
    ],
    node.pattern !== undefined && ['wrong form', /should match/, () => 'Not.A.Label'],
  ]
  return all.filter((entry) => entry !== false)
}

/** Values at the very edge of what a field allows. */
function edges({ node }: Place): [title: string, value: unknown][] {
  const all: [string, unknown][] = [
    ['smallest', node.minimum],
    ['largest', node.maximum],
    ['shortest', node.minLength === undefined ? undefined : textOf(node, node.minLength)],
    ['longest', node.maxLength === undefined ? undefined : textOf(node, node.maxLength)],
    ['most', node.maxItems === undefined ? undefined : repeated(node, node.maxItems)],
    ...(node.enum ?? []).map((value): [string, unknown] => [`value ${String(value)}`, value]),
  ]
  return all.filter(([, value]) => value !== undefined)
}

const subjects = KINDS.map((kind) => ({ kind, schema: objectSchema(kind).properties?.['spec'] ?? {} }))

/** Every constraint of every spec, broken by the smallest step. */
export function brokenConstraints(): Case[] {
  return subjects.flatMap(({ kind, schema }) =>
    places(schema, [], false)
      .filter(({ path, node }) => path.length > 0 && !node['x-kubernetes-preserve-unknown-fields'])
      .flatMap((place) =>
        wrong(place).map(([title, says, change]): Case => {
          const manifest = minimal(kind.kind)
          manifest.spec = changed(manifest.spec, schema, place.path, change) as Manifest['spec']
          return { title: `${kind.kind} spec${fieldOf(place.path)}: ${title}`, manifest, field: `spec${fieldOf(place.path)}`, says }
        }),
      ),
  )
}

/** Every constraint of every spec, just kept. */
export function keptConstraints(): Pick<Case, 'title' | 'manifest'>[] {
  return subjects.flatMap(({ kind, schema }) =>
    places(schema, [], false)
      // The parent's name is part of the object's own name, so it cannot be any value.
      .filter(({ path }) => path.length > 0 && path[0] !== (kind.parent?.field ?? (kind.collection === 'skus' ? 'region' : undefined)))
      .flatMap((place) =>
        edges(place).map(([title, value]) => {
          const manifest = minimal(kind.kind)
          manifest.spec = changed(manifest.spec, schema, place.path, () => value) as Manifest['spec']
          return { title: `${kind.kind} spec${fieldOf(place.path)}: ${title}`, manifest }
        }),
      ),
  )
}
