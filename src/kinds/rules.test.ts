import * as z from 'zod'
import { describe, expect, it } from 'vitest'
import { referenceFields, ref } from './ref.ts'
import {
  cidr,
  emptyOrIp,
  immutable,
  immutableOnceSet,
  immutableOptional,
  ip,
  ipv4Cidr,
  ipv6Cidr,
  neverDecreases,
  ordered,
  rulesOf,
  someOf,
} from './rules.ts'

const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success
const rules = (schema: z.ZodType) => rulesOf(schema).map(({ rule }) => rule)

describe('rules', () => {
  it('add up, survive describe and optional, and leave the original alone', () => {
    const plain = z.int()
    const ruled = neverDecreases(immutable(plain, 'size'), 'size').describe('Size.')
    expect(rules(ruled)).toEqual(['self == oldSelf', 'self >= oldSelf'])
    expect(rules(plain)).toEqual([])
  })

  it('keep what a reference field is', () => {
    const schema = z.object({
      skuRef: immutable(ref('StorageSku', { holds: true }), 'skuRef')
        .describe('SKU.')
        .optional(),
    })
    expect(referenceFields(schema)).toEqual([{ path: ['skuRef'], rule: { to: ['StorageSku'], wait: 'ready', mustExist: [], holds: true } }])
  })

  it('guard optional fields on the parent, against null first and a new value then', () => {
    const object = () => z.object({ region: z.string().optional(), other: z.string() })
    expect(rules(immutableOptional(object(), 'region'))).toEqual(['has(self.region) == has(oldSelf.region)'])
    expect(rules(immutableOnceSet(object(), 'region'))).toEqual(['!has(oldSelf.region) || has(self.region)'])
    const both = immutableOptional(immutableOnceSet(object(), 'region'), 'region')
    expect(rulesOf(both)).toHaveLength(2)
    expect(rules(both.shape.region)).toContain('self == oldSelf')
  })

  it.each([
    ['ip', ip(z.string()), ['10.0.0.1', '::', '2001:db8::1'], ['', '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.1/8', 'a']],
    ['emptyOrIp', emptyOrIp(z.string()), ['', '0.0.0.0'], ['x', ' ']],
    [
      'cidr',
      cidr(z.string()),
      ['10.0.0.0/8', '10.1.2.3/16', '::/0', 'fd00::/56'],
      ['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/', '/8'],
    ],
    ['ipv4Cidr', ipv4Cidr(z.string()), ['0.0.0.0/16'], ['::/56', '10.0.0.0/99']],
    ['ipv6Cidr', ipv6Cidr(z.string()), ['::/56'], ['10.0.0.0/8', '::']],
  ])('%s', (_name, schema, good, bad) => {
    expect(good.filter((text) => !accepts(schema, text))).toEqual([])
    expect(bad.filter((text) => accepts(schema, text))).toEqual([])
  })

  it('someOf wants one field, and no empty list', () => {
    const schema = someOf(z.object({ from: z.int().optional(), list: z.array(z.int()).optional() }), ['from', 'list'], 'needs one')
    expect(rules(schema)).toEqual(['(has(self.from)) || (has(self.list) && size(self.list) > 0)'])
    expect([{}, { list: [] }, { from: 1 }, { list: [1] }].map((value) => accepts(schema, value))).toEqual([false, false, true, true])
  })

  it('ordered compares only what is given', () => {
    const schema = ordered(z.object({ from: z.int().optional(), to: z.int().optional() }), 'from', 'to')
    expect([{ from: 2, to: 1 }, { from: 1, to: 1 }, { from: 9 }].map((value) => accepts(schema, value))).toEqual([false, true, true])
  })
})
