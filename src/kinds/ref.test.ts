import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { EACH, ref, Reference, referenceFields, tenantFields, tenantName } from './ref.ts'

describe('a reference field', () => {
  it('waits for a target that may come later, and does not hold it, unless it says so', () => {
    const [one, other] = referenceFields(
      z.object({ a: ref('Nic'), b: ref(['Nic', 'Instance'], { wait: 'none', holds: true, mustExist: ['Nic'] }) }),
    )
    expect(one).toEqual({ path: ['a'], rule: { to: ['Nic'], wait: 'ready', mustExist: [], holds: false } })
    expect(other).toEqual({ path: ['b'], rule: { to: ['Nic', 'Instance'], wait: 'none', mustExist: ['Nic'], holds: true } })
  })

  it('is found wherever it is, and nothing else is', () => {
    const schema = z.object({
      plain: z.string(),
      bare: Reference,
      a: ref('A').describe('x').optional(),
      inner: z.object({ b: ref('B'), list: z.array(z.object({ c: ref('C').nullable() })) }).optional(),
      d: z.array(ref('D')).default([]),
    })
    expect(referenceFields(schema).map(({ path, rule }) => [path.join('.'), rule.to[0]])).toEqual([
      ['a', 'A'],
      ['inner.b', 'B'],
      [`inner.list.${EACH}.c`, 'C'],
      [`d.${EACH}`, 'D'],
    ])
  })
})

describe('fields that name tenants', () => {
  it('are found, and are no other fields made of the same schema', () => {
    const name = z.string().min(1)
    const schema = z.object({ scopes: z.array(z.object({ tenants: z.array(tenantName(name)).optional(), other: name })), tenant: name })
    expect(tenantFields(schema)).toEqual([['scopes', EACH, 'tenants', EACH]])
    expect(referenceFields(schema)).toEqual([])
  })
})
