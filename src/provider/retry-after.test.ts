import { expect, test } from 'vitest'
import { parseRetryAfter } from './retry-after.ts'

test.each([
  ['120', 120_000],
  ['0', 1_000],
  ['0.5', 1_000],
  ['1.5', 1_500],
  ['86400', 300_000],
  ['Wed, 21 Oct 2015 07:28:10 GMT', 10_000],
  ['Wed, 21 Oct 2015 07:27:00 GMT', 1_000],
  ['Thu, 22 Oct 2015 07:28:00 GMT', 300_000],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s is %s ms', (header, ms) => {
  expect(parseRetryAfter(header, Date.parse('Wed, 21 Oct 2015 07:28:00 GMT'))).toBe(ms)
})
