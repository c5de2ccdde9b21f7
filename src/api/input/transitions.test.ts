import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { KINDS, kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { cel, immutable, immutableOnceSet, neverDecreases } from '../../kinds/rules.ts'
import { transitionIssues } from './transitions.ts'

const pointers = (kind: Kind, before: object, after: object) =>
  transitionIssues(kind, before as Record<string, unknown>, after as Record<string, unknown>).map(({ pointer }) => pointer)

describe('an update', () => {
  const disk = { sizeGB: 10, skuRef: { resource: 'skus/a' } }

  it.each<[string, object, string[]]>([
    ['nothing', disk, []],
    ['a size that grows', { ...disk, sizeGB: 11 }, []],
    ['a size that shrinks', { ...disk, sizeGB: 9 }, ['/spec/sizeGB']],
    ['a fixed reference', { ...disk, skuRef: { resource: 'skus/b' } }, ['/spec/skuRef']],
    ['a part of a fixed reference', { ...disk, skuRef: { resource: 'skus/a', tenant: 'x' } }, ['/spec/skuRef']],
    ['the order of fields', { skuRef: disk.skuRef, sizeGB: 10 }, []],
    ['both', { sizeGB: 1, skuRef: { resource: 'skus/b' } }, ['/spec/sizeGB', '/spec/skuRef']],
    // The schema says that these are required.
    ['fields that are gone', {}, []],
  ])('of a volume may change %s: %j', (_, after, expected) => {
    expect(pointers(kindNamed('BlockStorage')!, disk, after)).toEqual(expected)
  })

  it('takes what was not there before', () => expect(pointers(kindNamed('BlockStorage')!, {}, disk)).toEqual([]))

  it('may set once, and not change nor take away', () => {
    const inner = z.object({ deep: neverDecreases(z.int(), 'deep').optional() })
    const spec = immutableOnceSet(z.object({ once: z.string().optional(), inner: inner.optional(), plain: z.string().optional() }), 'once')
    const kind = { spec } as unknown as Kind
    expect(pointers(kind, {}, { once: 'a' })).toEqual([])
    expect(pointers(kind, { once: 'a' }, { once: 'a', plain: 'x' })).toEqual([])
    expect(pointers(kind, { once: 'a' }, { once: 'b' })).toEqual(['/spec/once'])
    expect(pointers(kind, { once: 'a' }, {})).toEqual(['/spec/once'])
    expect(pointers(kind, { inner: { deep: 2 } }, { inner: { deep: 1 } })).toEqual(['/spec/inner/deep'])
    expect(pointers(kind, { inner: { deep: 2 } }, {})).toEqual([])
    expect(pointers(kind, { inner: {} }, { inner: { deep: 1 } })).toEqual([])
  })

  it('is told each rule once, through whatever wraps it', () => {
    const wrapped = immutable(z.string(), 'a').default('x').optional()
    expect(transitionIssues({ spec: z.object({ a: wrapped }) } as unknown as Kind, { a: 'x' }, { a: 'y' })).toEqual([
      { pointer: '/spec/a', message: 'a cannot be changed; make a new object instead' },
    ])
  })

  it('is left to the apiserver where its rule is another one', () => {
    const kind = { spec: z.object({ a: cel(z.int(), { rule: 'self != oldSelf', message: 'no' }) }) } as unknown as Kind
    expect(pointers(kind, { a: 1 }, { a: 1 })).toEqual([])
  })

  it('of every kind with a rule is found here', () => {
    const fixed = KINDS.flatMap((kind) =>
      Object.entries(kind.spec.shape).flatMap(([field]) =>
        transitionIssues(kind, { [field]: { old: 5 } }, { [field]: { new: 1 } }).map(({ pointer }) => `${kind.kind}${pointer}`),
      ),
    )
    expect(fixed).toContain('BlockStorage/spec/skuRef')
    expect(fixed.length).toBeGreaterThan(5)
  })
})
