import fc from 'fast-check'
import { expect, it } from 'vitest'
import { IndexSet, Schedule } from './index-set.ts'

it('an index holds what was added and not deleted', () => {
  const index = new IndexSet()
  index.add('k', 'a')
  index.add('k', 'b')
  index.add('k', 'a')
  index.delete('k', 'b')
  index.delete('k', 'c')
  index.delete('none', 'a')
  expect([[...index.get('k')], [...index.get('none')]]).toEqual([['a'], []])
  index.delete('k', 'a')
  expect(index.get('k').size).toBe(0)
  index.add('k', 'a')
  index.clear()
  expect(index.get('k').size).toBe(0)
})

it('a schedule gives what is due, earliest first, in the order of coming where times are alike', () => {
  const step = fc.record({ at: fc.nat(20), now: fc.nat(25) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const schedule = new Schedule()
      let model: { at: number; id: string }[] = []
      for (const [index, { at, now }] of steps.entries()) {
        schedule.add(at, String(index))
        model = [...model, { at, id: String(index) }].toSorted((one, other) => one.at - other.at)
        const due = model[0] !== undefined && model[0].at <= now ? model.shift()?.id : undefined
        expect(schedule.next(now)).toBe(due)
      }
      for (const { id } of model) expect(schedule.next(100)).toBe(id)
      expect(schedule.next(100)).toBeUndefined()
    }),
  )
})

it('a schedule forgets what is over', () => {
  const schedule = new Schedule()
  for (let index = 0; index < 5_000; index++) schedule.add(index, String(index))
  for (let index = 0; index < 5_000; index++) expect(schedule.next(5_000)).toBe(String(index))
  schedule.add(1, 'late')
  expect([schedule.next(0), schedule.next(1), schedule.next(1)]).toEqual([undefined, 'late', undefined])
})
