import { expect, test } from 'vitest'
import { buildTag } from '../../../src/provider/tags.ts'
import { groupName } from './server-groups.ts'

const name = (workspace: string, instance: string, group: string) =>
  groupName(
    {
      tag: buildTag({
        installation: 'ins',
        region: 'eu-1',
        path: `seca.compute/v1/tenants/acme/workspaces/${workspace}/instances/${instance}`,
      }),
      path: { api: '', tenant: 'acme', workspace, region: 'eu-1', kind: 'Instance', name: instance },
    },
    group,
  )

test('instances of a workspace that name one group share it, and no others', () => {
  expect(name('prod', 'a', 'spread')).toBe(name('prod', 'b', 'spread'))
  expect(name('prod', 'a', 'spread')).toMatch(/^seca-[a-z2-7]{25}$/)
  expect(new Set([name('prod', 'a', 'spread'), name('test', 'a', 'spread'), name('prod', 'a', 'other')]).size).toBe(3)
})
