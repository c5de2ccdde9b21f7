import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Entry, layer, writeArchive } from './archive.ts'

const text = (content: string) => Buffer.from(content)
const ENTRIES: Entry[] = [
  { path: 'usr/bin/tool', mode: 0o755, content: text('#!/bin/sh\n') },
  { path: 'tmp', mode: 0o1777 },
  { path: 'bin', link: 'usr/bin' },
  { path: 'etc/empty', content: text('') },
]

async function written(entries: readonly Entry[]) {
  const folder = mkdtempSync(join(tmpdir(), 'seca-archive-'))
  const file = join(folder, 'image.tar')
  const one = await layer('tools', entries)
  const config = { Entrypoint: ['/usr/bin/tool'], User: '65532:65532', Env: ['A=b'] }
  const archive = await writeArchive({ reference: 'localhost/tool:1', platform: 'linux/arm64', layers: [one], config, file })
  return { folder, file, archive, tar: (...args: string[]) => execFileSync('tar', [...args], { cwd: folder, encoding: 'utf8' }) }
}

test('the same entries give the same bytes, in whatever order they come', async () => {
  const [one, other] = [await written(ENTRIES), await written(ENTRIES.toReversed())]
  expect(readFileSync(one.file).equals(readFileSync(other.file))).toBe(true)
  expect(one.archive.digest).toBe(other.archive.digest)
})

test('a layer has the folders that its files are in, all of root, with modes and links as given', async () => {
  const { tar, folder } = await written(ENTRIES)
  tar('xf', 'image.tar')
  const [manifest] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as [{ Layers: [string] }]
  const lines = tar('tvzf', manifest.Layers[0], '--numeric-owner', '--utc', '--full-time').trim().split('\n')
  expect(lines.map((line) => line.replace(/ +/g, ' ').replace('1970-01-01 00:00:00 ', ''))).toEqual([
    'lrwxrwxrwx 0/0 0 bin -> usr/bin',
    'drwxr-xr-x 0/0 0 etc',
    '-rw-r--r-- 0/0 0 etc/empty',
    'drwxrwxrwt 0/0 0 tmp',
    'drwxr-xr-x 0/0 0 usr',
    'drwxr-xr-x 0/0 0 usr/bin',
    '-rwxr-xr-x 0/0 10 usr/bin/tool',
  ])
})

test('what names a blob is what it holds', async () => {
  const { tar, folder, archive } = await written(ENTRIES)
  tar('xf', 'image.tar')
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { manifests: [{ digest: string; platform: unknown }] }
  expect(index.manifests[0]).toMatchObject({ digest: archive.digest, platform: { os: 'linux', architecture: 'arm64' } })
  const sums = execFileSync('sh', ['-c', 'cd blobs/sha256 && sha256sum *'], { cwd: folder, encoding: 'utf8' }).trim().split('\n')
  expect(sums).toHaveLength(3)
  for (const line of sums) expect(line).toMatch(/^([0-9a-f]{64}) {2}\1$/)
})
