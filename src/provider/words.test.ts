import { expect, test } from 'vitest'
import { wordsOf } from './words.ts'

test.each<[unknown, string | undefined]>([
  ['  plain  ', 'plain'],
  [{ error: { code: 'Q', message: 'quota' } }, 'quota'],
  [{ badRequest: { message: 'bad size', code: 400 } }, 'bad size'],
  [{ httpStatus: 422, messages: [{ errorCode: '100', message: '[(root).cores] wrong' }] }, '[(root).cores] wrong'],
  [{ errors: [{ detail: 'deep' }] }, 'deep'],
  [
    { title: 'One or more validation errors occurred.', status: 400, errors: [{ fieldName: 'sizeGb', errorMessage: 'too big' }] },
    'sizeGb: too big',
  ],
  [
    {
      title: 'Invalid',
      errors: [
        { propertyName: 'Name', errorMessage: 'short' },
        { field: 'tags', message: 'bad' },
      ],
    },
    'Name: short; tags: bad',
  ],
  [{ title: 'Invalid', errors: { sizeGb: ['too big', 'odd'], name: ['short'] } }, 'sizeGb: too big; odd; name: short'],
  [{ title: 'Invalid', errors: [], detail: 'why' }, 'why'],
  [{ title: 'Not Found', status: 404, traceId: 'x' }, 'Not Found'],
  [{ error: 'invalid_client', error_description: 'wrong secret' }, 'wrong secret'],
  [{ messages: ['same', 'same', 'b', 'c', 'd'] }, 'same; b; c'],
  [{ code: 1, data: null }, undefined],
  [undefined, undefined],
  [[], undefined],
  ['', undefined],
])('%j says %s', (body, words) => {
  expect(wordsOf(body)).toBe(words)
})

test('long ones are cut between characters', () => {
  expect(wordsOf({ message: `${'x'.repeat(999)}😀` })?.isWellFormed()).toBe(true)
})
