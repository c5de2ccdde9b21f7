import { expect, test } from 'vitest'
import { compareVersions, parseVersion } from './version.ts'

test.each(['1', '1.2', 'v1.2.3', '1.02.3', '1.2.3+build', '1.2.3-', '1.2.3-a..b', ' 1.2.3'])('%j is no version', (text) => {
  expect(() => parseVersion(text)).toThrow('is not a version such as')
})

test('versions come in the order of semver.org, 11', () => {
  const order = [
    '0.9.10',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '1.10.0',
    '2.0.0',
  ]
  for (const [i, one] of order.entries())
    for (const [j, other] of order.entries())
      expect([one, other, Math.sign(compareVersions(one, other))]).toEqual([one, other, Math.sign(i - j)])
})
