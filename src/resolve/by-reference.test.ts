import { expect, it } from 'vitest'
import type { Reference, ReferenceRule } from '../kinds/ref.ts'
import { ByReference } from './by-reference.ts'

const rule = (to: string): ReferenceRule => ({ to: [to], wait: 'none', mustExist: [], holds: false })
const PARTS: Reference = { resource: 'a', provider: 'b', tenant: 'c', workspace: 'd', region: 'e' }

it('each reference of a field is looked at once, in whatever order its parts come', () => {
  const values = new ByReference<number>()
  const [one, other] = [rule('Nic'), rule('Nic')]
  let made = 0
  const of = (field: ReferenceRule, reference: Reference) => values.of(field, reference, () => ++made)
  expect([values.has(one, PARTS), of(one, PARTS), of(one, { ...PARTS }), values.has(one, PARTS)]).toEqual([false, 1, 1, true])
  expect(of(one, Object.fromEntries(Object.entries(PARTS).toReversed()) as Reference)).toBe(1)
  // The same words in another field are another thing.
  expect([values.has(other, PARTS), of(other, PARTS)]).toEqual([false, 2])
  for (const part of Object.keys(PARTS)) expect(of(one, { ...PARTS, [part]: 'x' })).toBe(made)
  expect(made).toBe(7)
  expect(of(one, { resource: 'a","b' })).not.toBe(of(one, { resource: 'a', provider: 'b' }))
})
