import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommonStatus } from '../kinds/common.ts'
import type { Resource } from '../kinds/resource.ts'
import { isNewRequest, newRequests, nextToken, requestOf, tokenTime } from './requests.ts'

const NOW = Date.parse('2026-06-01T00:00:00.000Z')
const AT = '2026-06-01T00:00:00.000Z'

const asked = (token: string | undefined, lastHandledRequest?: string) =>
  ({
    metadata: { generation: 1, ...(token === undefined ? {} : { annotations: { 'secapi.cloud/requested': token } }) },
    status: { observedGeneration: 1, ...(lastHandledRequest === undefined ? {} : { lastHandledRequest }) },
  }) as unknown as Resource

test('tokens count requests of the API, and say when', () => {
  expect(nextToken(undefined, NOW)).toBe(`1@${AT}`)
  expect(nextToken(`1@${AT}`, NOW)).toBe(`2@${AT}`)
  expect(nextToken('999999999@x', NOW)).toBe(`1@${AT}`)
  expect(tokenTime(nextToken('41@x', NOW))).toBe(AT)
})

test.each(['by hand', AT, '2026-06-01', '12 monkeys', '@', `@${AT}`, '1234567890@x', ''])(
  '"%s" is not one of ours: a request like any other, no count and no time',
  (token) => {
    expect(nextToken(token, NOW)).toBe(`1@${AT}`)
    expect(tokenTime(token)).toBeUndefined()
    expect(newRequests(asked(nextToken(token, NOW), token))).toBe(1)
    expect(isNewRequest(asked(token))).toBe(true)
    expect(isNewRequest(asked(token, token))).toBe(false)
  },
)

test('requests that are not recorded yet', () => {
  expect(newRequests(asked('5@x', '3@x'))).toBe(2)
  expect(newRequests(asked('3@x', '5@x'))).toBe(0)
  expect(newRequests(asked(undefined, '5@x'))).toBe(0)
})

test('what status records of a token fits, is well formed, and is known again', () => {
  const long = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\u200d'), minLength: 200, maxLength: 600 })
  const { lastHandledRequest } = CommonStatus.shape
  fc.assert(
    fc.property(long, (token) => {
      const recorded = requestOf(asked(token))
      // As kube-apiserver counts: characters, not UTF-16 units.
      expect(Array.from(recorded ?? '').length).toBeLessThanOrEqual(256)
      expect(recorded?.isWellFormed()).toBe(true)
      expect(Array.from(token).slice(0, 256).join('')).toBe(recorded)
      expect(isNewRequest(asked(token, recorded))).toBe(false)
    }),
  )
  expect(lastHandledRequest.safeParse('x'.repeat(257)).success).toBe(false)
})
