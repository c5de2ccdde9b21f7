import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lackingForGitops } from './gitops.ts'

it('tests with Argo CD and Flux run only when they are asked for', () => {
  expect(lackingForGitops({ PATH: process.env['PATH'] })).toContain('npm test -- --full')
  expect(lackingForGitops({ PATH: process.env['PATH'], SECA_E2E_GITOPS: '0' })).toContain('npm test -- --full')
})

it('what they need is named, with the way to get it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-gitops-'))
  expect(lackingForGitops({ PATH: folder, SECA_E2E_GITOPS: '1' })).toContain('git and redis-server: apt-get install')
  writeFileSync(join(folder, 'redis-server'), '')
  chmodSync(join(folder, 'redis-server'), 0o755)
  expect(lackingForGitops({ PATH: folder, SECA_E2E_GITOPS: '1' })).toMatch(/^they need git:/)
})
