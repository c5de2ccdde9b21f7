import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kindNamed } from '../kinds/index.ts'
import { lowerBound, Order } from './order.ts'
import { add, testCache } from './testing.ts'

const volume = kindNamed('BlockStorage')!
const sku = kindNamed('StorageSku')!

describe('order', () => {
  it('is that of code units, as whatever objects come and go', () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'b-1', 'b.1', 'b1', 'c', 'z', '0'),
      namespace: fc.constantFrom('w', 'x'),
      isGone: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, from) => {
        const cache = testCache()
        const order = new Order(cache, [volume])
        const model = new Set<string>()
        const names = (namespace: string) => [...model].flatMap((key) => (key.startsWith(`${namespace}/`) ? [key.slice(2)] : [])).toSorted()
        for (const [index, { name, namespace, isGone }] of steps.entries()) {
          const object = cache.get('BlockStorage', `${namespace}/${name}`)
          if (!isGone) add(cache, 'BlockStorage', namespace, name, {})
          else if (object !== undefined) cache.store('BlockStorage').remove(object)
          if (isGone) model.delete(`${namespace}/${name}`)
          else model.add(`${namespace}/${name}`)
          // Asked for first somewhere on the way.
          expect(index < from ? names('w') : order.names(volume, 'w')).toEqual(names('w'))
        }
        expect([order.names(volume, 'w'), order.names(volume, 'x')]).toEqual([names('w'), names('x')])
      }),
    )
  })

  it('of cluster-scoped kinds is of all', () => {
    const cache = testCache()
    const order = new Order(cache, [sku])
    expect(order.names(sku, undefined)).toEqual(['eu-1.rd100'])
    add(cache, 'StorageSku', undefined, 'eu-1.a', {})
    expect(order.names(sku, undefined)).toEqual(['eu-1.a', 'eu-1.rd100'])
  })

  it('is kept, not made again', () => {
    const cache = testCache()
    const order = new Order(cache, [volume])
    add(cache, 'BlockStorage', 'w', 'a', {})
    const names = order.names(volume, 'w')
    add(cache, 'BlockStorage', 'w', 'b', {})
    expect(order.names(volume, 'w')).toBe(names)
    expect(names).toEqual(['a', 'b'])
  })
})

describe('the lower bound', () => {
  it('is the first that is not before', () => {
    const names = fc.array(fc.string({ maxLength: 3 }), { maxLength: 20 })
    fc.assert(
      fc.property(names, fc.string({ maxLength: 3 }), (some, name) => {
        const sorted = some.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0))
        const at = sorted.findIndex((one) => one >= name)
        expect(lowerBound(sorted, name)).toBe(at < 0 ? sorted.length : at)
      }),
    )
  })
})
