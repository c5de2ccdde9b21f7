import { expect, test } from 'vitest'
import { wordsOf } from '../../src/provider/words.ts'
import { classify } from './failures.ts'

const title = 'One or more validation errors occurred.'
const SHAPES = [
  [{ field: 'Name', message: 'is short' }],
  [{ fieldName: 'Name', errorMessage: 'is short' }],
  [{ propertyName: 'Name', errorMessage: 'is short' }],
  { Name: ['is short'] },
]
const asked = (method: 'GET' | 'POST' | 'PUT' | 'DELETE') => ({ method, path: '/x', headers: {} })

test.each(SHAPES)('whatever form a refusal has, its words are read and it is final (%#)', (errors) => {
  expect(wordsOf({ title, status: 400, errors })).toBe('Name: is short')
  expect(classify(400, { title, errors }, asked('POST'))).toBeUndefined()
})

test.each([
  ['an object in transit', 400, { title, errors: [{ fieldName: 'Status', errorMessage: 'Invalid status' }] }, 'PUT', 'waiting'],
  ['a dependency that is not ready', 400, { title: 'Bad Request' }, 'POST', 'waiting'],
  ['an empty list of errors', 400, { title: 'Bad Request', errors: [] }, 'POST', 'waiting'],
  ['what another service does not know yet', 404, { title: 'Not Found' }, 'POST', 'waiting'],
  ['what is used', 400, { title, errors: { Volume: ['in use'] } }, 'DELETE', 'waiting'],
  ['a default VPC', 400, { title, errors: { Vpc: ['the default one needs a new default'] } }, 'DELETE', undefined],
  ['what is gone', 404, { title: 'Not Found' }, 'DELETE', undefined],
  ['a full quota', 400, { title, errors: { Quota: ['the quota of 5 VPCs is reached'] } }, 'POST', 'quota'],
  ['a method that is not there', 405, { title: 'Method Not Allowed' }, 'PUT', undefined],
  ['a missing right', 403, { title: 'Forbidden' }, 'POST', undefined],
  ['a look', 404, { title: 'Not Found' }, 'GET', undefined],
  ['trouble of its own', 500, { title: 'Internal' }, 'POST', undefined],
] as const)('%s', (_what, status, body, method, failure) => {
  expect(classify(status, body, asked(method))).toBe(failure)
})
