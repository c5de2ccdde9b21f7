import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

/** A clock that goes on when told, and writes that take as long as told. */
function rig() {
  let now = 0
  const pace = new Pace(() => now)
  const write = async (ms: number) =>
    pace.run(() => {
      now += ms
      return Promise.resolve(ms)
    })
  return { pace, write, pass: (ms: number) => void (now += ms) }
}

test('as long as writes are quick, sixteen go at a time and others wait for their turn, in order', async () => {
  const { pace } = rig()
  const ends: (() => void)[] = []
  const begun: number[] = []
  const all = Array.from({ length: 20 }, (_, index) =>
    pace.run(() => {
      begun.push(index)
      return new Promise<void>((resolve) => ends.push(resolve))
    }),
  )
  await Promise.resolve()
  expect(begun).toHaveLength(16)
  for (let index = 0; index < 20; index++) {
    ends[index]!()
    await all[index]
  }
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index))
})

test('slow writes lower the number step by step down to four, quick ones raise it again', async () => {
  const { pace, write } = rig()
  await write(4)
  const seen: number[] = []
  for (let index = 0; index < 8; index++) {
    await write(60)
    seen.push(pace.limit)
  }
  expect(seen).toEqual([11, 7, 5, 4, 4, 4, 4, 4])
  for (let round = 0; round < 400; round++) await Promise.all(Array.from({ length: 16 }, () => write(0.1)))
  expect(pace.limit).toBe(16)
})

test('what was under way when the number fell says nothing new', async () => {
  let now = 0
  const pace = new Pace(() => now)
  await pace.run(() => Promise.resolve((now += 4)))
  const gates = Array.from({ length: 10 }, () => Promise.withResolvers<undefined>())
  const all = gates.map(({ promise }) => pace.run(() => promise))
  await Promise.resolve()
  now += 500
  for (const { resolve } of gates) resolve(undefined)
  await Promise.all(all)
  expect(pace.limit).toBe(11)
})

test('a cluster that has become slower for good is learnt', async () => {
  const { pace, write, pass } = rig()
  await write(5)
  for (let index = 0; index < 10; index++) await write(40)
  expect(pace.limit).toBe(4)
  pass(1_800_000)
  for (let round = 0; round < 400; round++) await Promise.all(Array.from({ length: 16 }, () => write(0.01)))
  await write(40)
  expect(pace.limit).toBeGreaterThan(4)
})

test('who gives up while waiting leaves the line, and those behind go on', async () => {
  const { pace } = rig()
  const gates = Array.from({ length: 16 }, () => Promise.withResolvers<undefined>())
  const busy = gates.map(({ promise }) => pace.run(() => promise))
  const stop = new AbortController()
  const given = pace.run(() => Promise.resolve('never'), stop.signal)
  const next = pace.run(() => Promise.resolve('next'))
  stop.abort(new Error('given up'))
  await expect(given).rejects.toThrow('given up')
  await expect(pace.run(() => Promise.resolve('never'), AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
  for (const { resolve } of gates) resolve(undefined)
  expect(await next).toBe('next')
  await Promise.all(busy)
})

test('a write that fails frees its place', async () => {
  const { pace, write } = rig()
  await expect(pace.run(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  expect(await write(1)).toBe(1)
  expect(pace.limit).toBe(16)
})
