import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { forEachParallel } from './parallel.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

test('does everything, in order, and no more at once than allowed', async () => {
  const started: number[] = []
  let [running, most] = [0, 0]
  await forEachParallel(numbers(20), 3, async (item) => {
    started.push(item)
    most = Math.max(most, ++running)
    await turn()
    running--
  })
  expect(started).toEqual(numbers(20))
  expect(most).toBe(3)
  await forEachParallel([], 3, () => expect.unreachable())
})

test('fails as the earliest item does, and starts nothing more', async () => {
  const started: number[] = []
  const work = forEachParallel(numbers(20), 4, async (item) => {
    started.push(item)
    await sleep(item === 1 ? 20 : 1)
    if (item === 1 || item === 2) throw new Error(`item ${item}`)
  })
  await expect(work).rejects.toThrow('item 1')
  expect(started.length).toBeLessThan(10)
})

test('lets others in between, although nothing of the work waits', async () => {
  let [turns, isOver] = [0, false]
  const other = (async () => {
    for (; !isOver; turns++) await turn()
  })()
  await forEachParallel(numbers(60), 8, () => {
    const end = performance.now() + 1
    while (performance.now() < end);
  })
  isOver = true
  await other
  expect(turns).toBeGreaterThan(5)
})
