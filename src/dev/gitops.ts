import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What keeps the tests with Argo CD and Flux from running, and how to have them, in one line; undefined when nothing does. */
export function lackingForGitops(env: NodeJS.ProcessEnv): string | undefined {
  if (env['SECA_E2E_GITOPS'] !== '1')
    return 'building Argo CD and Flux takes half an hour, once: npm test -- --full, or SECA_E2E_GITOPS=1, runs them'
  const isThere = (program: string) => (env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
  const missing = ['git', 'redis-server'].filter((program) => !isThere(program))
  if (!missing.includes('git') && !existsSync(join(gitFolder(), 'git-http-backend'))) missing.push('git-http-backend')
  if (missing.length === 0) return undefined
  return `they need ${missing.join(' and ')}: apt-get install --no-install-recommends git redis-server (or the same of another system)`
}

/** Folder of Git's own commands. */
function gitFolder(): string {
  return execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()
}
