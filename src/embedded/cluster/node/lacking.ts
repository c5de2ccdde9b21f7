import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { asError } from '../../../errors.ts'

/** Folders of system programs that a user's PATH often leaves out. */
export const PATH = [...new Set([...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'])].join(delimiter)

const COMMANDS = ['containerd', 'ctr', 'runc', 'iptables', 'conntrack', 'ip', 'nsenter', 'unshare', 'setpriv', 'mount']
const PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap']
const PACKAGES = 'containerd runc containernetworking-plugins iptables conntrack iproute2 util-linux'

/** Where CNI plugins may be: Debian's folder, and that of their own releases. */
const PLUGIN_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin']

/** Folder that has the CNI plugins. */
export function pluginFolder(folders: readonly string[] = PLUGIN_FOLDERS): string | undefined {
  return folders.find((folder) => PLUGINS.every((name) => existsSync(join(folder, name))))
}

interface Machine {
  readonly platform: NodeJS.Platform
  readonly isRoot: boolean
  /** Where commands are looked for, as in `PATH`. */
  readonly path: string
  readonly pluginFolders: readonly string[]
  /** Text of `/proc/filesystems`; asked for on Linux only. */
  filesystems(): string
  /** Throws where namespaces are not allowed. */
  tryNamespaces(): Promise<unknown>
}

const THIS_MACHINE: Machine = {
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  path: PATH,
  pluginFolders: PLUGIN_FOLDERS,
  filesystems: () => readFileSync('/proc/filesystems', 'utf8'),
  tryNamespaces: () => promisify(execFile)('unshare', ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'true'], { env: { PATH } }),
}

/** What keeps a node from running on this machine, and how to get it, in one line; undefined when nothing does. */
export async function lackingForNode(machine: Machine = THIS_MACHINE): Promise<string | undefined> {
  if (machine.platform !== 'linux') return `a node runs on Linux only, not on ${machine.platform}`
  if (!machine.isRoot) return 'a node needs root: run it with sudo, or in a container with all capabilities'
  const missing = COMMANDS.filter((name) => !machine.path.split(delimiter).some((folder) => existsSync(join(folder, name))))
  if (pluginFolder(machine.pluginFolders) === undefined) missing.push('the CNI plugins')
  if (missing.length > 0)
    return `a node needs ${missing.join(', ')}: apt-get install --no-install-recommends ${PACKAGES} (or the same of another system)`
  if (!/\boverlay$/m.test(machine.filesystems())) return 'a node needs overlayfs: modprobe overlay'
  try {
    await machine.tryNamespaces()
  } catch (error) {
    return `a node needs namespaces of its own, which this machine does not allow (${asError(error).message.trim().split('\n').at(-1)})`
  }
  return undefined
}
