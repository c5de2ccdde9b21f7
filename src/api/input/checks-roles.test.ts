import { expect, test } from 'vitest'
import { testCache } from '../../cache/testing.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Target } from '../path/target.ts'
import { contextIssues } from './checks.ts'

test('an assignment names a role, unless the last one it had was deleted (SECA.md §11.22)', () => {
  const target = { surface: { kind: kindNamed('RoleAssignment') }, tenant: 'acme', region: 'eu-1' } as unknown as Target
  const issues = (roles: string[], before?: string[]) =>
    contextIssues(
      testCache(),
      target,
      { subs: ['ann'], roles, scopes: [{}] },
      before && { subs: ['bob'], roles: before, scopes: [{}] },
    ).map(({ pointer }) => pointer)
  expect(issues([])).toEqual(['/spec/roles'])
  expect(issues([], ['reader'])).toEqual(['/spec/roles'])
  expect(issues([], [])).toEqual([])
  expect(issues(['reader'], [])).toEqual([])
})
