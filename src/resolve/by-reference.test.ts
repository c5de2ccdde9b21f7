import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reference, ReferenceRule } from '../kinds/ref.ts'
import { ByReference } from './by-reference.ts'

const RULES: readonly ReferenceRule[] = [true, false].map((holds) => ({ to: ['Nic'], wait: 'none', mustExist: [], holds }))
const word = fc.constantFrom('a', 'b', '', '["a",null,null,null,null]', '["a"]')
const reference = fc.record({ resource: word, provider: word, tenant: word, workspace: word, region: word }, { requiredKeys: ['resource'] })

test('finds again what was kept for an equal reference of the same field, and nothing else', () => {
  const entry = fc.tuple(fc.constantFrom(0, 1), reference)
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const kept = new ByReference<number>()
      const model: { readonly rule: number; readonly reference: Reference }[] = []
      for (const [rule, one] of entries) {
        const known = model.findIndex((other) => other.rule === rule && isDeepStrictEqual({ ...other.reference }, { ...one }))
        expect(kept.has(RULES[rule]!, one)).toBe(known >= 0)
        expect(kept.of(RULES[rule]!, one, () => model.length)).toBe(known >= 0 ? known : model.length)
        if (known < 0) model.push({ rule, reference: one })
      }
    }),
  )
})
