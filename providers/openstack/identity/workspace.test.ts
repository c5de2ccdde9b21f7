import { expect, test } from 'vitest'
import { tagKey } from '../../../src/provider/tags.ts'
import { projectName } from './workspace.ts'

const named = (tenant: string, name: string) =>
  projectName({ path: { api: '', tenant, region: '', kind: 'Workspace', name }, tagKey: tagKey(`${tenant}/${name}`) })

test('a project is named after tenant and workspace, within 64 characters, and no two alike', () => {
  expect(named('acme', 'prod')).toMatch(/^acme-prod-[a-z2-7]{10}$/)
  const long = [named('a'.repeat(63), 'b'.repeat(63)), named('a'.repeat(63), `${'b'.repeat(62)}c`)]
  expect(long.map((one) => one.length)).toEqual([64, 64])
  expect(new Set(long).size).toBe(2)
})
