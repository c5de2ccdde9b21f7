import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lackingForNode } from './lacking.ts'

const folderWith = (...names: string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-lacking-'))
  for (const name of names) writeFileSync(join(folder, name), '')
  return folder
}
const COMMANDS = ['containerd', 'ctr', 'runc', 'iptables', 'conntrack', 'ip', 'nsenter', 'unshare', 'setpriv', 'mount']
const able = () => ({
  platform: 'linux' as const,
  isRoot: true,
  path: `/nowhere:${folderWith(...COMMANDS)}`,
  pluginFolders: ['/nowhere', folderWith('bridge', 'host-local', 'loopback', 'portmap')],
  filesystems: () => 'nodev\tproc\nnodev\toverlay\n\text4\n',
  tryNamespaces: async () => undefined,
})

test('a machine that has all lacks nothing', async () => {
  expect(await lackingForNode(able())).toBeUndefined()
})

test.each([
  { name: 'another system', change: { platform: 'darwin' as const }, says: 'a node runs on Linux only, not on darwin' },
  { name: 'no root', change: { isRoot: false }, says: 'a node needs root: run it with sudo' },
  { name: 'no plugins', change: { pluginFolders: ['/nowhere'] }, says: 'a node needs the CNI plugins: apt-get install' },
  { name: 'some plugins', change: { pluginFolders: [folderWith('bridge')] }, says: 'a node needs the CNI plugins: apt-get install' },
  { name: 'no overlayfs', change: { filesystems: () => 'nodev\tproc\nnodev\toverlayish\n' }, says: 'a node needs overlayfs: modprobe' },
  {
    name: 'no namespaces',
    change: { tryNamespaces: () => Promise.reject(new Error('Command failed\nunshare: Operation not permitted\n')) },
    says: 'which this machine does not allow (unshare: Operation not permitted)',
  },
])('it is said in one line what is missing: $name', async ({ change, says }) => {
  const line = await lackingForNode({ ...able(), ...change })
  expect(line).toContain(says)
  expect(line).not.toContain('\n')
})

test('commands that are missing are named, with the packages that have them', async () => {
  const machine = able()
  for (const name of ['runc', 'conntrack']) rmSync(join(machine.path.split(':')[1]!, name))
  expect(await lackingForNode(machine)).toMatch(/^a node needs runc, conntrack: apt-get install --no-install-recommends containerd runc /)
})

test('README and CI name the packages that are asked for', async () => {
  const asked = /--no-install-recommends (.*) \(or/.exec((await lackingForNode({ ...able(), path: '/nowhere' })) ?? '')?.[1]?.split(' ')
  // Every Debian has util-linux.
  const packages = asked?.filter((name) => name !== 'util-linux').join(' ')
  const root = join(import.meta.dirname, '../../../..')
  expect(packages).toContain('containerd')
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`apt-get install --no-install-recommends ${packages}\n`)
  expect(readFileSync(join(root, '.ci/run'), 'utf8')).toContain(`packages=(${packages})`)
})
