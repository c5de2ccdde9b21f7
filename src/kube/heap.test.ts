import fc from 'fast-check'
import { expect, test } from 'vitest'
import { heapPop, heapPush } from './heap.ts'

test('property: whatever was pushed comes out in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (times) => {
      const heap: { at: number }[] = []
      for (const at of times) heapPush(heap, { at })
      const out: number[] = []
      while (heap[0] !== undefined) {
        out.push(heap[0].at)
        heapPop(heap)
      }
      expect(out).toEqual(times.toSorted((a, b) => a - b))
    }),
  )
})
