import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { copyFromModules, editModules } from './module-files.ts'

let folder: string
let env: NodeJS.ProcessEnv
const at = (...names: string[]) => join(folder, ...names)
const write = (path: string, text: string) => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}

/** A Go command that knows where one module is, whose files are read-only; and a module of ours that requires it. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seca-modules-'))
  write(
    at('bin', 'go'),
    `#!/bin/sh\n[ "$*" = "mod download -json example.com/tool/v2" ] && echo '{"Dir": "${at('cache', 'v2@v2.0.1')}"}'\n`,
  )
  chmodSync(at('bin', 'go'), 0o755)
  env = { PATH: `${at('bin')}:/usr/bin:/bin` }
  for (const [path, text] of Object.entries({
    'crds/a.yaml': 'a',
    'crds/b.yaml': 'b',
    'one.yaml': 'c',
    'server.go': 'listen("0.0.0.0")',
    'docs/x': '',
  })) {
    write(at('cache', 'v2@v2.0.1', path), text)
    chmodSync(at('cache', 'v2@v2.0.1', path), 0o444)
  }
  write(at('ours', 'go.mod'), 'module ours\n')
  write(at('ours', 'go.sum'), 'sums\n')
})

it('files of modules, and of folders of them, are copied side by side', async () => {
  await copyFromModules(at('ours'), { 'example.com/tool/v2': ['crds', 'one.yaml'] }, at('crds'), env)
  expect(readdirSync(at('crds')).toSorted()).toEqual(['a.yaml', 'b.yaml', 'one.yaml'])
})

it('nothing appears when something is missing', async () => {
  await expect(copyFromModules(at('ours'), { 'example.com/tool/v2': ['crds', 'two.yaml'] }, at('crds'), env)).rejects.toThrow('two.yaml')
  expect(existsSync(at('crds'))).toBe(false)
})

const edit = { module: 'example.com/tool/v2', file: 'server.go', from: '"0.0.0.0"', to: '"127.0.0.1"' }

it('an edit is made in a copy, which a go.mod beside it takes', async () => {
  const goMod = await editModules(at('ours'), [edit], at('edited'), env)
  expect(readFileSync(goMod, 'utf8')).toBe(`module ours\n\nreplace example.com/tool/v2 => ${at('edited', 'v2')}\n`)
  expect(readFileSync(at('edited', 'go.sum'), 'utf8')).toBe('sums\n')
  expect(readFileSync(at('edited', 'v2', 'server.go'), 'utf8')).toBe('listen("127.0.0.1")')
  expect(readFileSync(at('cache', 'v2@v2.0.1', 'server.go'), 'utf8')).toBe('listen("0.0.0.0")')
  expect(readdirSync(at('edited', 'v2'))).not.toContain('docs')
  // Once more, after it was interrupted.
  expect(await editModules(at('ours'), [edit], at('edited'), env)).toBe(goMod)
})

it('an edit whose text is not there says so', async () => {
  await expect(editModules(at('ours'), [{ ...edit, from: 'gone' }], at('edited'), env)).rejects.toThrow('has gone 0 times instead of once')
})
