import { expect, test } from 'vitest'
import { sectionOf, withRelease } from './changelog.ts'

const first = withRelease('', { version: '0.1.0', date: '2026-11-27', subjects: undefined })

test('the first release has nothing to be compared with', () => {
  expect(first).toMatch(/^# Changelog\n/)
  expect(first).toMatch(/## \[Unreleased\]\n\n## \[0\.1\.0\] - 2026-11-27\n\n### Added\n\n- The first release\.\n$/)
})

test('commits since the last tag are sorted into parts, merges left out', () => {
  const subjects = ['Doctor checks clocks', 'Fix lost wakes', 'Add a --node flag', 'Merge branch x', 'Remove a setting', 'Additional tests']
  const text = withRelease(first, { version: '0.2.0', date: '2026-12-01', subjects })
  expect(sectionOf(text, '0.2.0')).toBe(
    '### Added\n\n- Add a --node flag\n\n### Changed\n\n- Doctor checks clocks\n- Additional tests\n\n### Removed\n\n- Remove a setting\n\n### Fixed\n\n- Fix lost wakes',
  )
  expect(sectionOf(text, '0.1.0')).toBe('### Added\n\n- The first release.')
  expect(text.indexOf('[0.2.0]')).toBeLessThan(text.indexOf('[0.1.0]'))
})

test('what somebody wrote under Unreleased moves into the section, and is not said twice', () => {
  const written = first.replace('## [Unreleased]\n', '## [Unreleased]\n\n### Security\n\n- Rights are read anew\n')
  const text = withRelease(written, { version: '0.2.0', date: '2026-12-01', subjects: ['Rights are read anew', 'Fix b'] })
  expect(sectionOf(text, '0.2.0')).toBe('### Security\n\n- Rights are read anew\n\n### Fixed\n\n- Fix b')
  expect(sectionOf(text, 'Unreleased')).toBe('')
})

test('a section for every release, and one only', () => {
  expect(sectionOf(withRelease(first, { version: '0.1.1', date: '2026-12-01', subjects: [] }), '0.1.1')).toBe('No changes.')
  expect(() => withRelease(first, { version: '0.1.0', date: '2026-12-01', subjects: [] })).toThrow('has a section of 0.1.0 already')
  expect(sectionOf(first, '0x1.0')).toBeUndefined()
})
