import * as z from 'zod'
import { describe, expect, it } from 'vitest'
import { structural } from './structural.ts'

describe('structural', () => {
  it('writes integers, defaults, maps and free objects as a CRD has them', () => {
    const schema = z.object({
      count: z.int().min(1).default(20),
      labels: z.record(z.string(), z.string().max(63)).optional(),
      settings: z.looseObject({}).optional(),
      list: z.array(z.string()).max(3).meta({ 'x-kubernetes-list-type': 'set' }).describe('Some.'),
    })
    expect(structural(schema, 'x')).toEqual({
      type: 'object',
      properties: {
        count: { type: 'integer', format: 'int64', minimum: 1, default: 20 },
        labels: { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } },
        settings: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        list: { type: 'array', description: 'Some.', maxItems: 3, 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      },
      required: ['list'],
    })
  })

  it.each([
    ['a union', z.union([z.string(), z.int()]), 'anyOf'],
    ['a discriminated union', z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })]), 'oneOf|anyOf'],
    ['null', z.string().nullable(), 'nullable'],
    ['no type', z.unknown(), 'no type'],
    ['look-ahead', z.string().regex(/^(?=a)b$/), 'RE2'],
    ['a back-reference', z.string().regex(/(a)\1/), 'RE2'],
  ])('refuses %s with its path', (_name, schema, reason) => {
    const whole = z.object({ deep: z.object({ list: z.array(z.object({ field: schema })) }) })
    expect(() => structural(whole, 'Kind.spec')).toThrow(new RegExp(`^Kind\\.spec\\.deep\\.list\\[\\]\\.field: .*(${reason})`))
  })

  it('refuses what has no JSON', () => {
    expect(() => structural(z.object({ at: z.date() }), 'x')).toThrow('Date')
  })
})
