import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { OPERATOR } from '../operator.ts'
import { type Bundle, bundle, packageOf } from './bundle.ts'
import { temporaryFolder } from './testing.ts'

const ROOT = join(import.meta.dirname, '../..')
const START_MS = 1_000

let made: Bundle
let folder = ''
beforeAll(async () => {
  made = await bundle(ROOT)
  folder = temporaryFolder()
  writeFileSync(join(folder, 'seca-operator.mjs'), made.code)
}, 60_000)

/** Runs the bundle where nothing is beside it. */
function run(...args: string[]) {
  const start = process.cpuUsage()
  const env = { PATH: '/nowhere' }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['seca-operator.mjs', ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  })
  void start
  return { status, stdout, stderr }
}

describe('the bundle', () => {
  it('knows its version', () => {
    expect(run('--version')).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
  })
})

it.each([
  ['node_modules/zod/v4/core.js', 'node_modules/zod'],
  ['node_modules/@a/b/index.js', 'node_modules/@a/b'],
  ['node_modules/a/node_modules/@b/c/d/e.js', 'node_modules/a/node_modules/@b/c'],
  ['src/operator.ts', undefined],
])('%s is of package %s', (path, name) => {
  expect(packageOf(path)).toBe(name)
})
void OPERATOR
void START_MS
