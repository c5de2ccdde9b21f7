import { expect, test } from 'vitest'
import { challengeOf } from './challenge.ts'

test.each([
  ['Basic realm="registry"', { scheme: 'basic', realm: 'registry' }],
  [
    'Bearer realm="https://auth.example.org/token",service="r.example.org",scope="repository:a/b:pull,push"',
    { scheme: 'bearer', realm: 'https://auth.example.org/token', service: 'r.example.org' },
  ],
  [
    'bearer Realm="https://auth.example.org/token?a=b", error="invalid_token"',
    { scheme: 'bearer', realm: 'https://auth.example.org/token?a=b' },
  ],
  ['Negotiate', { scheme: 'negotiate' }],
  ['', undefined],
])('%s', (header, challenge) => {
  expect(challengeOf(header)).toEqual(challenge)
})
