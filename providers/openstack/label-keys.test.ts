import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CINDER_KEYS, NOVA_KEYS } from './label-keys.ts'

test.each([
  ['app', 'app', 'app'],
  ['example.com/team', 'example.com:2fteam', 'example.com/team'],
  ['équipe', ':c3:a9quipe', ':c3:a9quipe'],
  ['a:b', 'a:b', 'a:b'],
  ['seca.tag', ':73:65:63:61:2etag', ':73:65:63:61:2etag'],
  ['x:2f', 'x:3a2f', 'x:2f'],
])('%s is kept as %s by Nova, and as %s by Cinder', (key, nova, cinder) => {
  expect([NOVA_KEYS.of(key), CINDER_KEYS.of(key)]).toEqual([nova, cinder])
})

const key = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.stringMatching(/^(seca\.)?[a:/2f]{1,12}$/))

test.each([
  ['Nova', NOVA_KEYS, /^[a-zA-Z0-9_:. -]+$/],
  ['Cinder', CINDER_KEYS, /^[a-zA-Z0-9_:. /-]+$/],
] as const)('whatever it is, %s takes it, and it comes back', (_service, { of, from }, taken) => {
  fc.assert(
    fc.property(key, (one) => {
      expect(of(one)).toMatch(taken)
      expect(from(of(one))).toBe(one)
    }),
  )
})

test('what others wrote is written as it was', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c:23f-]{1,12}$/), (kept) => {
      expect(NOVA_KEYS.of(NOVA_KEYS.from(kept))).toBe(kept)
    }),
  )
})
