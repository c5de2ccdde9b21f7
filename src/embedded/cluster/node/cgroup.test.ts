import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cgroupFolders, cgroupOf, makeCgroup, removeCgroup } from './cgroup.ts'

const made = (...folders: string[]) => {
  const root = mkdtempSync(join(tmpdir(), 'seca-cgroup-'))
  for (const folder of folders) mkdirSync(join(root, folder))
  return root
}

test('a data folder always has the same group, and another folder another', () => {
  expect(cgroupOf('/a')).toMatch(/^seca-node-[0-9a-f]{12}$/)
  expect(cgroupOf('/a')).toBe(cgroupOf('/a'))
  expect(cgroupOf('/a')).not.toBe(cgroupOf('/b'))
})

test('in cgroup v2 there is one folder', () => {
  const root = made('system.slice')
  writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory')
  expect(cgroupFolders('n', root)).toEqual([join(root, 'n')])
})

test('in cgroup v1 there is one in each hierarchy, and in that of v2 beside them', () => {
  const root = made('memory', 'unified')
  writeFileSync(join(root, 'cgroup.procs'), '')
  expect(cgroupFolders('n', root)).toEqual([join(root, 'memory', 'n'), join(root, 'unified', 'n')])
})

test('a group of v1 may use the processors that the one above it may', () => {
  const root = made('cpuset')
  writeFileSync(join(root, 'cpuset', 'cpuset.cpus'), '0-1')
  mkdirSync(join(root, 'cpuset', 'n'))
  writeFileSync(join(root, 'cpuset', 'n', 'cpuset.cpus'), '')
  makeCgroup('n', root)
  expect(readFileSync(join(root, 'cpuset', 'n', 'cpuset.cpus'), 'utf8')).toBe('0-1')
})

test('a group goes with those in it; others and what is in use stay', async () => {
  const root = made('memory', 'unified')
  mkdirSync(join(root, 'memory', 'n', 'pods', 'one'), { recursive: true })
  mkdirSync(join(root, 'memory', 'other'))
  mkdirSync(join(root, 'unified', 'n', 'used'), { recursive: true })
  // In a real one a process keeps the folder; here a file does.
  writeFileSync(join(root, 'unified', 'n', 'used', 'process'), '')
  await removeCgroup('n', root, 0)
  expect(existsSync(join(root, 'memory', 'n'))).toBe(false)
  expect(existsSync(join(root, 'memory', 'other'))).toBe(true)
  expect(existsSync(join(root, 'unified', 'n', 'used'))).toBe(true)
})
