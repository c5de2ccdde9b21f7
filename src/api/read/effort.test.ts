import { expect, it } from 'vitest'
import { Effort } from './effort.ts'

const TOO_LONG = 'takes too long on these objects'

it('an object may take 2 million steps, all of a list 200 million', () => {
  const effort = new Effort()
  for (let object = 0; object < 100; object++) {
    effort.spend(1_000_000)
    effort.spend(1_000_000)
    expect(effort.next()).toBe(2_000_000)
  }
  expect(effort.next()).toBe(0)
  expect(() => effort.spend(1)).toThrow(TOO_LONG)
})

it('one object too many steps', () => {
  const effort = new Effort()
  effort.spend(2_000_000)
  expect(() => effort.spend(1)).toThrow(TOO_LONG)
  expect(() => new Effort().spend(2_000_001)).toThrow(TOO_LONG)
})
