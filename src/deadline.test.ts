import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { deadline } from './deadline.ts'

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
