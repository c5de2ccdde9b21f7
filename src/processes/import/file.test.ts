import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newFile } from './file.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'import-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('the file is written, and nothing beside it', () => {
  newFile(join(folder, 'a.yaml'))('kind: x\n')
  expect(readdirSync(folder)).toEqual(['a.yaml'])
  expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toBe('kind: x\n')
})

test('one that is there stays as it is, also if it comes while the cloud is looked at', () => {
  const path = join(folder, 'a.yaml')
  const write = newFile(path)
  writeFileSync(path, 'edited')
  expect(() => write('new')).toThrow('--file')
  expect(() => newFile(path)).toThrow('it is there already')
  expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['a.yaml'], 'edited'])
})

test('a folder that is not there is told', () => {
  expect(() => newFile(join(folder, 'none', 'a.yaml'))('x')).toThrow('give another one')
})
