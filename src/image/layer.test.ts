import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { type Entry, withParents, writeLayer } from './layer.ts'
import { membersOf, temporaryFolder } from './testing.ts'

const LONG = `/${'folder/'.repeat(30)}file-${'x'.repeat(120)}`

it('a layer holds files, links and folders with their modes; root has them, and nothing has a time', async () => {
  const file = join(temporaryFolder(), 'layer')
  await writeLayer(
    [
      { path: '/tmp', mode: 0o1777, folder: true },
      { path: '/home/nonroot', mode: 0o700, folder: true, owner: 65_532 },
      { path: '/usr/bin/node', mode: 0o755, content: 'binary' },
      { path: '/empty', mode: 0o644, content: new Uint8Array() },
      { path: '/lib', symlink: 'usr/lib' },
      { path: LONG, mode: 0o644, content: 'far down' },
    ],
    file,
  )
  const members = await membersOf(gunzipSync(readFileSync(file)))
  const seen = (name: string) => {
    const { type, mode, uid, gid, linkname, content, mtime, uname } = members.get(name) ?? {}
    expect([mtime?.getTime(), uname]).toEqual([0, ''])
    return [type, mode?.toString(8), uid, gid, linkname ?? content?.toString()]
  }
  expect(seen('tmp/')).toEqual(['directory', '1777', 0, 0, ''])
  expect(seen('home/')).toEqual(['directory', '755', 0, 0, ''])
  expect(seen('home/nonroot/')).toEqual(['directory', '700', 65_532, 65_532, ''])
  expect(seen('usr/bin/node')).toEqual(['file', '755', 0, 0, 'binary'])
  expect(seen('empty')).toEqual(['file', '644', 0, 0, ''])
  expect(seen('lib')).toEqual(['symlink', '777', 0, 0, 'usr/lib'])
  expect(seen(LONG.slice(1))).toEqual(['file', '644', 0, 0, 'far down'])
})

it('folders come before what lies in them, each once', () => {
  const paths = withParents([
    { path: '/b/c/d', mode: 0o644, content: '' },
    { path: '/a', symlink: 'b' },
    { path: '/b', mode: 0o700, folder: true },
  ]).map((entry) => ['folder' in entry ? entry.mode.toString(8) : '', entry.path])
  expect(paths).toEqual([
    ['', '/a'],
    ['700', '/b'],
    ['755', '/b/c'],
    ['', '/b/c/d'],
  ])
})

it.each<[string, Entry[]]>([
  ['app/x is not an absolute path', [{ path: 'app/x', mode: 0o644, content: '' }]],
  ['/app/../etc is not an absolute path', [{ path: '/app/../etc', mode: 0o644, content: '' }]],
  ['/app/ is not an absolute path', [{ path: '/app/', mode: 0o755, folder: true }]],
  ['/ is not an absolute path', [{ path: '/', mode: 0o755, folder: true }]],
  [
    '/lib/x lies in /lib, which is no folder',
    [
      { path: '/lib/x', mode: 0o644, content: '' },
      { path: '/lib', symlink: 'usr/lib' },
    ],
  ],
])('%s: refused', (message, entries) => {
  expect(() => withParents(entries)).toThrow(message)
})
