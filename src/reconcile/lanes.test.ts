import { expect, test } from 'vitest'
import { Lanes } from './lanes.ts'

function rig() {
  const clock = { now: 0 }
  const woken: string[] = []
  return {
    clock,
    woken,
    lanes: new Lanes(
      () => clock.now,
      (id) => void woken.push(id),
    ),
  }
}

test('one key at a time, the others in the order of their asking', () => {
  const { lanes, woken } = rig()
  expect([lanes.enter('w', 'a'), lanes.enter('w', 'a'), lanes.enter('w', 'b'), lanes.enter('w', 'c')]).toEqual([true, true, false, false])
  expect(lanes.enter('other', 'd')).toBe(true)
  lanes.leave('b')
  expect(woken).toEqual([])
  lanes.leave('a')
  expect(woken).toEqual(['b'])
  expect(lanes.enter('w', 'b')).toBe(true)
  lanes.leave('b')
  expect(woken).toEqual(['b', 'c'])
})

test('a lane that is not left is given away after a minute, and its old holder has nothing to leave', () => {
  const { lanes, clock, woken } = rig()
  lanes.enter('w', 'a')
  clock.now = 59_999
  expect(lanes.enter('w', 'b')).toBe(false)
  clock.now = 60_000
  expect(lanes.enter('w', 'b')).toBe(true)
  lanes.leave('a')
  expect(lanes.enter('w', 'c')).toBe(false)
  lanes.leave('b')
  expect(woken).toEqual(['c'])
})

test('who is next is, although others ask before it comes; who does not come is passed over', () => {
  const { lanes, clock, woken } = rig()
  lanes.enter('w', 'a')
  lanes.enter('w', 'b')
  lanes.enter('w', 'c')
  lanes.leave('a')
  expect([lanes.enter('w', 'a'), lanes.enter('w', 'b')]).toEqual([false, true])
  lanes.leave('b')
  expect(woken).toEqual(['b', 'c'])
  // c has nothing to do any more, and says so; a is next.
  lanes.leave('c')
  expect(woken).toEqual(['b', 'c', 'a'])
  clock.now += 5_000
  expect(lanes.enter('w', 'd')).toBe(true)
})
