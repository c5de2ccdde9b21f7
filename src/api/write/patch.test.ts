import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leavesOf, mergePatch } from './patch.ts'

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7386, as the apiserver does it. */
function applied(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = Object.assign(Object.create(null) as object, isObject(target) ? target : {})
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = applied(result[key], value)
  }
  return { ...result }
}

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ max: 3, min: 0 }),
    fc.constantFrom('a', 'b'),
    fc.array(fc.integer({ max: 2, min: 0 }), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), tie('value')),
  ),
}))
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', '__proto__'), value)

describe('merge patch', () => {
  it('turns one object into the other', () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        const patch = mergePatch(before, after)
        const result = patch === undefined ? before : applied(before, JSON.parse(JSON.stringify(patch)))
        expect(JSON.parse(JSON.stringify(result))).toEqual(JSON.parse(JSON.stringify(after)))
      }),
    )
  })

  it('is nothing when nothing changes', () => {
    fc.assert(
      fc.property(object, (one) => {
        expect(mergePatch(one, structuredClone(one))).toBeUndefined()
      }),
    )
  })

  it('names the leaves that it touches', () => {
    const patch = mergePatch({ a: { b: 1, c: 2 }, d: [1], e: 1 }, { a: { b: 2 }, d: [2], f: {} })
    expect(patch).toEqual({ e: null, a: { c: null, b: 2 }, d: [2], f: {} })
    expect(leavesOf(patch ?? {}).map((path) => path.join('.'))).toEqual(['e', 'a.c', 'a.b', 'd', 'f'])
  })
})
