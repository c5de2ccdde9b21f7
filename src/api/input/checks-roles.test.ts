import { expect, test } from 'vitest'
import { add, testCache } from '../../cache/testing.ts'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { guardIssues } from './checks.ts'

test('an assignment names a role, unless the last one it had was deleted (contract §11.22)', () => {
  const cache = testCache()
  const kind = kindNamed('RoleAssignment') as Kind
  const assignment = (roles: string[]) => add(cache, 'RoleAssignment', 't', 'ra', { subs: ['ann'], roles, scopes: [{}] })
  const issues = (roles: string[], before?: string[]) =>
    guardIssues(cache, kind, assignment(roles), before && assignment(before)).map(({ pointer }) => pointer)
  expect(issues([])).toEqual(['/spec/roles'])
  expect(issues([], ['reader'])).toEqual(['/spec/roles'])
  expect(issues([], [])).toEqual([])
  expect(issues(['reader'], [])).toEqual([])
})
