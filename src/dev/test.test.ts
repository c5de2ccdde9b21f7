import { expect, it } from 'vitest'
import { add } from './test.ts'

it('counts never look better than the exit code', () => {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  add(counts, { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0 }, 0)
  add(counts, { numPassedTests: 2, numFailedTests: 3, numPendingTests: 0, numTodoTests: 0 }, 1)
  add(counts, undefined, 1)
  add(counts, { numPassedTests: 1, numFailedTests: 0, numPendingTests: 0, numTodoTests: 1 }, 1)
  expect(counts).toEqual({ passed: 8, failed: 5, skipped: 2 })
})
