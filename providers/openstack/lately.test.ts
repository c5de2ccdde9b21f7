import { expect, test } from 'vitest'
import { Lately } from './lately.ts'

function world() {
  let [time, asked] = [0, 0]
  const lately = new Lately<number>(1_000, () => time)
  const ask = () => Promise.resolve(++asked)
  return { lately, ask, later: (ms: number) => (time += ms) }
}

test('an answer is good for a while, for those who ask for the same', async () => {
  const { lately, ask, later } = world()
  expect(await Promise.all([lately.of('a', ask), lately.of('a', ask), lately.of('b', ask)])).toEqual([1, 1, 2])
  later(999)
  expect(await lately.of('a', ask)).toBe(1)
  later(1)
  expect(await lately.of('a', ask)).toBe(3)
})

test('a failure is told to those who wait for it, and asked for again by the next', async () => {
  const { lately, ask } = world()
  const fail = () => Promise.reject(new Error('no'))
  expect((await Promise.allSettled([lately.of('a', fail), lately.of('a', ask)])).map(({ status }) => status)).toEqual([
    'rejected',
    'rejected',
  ])
  expect(await lately.of('a', ask)).toBe(1)
})

test('what an old answer does not do for is made of a new one, once', async () => {
  const { lately, ask } = world()
  const least = (wanted: number) => (answer: number) => {
    if (answer < wanted) throw new Error(`${answer} is too little`)
    return answer
  }
  await expect(lately.made('a', ask, least(2))).rejects.toThrow('1 is too little')
  expect(await lately.made('a', ask, least(2))).toBe(2)
  expect(await lately.made('a', ask, least(2))).toBe(2)
  await expect(lately.made('a', ask, least(9))).rejects.toThrow('3 is too little')
})
