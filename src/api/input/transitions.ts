import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import type { Kind } from '../../kinds/kind.ts'
import { rulesOf } from '../../kinds/rules.ts'
import type { Issue } from '../../schema/validate.ts'
import type { Json } from '../render/envelope.ts'

/** A rule on how a field may change, read from the kind's schema; the apiserver runs the same as CEL. */
interface Transition {
  readonly path: readonly string[]
  readonly message: string
  /** Whether a change from `before` (a value that is there) to `after` is fine. */
  readonly allows: (before: unknown, after: unknown) => boolean
}

/** Rules by their CEL text. Anything else that compares with the old object is left to the apiserver. */
const KNOWN: Readonly<Record<string, Transition['allows']>> = {
  'self == oldSelf': (before, after) => after === undefined || isDeepStrictEqual(before, after),
  'self >= oldSelf': (before, after) => after === undefined || Number(after) >= Number(before),
}
const KEPT = /^!has\(oldSelf\.(\w+)\) \|\| has\(self\.\1\)$/

const made = new WeakMap<Kind, readonly Transition[]>()

function transitionsOf(kind: Kind): readonly Transition[] {
  const known = made.get(kind)
  if (known !== undefined) return known
  const found = collect(kind.spec, [])
  made.set(kind, found)
  return found
}

function collect(schema: z.ZodType, path: readonly string[]): Transition[] {
  const own = rulesOf(schema).flatMap(({ rule, message }): Transition[] => {
    const allows = KNOWN[rule]
    if (allows !== undefined) return [{ path, message, allows }]
    const field = KEPT.exec(rule)?.[1]
    return field === undefined ? [] : [{ path: [...path, field], message, allows: (_before, after) => after !== undefined }]
  })
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    // Metadata of a wrapper is a copy of what it wraps, or its own; the same rule twice would be told twice.
    const inner = collect(schema.unwrap() as z.ZodType, path)
    return [...own, ...inner.filter((one) => !own.some((other) => other.message === one.message))]
  }
  if (!(schema instanceof z.ZodObject)) return own
  return [...own, ...Object.entries(schema.shape).flatMap(([key, field]) => collect(field as z.ZodType, [...path, key]))]
}

/** What an update may not do: immutable fields, sizes that shrink (contract §8). */
export function transitionIssues(kind: Kind, before: Json, after: Json): Issue[] {
  return transitionsOf(kind).flatMap(({ path, message, allows }) => {
    const old = at(before, path)
    return old === undefined || allows(old, at(after, path)) ? [] : [{ pointer: `/spec/${path.join('/')}`, message }]
  })
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Json | undefined)?.[step], value)
}
