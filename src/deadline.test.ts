import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { deadline, untilAborted } from './deadline.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('aborts when the time is over', () => {
  const limit = deadline(new AbortController().signal, 100)
  vi.advanceTimersByTime(99)
  expect(limit.signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(limit.signal.aborted).toBe(true)
  expect(limit.isOver).toBe(true)
})

test('aborts with its parent, for its reason', () => {
  const parent = new AbortController()
  const limit = deadline(parent.signal, 100)
  parent.abort(new Error('shutdown'))
  expect(limit.signal.reason).toEqual(new Error('shutdown'))
  vi.advanceTimersByTime(200)
  expect(limit.isOver).toBe(false)
  expect(deadline(parent.signal, 100).signal.aborted).toBe(true)
})

test('leaves nothing behind', () => {
  const parent = new AbortController()
  deadline(parent.signal, 100).end()
  expect(vi.getTimerCount()).toBe(0)
  expect(getEventListeners(parent.signal, 'abort')).toEqual([])
})

test('nobody waits for what ignores the end; what heeds it may say what it was at', async () => {
  vi.useRealTimers()
  const over = new AbortController()
  const hanging = untilAborted(new Promise(() => undefined), over.signal)
  const heeding = untilAborted(
    new Promise((_, reject) => over.signal.addEventListener('abort', () => reject(new Error('half-way')))),
    over.signal,
  )
  setImmediate(() => over.abort(new Error('over')))
  await expect(heeding).rejects.toThrow('half-way')
  await expect(hanging).rejects.toThrow('over')
  await expect(untilAborted(new Promise(() => undefined), over.signal)).rejects.toThrow('over')
  expect(await untilAborted(Promise.resolve('done'), new AbortController().signal)).toBe('done')
})
