import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import about from '../../package.json' with { type: 'json' }
import { bundle, packageOf } from './bundle.ts'

test('the bundle is one file that needs nothing beside it, and has no package that only develops us', async () => {
  const { code, packages } = await bundle()
  const file = join(mkdtempSync(join(tmpdir(), 'seca-bundle-')), 'seca-operator.mjs')
  writeFileSync(file, code)
  const run = async (...args: string[]) => (await promisify(execFile)(process.execPath, [file, ...args], { cwd: tmpdir() })).stdout
  expect(await run('--version')).toBe(`${about.version}\n`)
  expect(await run('controllers', '--help')).toContain('--drift-interval')
  expect(packages).toEqual(expect.arrayContaining(['node_modules/@kubernetes/client-node', 'node_modules/pino', 'node_modules/undici']))
  expect(packages.filter((path) => /vitest|esbuild|oxlint|typescript/.test(path))).toEqual([])
})

test.each([
  ['src/main.ts', undefined],
  ['node_modules/undici/index.js', 'node_modules/undici'],
  ['node_modules/@a/b/lib/c.js', 'node_modules/@a/b'],
  ['node_modules/a/node_modules/b/c.js', 'node_modules/a/node_modules/b'],
])('%s is of the package %s', (path, name) => {
  expect(packageOf(path)).toBe(name)
})
