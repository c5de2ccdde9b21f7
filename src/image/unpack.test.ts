import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from './testing.ts'
import { unpackInto } from './unpack.ts'

it('entries become files, links and folders with their modes, in a new folder', () => {
  const folder = join(temporaryFolder(), 'new')
  const entries = [
    { path: '/tmp', mode: 0o1777, folder: true },
    { path: '/usr/bin/run', mode: 0o755, content: 'x' },
    { path: '/lib', symlink: 'usr/lib' },
  ] as const
  unpackInto(folder, entries)
  const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o7777).toString(8)
  expect([modeOf('tmp'), modeOf('usr'), modeOf('usr/bin/run')]).toEqual(['1777', '755', '755'])
  expect([readFileSync(join(folder, 'usr/bin/run'), 'utf8'), readlinkSync(join(folder, 'lib'))]).toEqual(['x', 'usr/lib'])
  expect(() => unpackInto(folder, entries)).toThrow('EEXIST')
})
