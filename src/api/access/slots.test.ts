import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Slots } from './slots.ts'

it('lets so many of each owner go at a time, in order, whatever becomes of them', async () => {
  const slots = new Slots(2)
  const started: string[] = []
  const ends = new Map<string, (failed?: Error) => void>()
  const call = (owner: string, name: string) =>
    slots
      .take(owner, () => {
        started.push(name)
        return new Promise<string>((resolve, reject) => ends.set(name, (failed) => (failed ? reject(failed) : resolve(name))))
      })
      .catch((error: unknown) => (error as Error).message)
  const calls = [call('a', 'a1'), call('a', 'a2'), call('a', 'a3'), call('a', 'a4'), call('b', 'b1')]
  expect(started).toEqual(['a1', 'a2', 'b1'])
  ends.get('a2')?.(new Error('broken'))
  await turn()
  expect(started).toEqual(['a1', 'a2', 'b1', 'a3'])
  for (const name of ['a1', 'a3', 'b1']) ends.get(name)?.()
  await turn()
  ends.get('a4')?.()
  expect(await Promise.all(calls)).toEqual(['a1', 'broken', 'a3', 'a4', 'b1'])
})
