import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { extract } from './archive.ts'

/** Made by Python's zipfile: README.md and etcd deflated, etcdctl stored. */
const ZIP =
  'UEsDBBQAAAAIAHQLel2GtKjWCAAAAAYAAAAYAAAAZXRjZC12My1kYXJ3aW4vUkVBRE1FLm1kK88vSinmAgBQSwMEFAAAAAgAdAt6XW5ow4cZAAAAmgEAABMAAABldGNkLXYzLWRhcndpbi9ldGNkU1bUT8rM0y/O4EpNzshXSC1JThllDQoWAFBLAwQUAAAAAAAAACEAyIqycgQAAAAEAAAAFgAAAGV0Y2QtdjMtZGFyd2luL2V0Y2RjdGxjdGwKUEsBAhQDFAAAAAgAdAt6XYa0qNYIAAAABgAAABgAAAAAAAAAAAAAAIABAAAAAGV0Y2QtdjMtZGFyd2luL1JFQURNRS5tZFBLAQIUAxQAAAAIAHQLel1uaMOHGQAAAJoBAAATAAAAAAAAAAAAAACAAT4AAABldGNkLXYzLWRhcndpbi9ldGNkUEsBAhQDFAAAAAAAAAAhAMiKsnIEAAAABAAAABYAAAAAAAAAAAAAAIABiAAAAGV0Y2QtdjMtZGFyd2luL2V0Y2RjdGxQSwUGAAAAAAMAAwDLAAAAwAAAAAAA'

it('one file of a tar.gz is found among others, whatever its size', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-archive-'))
  const inside = join(folder, 'etcd-v3-linux')
  mkdirSync(join(inside, 'Documentation'), { recursive: true })
  const content = { empty: '', 'Documentation/a.md': 'words', etcdctl: 'x'.repeat(512), etcd: 'y'.repeat(100_000), last: 'z' }
  for (const [name, text] of Object.entries(content)) writeFileSync(join(inside, name), text)
  execFileSync('tar', ['-czf', join(folder, 'etcd.tar.gz'), '-C', folder, 'etcd-v3-linux'])
  const archive = readFileSync(join(folder, 'etcd.tar.gz'))
  for (const [name, text] of Object.entries(content)) expect((await extract(archive, `etcd-v3-linux/${name}`)).toString()).toBe(text)
  await expect(extract(archive, 'etcd')).rejects.toThrow('the archive has no file etcd')
  await expect(extract(archive.subarray(0, 100), 'etcd')).rejects.toThrow('unexpected end of file')
})

it('one file of a zip is found, deflated or stored', async () => {
  const archive = Buffer.from(ZIP, 'base64')
  expect((await extract(archive, 'etcd-v3-darwin/etcd')).toString()).toBe(`#!/bin/sh\n${'echo etcd\n'.repeat(40)}`)
  expect((await extract(archive, 'etcd-v3-darwin/etcdctl')).toString()).toBe('ctl\n')
  await expect(extract(archive, 'etcd')).rejects.toThrow('the archive has no file etcd')
})
