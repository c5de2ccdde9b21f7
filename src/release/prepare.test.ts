import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { prepare, requirePrepared } from './prepare.ts'
import type { Repository } from './repository.ts'

const ROOT = join(import.meta.dirname, '../..')
const FILES = ['package.json', 'package-lock.json', 'charts/seca-operator/Chart.yaml']
const checkout = () => {
  const root = mkdtempSync(join(tmpdir(), 'seca-release-'))
  for (const file of FILES) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    cpSync(join(ROOT, file), join(root, file))
  }
  return root
}
const repository = (...versions: string[]): Repository => ({
  commit: 'c',
  versions,
  tagged: async () => undefined,
  subjectsSince: async (version) => [`Since ${version}`],
  tag: async () => undefined,
})
const text = (root: string, file: string) => readFileSync(join(root, file), 'utf8')
const make = (root: string, version: string, ...versions: string[]) =>
  prepare({ root, version, repository: repository(...versions), date: '2026-11-27' })

test('a version is written into every file that says it, and nothing else changes', async () => {
  const root = checkout()
  expect(await make(root, '7.1.0-rc.1', '0.0.1', '7.0.0')).toEqual([...FILES, 'CHANGELOG.md'])
  for (const file of FILES) {
    const changed = text(root, file)
    expect(changed).toContain('7.1.0-rc.1')
    const before = text(ROOT, file).split('\n')
    const differ = changed.split('\n').filter((line, index) => line !== before[index])
    expect(differ.every((line) => line.includes('7.1.0-rc.1'))).toBe(true)
  }
  expect(JSON.parse(text(root, 'package-lock.json'))).toMatchObject({ version: '7.1.0-rc.1', packages: { '': { version: '7.1.0-rc.1' } } })
  expect(requirePrepared(root, '7.1.0-rc.1')).toBe('### Changed\n\n- Since 7.0.0')
})

test.each(['7.0.0', '6.9.9', '7.0.0-rc.9'])('%s does not come after 7.0.0, and changes nothing', async (version) => {
  const root = checkout()
  await expect(make(root, version, '0.0.1', '7.0.0')).rejects.toThrow('7.0.0 is released already')
  expect(FILES.map((file) => text(root, file))).toEqual(FILES.map((file) => text(ROOT, file)))
})

test('sources of another version are not released as this one', async () => {
  const root = checkout()
  expect(() => requirePrepared(root, '7.0.0')).toThrow(`(${FILES.join(', ')}, CHANGELOG.md): npm run release -- --version 7.0.0 --prepare`)
  await make(root, '7.0.0')
  writeFileSync(join(root, FILES[2]!), text(root, FILES[2]!).replace('appVersion: 7.0.0', 'appVersion: 7.0.1'))
  expect(() => requirePrepared(root, '7.0.0')).toThrow(`(${FILES[2]})`)
})
